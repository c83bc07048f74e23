//! Syntax that the parser does not know, put into a form with the same names that it does know.
//!
//! Invariant: every rule keeps all relations and functions; at most an index hint, a modifier or an operator is lost.

use plexidb_core::Dialect;
use sqlparser::tokenizer::Token as ParserToken;

use super::{Builder, Parenthesis};
use crate::scan::TokenKind;

const SELECT_MODIFIERS: &[&str] = &[
    "HIGH_PRIORITY",
    "STRAIGHT_JOIN",
    "SQL_SMALL_RESULT",
    "SQL_BIG_RESULT",
    "SQL_BUFFER_RESULT",
    "SQL_NO_CACHE",
    "SQL_CACHE",
    "SQL_CALC_FOUND_ROWS",
];
const WRITE_MODIFIERS: &[&str] = &["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "QUICK", "IGNORE"];

impl Builder<'_, '_> {
    /// Rewrites what begins here, if a rule fits; the position has moved on then.
    pub(super) fn rewrite(&mut self) -> bool {
        let is_join = self.parentheses.last() == Some(&Parenthesis::Join)
            || (self.parentheses.is_empty() && self.is_update_list);
        if self.text.is_kind(self.at, TokenKind::Comma) && is_join {
            return self.replace(1, &["CROSS", "JOIN"]);
        }
        if self.text.is_kind(self.at, TokenKind::Open) {
            return self.unwrap_relation();
        }
        if self.text.is_kind(self.at, TokenKind::Operator) {
            return self.text.dialect() == Dialect::MySql && self.rewrite_mysql_operator();
        }
        if !self.text.is_kind(self.at, TokenKind::Word) {
            return false;
        }
        self.rewrite_shared()
            || match self.text.dialect() {
                Dialect::Sqlite => self.rewrite_sqlite(),
                Dialect::Postgres => self.rewrite_postgres(),
                Dialect::MySql => self.rewrite_mysql(),
            }
    }

    /// Parentheses around nothing but a relation's name: `FROM ((users))`, `ONLY (users)`.
    fn unwrap_relation(&mut self) -> bool {
        let (text, at) = (self.text, self.at);
        if at == 0 || !text.is_any(at - 1, &["FROM", "JOIN", "ONLY"]) {
            return false;
        }
        let name = (at..)
            .find(|index| !text.is_kind(*index, TokenKind::Open))
            .unwrap_or(at);
        let mut end = name + 1;
        while text.is_kind(end, TokenKind::Dot) && text.is_name(end + 1) {
            end += 2;
        }
        let is_wrapped =
            text.is_name(name) && (0..name - at).all(|level| text.is_kind(end + level, TokenKind::Close));
        if is_wrapped {
            for index in name..end {
                match self.token(index) {
                    Ok(token) => self.push(token, index),
                    Err(_) => return false,
                }
            }
            self.at = end + (name - at);
        }
        is_wrapped
    }

    /// Leaves out this many tokens and puts keywords in their place.
    fn replace(&mut self, count: usize, keywords: &[&str]) -> bool {
        for keyword in keywords {
            self.push_keyword(keyword, self.at);
        }
        self.at += count;
        true
    }

    fn rewrite_shared(&mut self) -> bool {
        let (text, at) = (self.text, self.at);
        let before = at.wrapping_sub(1);
        if text.is_kind(before, TokenKind::Dot) {
            return false;
        }
        let is_query_start = at == 0
            || matches!(text.kind(before), Some(TokenKind::Open | TokenKind::Close))
            || text.is_any(before, &["UNION", "ALL", "EXCEPT", "INTERSECT", "DISTINCT"]);
        if text.is_word(at, "TABLE") && is_query_start && text.is_name(at + 1) {
            self.push_keyword("SELECT", at);
            self.push(ParserToken::Mul, at);
            self.push_keyword("FROM", at);
            self.bridge.selects_added += 1;
            self.at += 1;
            return true;
        }
        if text.is_word(at, "EXCLUDE") && text.is_any(at + 1, &["NO", "CURRENT", "GROUP", "TIES"]) {
            let count = if text.is_any(at + 1, &["NO", "CURRENT"]) {
                3
            } else {
                2
            };
            return self.replace(count, &[]);
        }
        if text.dialect() == Dialect::MySql
            || !text.ends_value(before)
            || text.is_kind(at + 1, TokenKind::Open)
        {
            return false;
        }
        if text.is_word(at, "ISNULL") {
            return self.replace(1, &["IS", "NULL"]);
        }
        text.is_word(at, "NOTNULL") && self.replace(1, &["IS", "NOT", "NULL"])
    }

    fn rewrite_sqlite(&mut self) -> bool {
        let (text, at) = (self.text, self.at);
        const TRUTHS: &[&str] = &["NULL", "TRUE", "FALSE", "DISTINCT"];
        if text.is_phrase(at, &["INDEXED", "BY"]) && text.is_name(at + 2) {
            return self.replace(3, &[]);
        }
        if text.is_phrase(at, &["NOT", "INDEXED"]) {
            return self.replace(2, &[]);
        }
        if text.is_word(at, "AS") && text.is_word(at + 1, "MATERIALIZED") {
            return self.replace(2, &["AS"]);
        }
        if text.is_word(at, "NOT") && text.is_any(at + 1, &["GLOB", "MATCH", "REGEXP"]) {
            return self.replace(2, &["NOT", "LIKE"]);
        }
        if text.is_phrase(at, &["AS", "NOT", "MATERIALIZED"]) {
            return self.replace(3, &["AS"]);
        }
        if text.is_phrase(at, &["NOT", "NULL"])
            && at > 0
            && text.ends_value(at - 1)
            && !text.is_word(at - 1, "IS")
        {
            return self.replace(2, &["IS", "NOT", "NULL"]);
        }
        if text.is_phrase(at, &["IS", "NOT"]) && !text.is_any(at + 2, TRUTHS) {
            self.push(ParserToken::Neq, at);
            self.at += 2;
            return true;
        }
        if text.is_word(at, "IS") && !text.is_any(at + 1, TRUTHS) && !text.is_word(at + 1, "NOT") {
            // Not `=`: it is true of two NULLs.
            self.push(ParserToken::Spaceship, at);
            self.at += 1;
            return true;
        }
        false
    }

    fn rewrite_postgres(&mut self) -> bool {
        let (text, at) = (self.text, self.at);
        let before = at.wrapping_sub(1);
        if text.is_phrase(at, &["FOR", "NO", "KEY", "UPDATE"]) {
            return self.replace(4, &["FOR", "UPDATE"]);
        }
        if text.is_phrase(at, &["FOR", "KEY", "SHARE"]) {
            return self.replace(3, &["FOR", "SHARE"]);
        }
        let may_be_table = text.is_any(before, &["FROM", "JOIN", "UPDATE", "INTO", "USING"])
            || text.is_kind(before, TokenKind::Comma);
        if text.is_word(at, "ONLY")
            && may_be_table
            && (text.is_name(at + 1) || text.is_kind(at + 1, TokenKind::Open))
        {
            return self.replace(1, &[]);
        }
        if text.is_word(at, "OVERRIDING")
            && text.is_any(at + 1, &["SYSTEM", "USER"])
            && text.is_word(at + 2, "VALUE")
        {
            return self.replace(3, &[]);
        }
        if text.is_any(at, &["SYMMETRIC", "ASYMMETRIC"]) && text.is_word(before, "BETWEEN") {
            return self.replace(1, &[]);
        }
        let is_argument = matches!(text.kind(before), Some(TokenKind::Open | TokenKind::Comma));
        text.is_word(at, "VARIADIC") && is_argument && self.replace(1, &[])
    }

    fn rewrite_mysql(&mut self) -> bool {
        let (text, at) = (self.text, self.at);
        let before = at.wrapping_sub(1);
        self.is_update_list &= !(text.is_word(at, "SET") && self.parentheses.is_empty());
        if text.is_any(at, SELECT_MODIFIERS)
            && text.is_any(before, &["SELECT", "ALL", "DISTINCT", "DISTINCTROW"])
            || text.is_any(at, SELECT_MODIFIERS) && text.is_any(before, SELECT_MODIFIERS)
        {
            return self.replace(1, &[]);
        }
        let starts_write = text.is_any(before, &["INSERT", "REPLACE", "UPDATE", "DELETE"]);
        if text.is_any(at, WRITE_MODIFIERS) && (starts_write || text.is_any(before, WRITE_MODIFIERS)) {
            return self.replace(1, &[]);
        }
        if text.is_word(at, "STRAIGHT_JOIN") {
            return self.replace(1, &["JOIN"]);
        }
        if text.is_phrase(at, &["LOCK", "IN", "SHARE", "MODE"]) {
            return self.replace(4, &[]);
        }
        if text.is_phrase(at, &["SOUNDS", "LIKE"]) {
            return self.replace(2, &["LIKE"]);
        }
        if text.is_word(at, "MOD") && text.ends_value(before) {
            self.push(ParserToken::Mod, at);
            self.at += 1;
            return true;
        }
        if text.is_phrase(at, &["CHARACTER", "SET"])
            && text.is_name(at + 2)
            && text.is_kind(at + 3, TokenKind::Close)
        {
            return self.replace(3, &[]);
        }
        let is_literal = text.is_kind(at + 1, TokenKind::String);
        if text.is_word(at, "BINARY") && (is_literal || text.is_name(at + 1)) && !text.is_word(before, "AS") {
            return self.replace(1, &[]);
        }
        // A character set before a literal: `_utf8mb4'…'`.
        if text.word(at).starts_with('_') && is_literal && !text.is_word(before, "AS") {
            return self.replace(1, &[]);
        }
        self.skip_into_variables()
    }

    fn rewrite_mysql_operator(&mut self) -> bool {
        match self.text.text(self.at) {
            "&&" => self.replace(1, &["AND"]),
            "!" => {
                self.push(ParserToken::Minus, self.at);
                self.at += 1;
                true
            }
            _ => false,
        }
    }

    /// `INTO @a, @b` stores the row in the session; that was noted from the text.
    fn skip_into_variables(&mut self) -> bool {
        if !self.text.is_word(self.at, "INTO") || !self.text.is_kind(self.at + 1, TokenKind::Variable) {
            return false;
        }
        let mut end = self.at + 2;
        while self.text.is_kind(end, TokenKind::Comma) && self.text.is_kind(end + 1, TokenKind::Variable) {
            end += 2;
        }
        self.replace(end - self.at, &[])
    }
}
