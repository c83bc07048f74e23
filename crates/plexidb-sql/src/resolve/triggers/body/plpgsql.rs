//! PL/pgSQL: blocks, declarations, assignments, conditions, loops, RAISE, RETURN and plain statements.
//!
//! Invariant: what is not listed here (EXECUTE, CALL, cursors, settings) is not understood. What a handler of exceptions does is
//! done, and so is what it undoes.

use std::borrow::Cow;

use super::assignment::is_row;
use super::{DEPTH_MAX, Piece, Reader, RowChange};
use crate::scan::TokenKind;

/// Statements that are SQL.
const VERBS: &[&str] = &[
    "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TRUNCATE", "REFRESH",
];

impl Reader<'_> {
    /// The body of a function: options of its compilation and a block.
    pub(super) fn function(&mut self) -> Option<()> {
        while self.text(self.at) == "#" && self.word(self.at + 1).eq_ignore_ascii_case("variable_conflict") {
            self.at += 3;
        }
        self.label();
        if !self.is_word("DECLARE") && !self.is_word("BEGIN") {
            return None;
        }
        self.block()?;
        while self.is_kind(TokenKind::Semicolon) {
            self.at += 1;
        }
        (self.at >= self.tokens.len()).then_some(())
    }

    pub(super) fn plpgsql(&mut self) -> Option<()> {
        self.label();
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        if self.is_assignment() {
            self.assignment()?;
        } else {
            self.keyword()?;
        }
        self.depth -= 1;
        Some(())
    }

    fn keyword(&mut self) -> Option<()> {
        match self.word(self.at).to_ascii_uppercase().as_str() {
            "DECLARE" | "BEGIN" => self.block(),
            "IF" => self.branches("IF"),
            "CASE" => self.cases(),
            "LOOP" => self.loop_from(self.at),
            "WHILE" => {
                self.condition("LOOP")?;
                self.loop_from(self.at - 1)
            }
            "FOR" => self.for_loop(),
            "FOREACH" => self.foreach_loop(),
            "EXIT" | "CONTINUE" => self.exit(),
            "RAISE" => self.raise(),
            "RETURN" => self.give_back(),
            "ASSERT" => {
                let end = self.semicolon();
                self.expression(self.at + 1, end)?;
                self.at = end;
                Some(())
            }
            "PERFORM" => {
                let end = self.semicolon();
                let rest = self.sql(self.at + 1, end)?;
                self.pieces
                    .push(Piece::Statement(Cow::Owned(format!("SELECT {rest}"))));
                self.at = end;
                Some(())
            }
            "GET" => self.diagnostics(),
            "NULL" => {
                self.at += 1;
                Some(())
            }
            word if VERBS.contains(&word) => self.query(),
            _ => None,
        }
    }

    /// `<<name>>`
    fn label(&mut self) {
        if self.text(self.at) == "<<" && self.text(self.at + 2) == ">>" {
            self.at += 3;
        }
    }

    /// `DECLARE … BEGIN … EXCEPTION WHEN a OR b THEN … END`
    fn block(&mut self) -> Option<()> {
        if self.is_word("DECLARE") {
            self.at += 1;
            while !self.is_word("BEGIN") {
                self.variable()?;
                if !self.is_kind(TokenKind::Semicolon) {
                    return None;
                }
                self.at += 1;
            }
        }
        if !self.is_word("BEGIN") {
            return None;
        }
        self.at += 1;
        self.statements(&["EXCEPTION", "END"])?;
        if self.is_word("EXCEPTION") {
            self.at += 1;
            while self.is_word("WHEN") {
                while !self.is_word("THEN") {
                    if !self.is_kind(TokenKind::Word) && !self.is_kind(TokenKind::String) {
                        return None;
                    }
                    self.at += 1;
                }
                self.at += 1;
                self.statements(&["WHEN", "END"])?;
            }
        }
        self.end(None)
    }

    /// `a CONSTANT int NOT NULL := 1`
    fn variable(&mut self) -> Option<()> {
        let name = self.folded(self.at).filter(|name| !is_row(name))?;
        let (from, end) = (self.at + 1, self.semicolon());
        let is_other = |index| {
            let word = self.word(index);
            word.eq_ignore_ascii_case("ALIAS") || word.eq_ignore_ascii_case("CURSOR")
        };
        if (from..end).any(is_other) {
            return None;
        }
        self.variables.push(name);
        let default = self.outer(from, |reader, index| {
            matches!(reader.text(index), "=" | ":=") || reader.word(index).eq_ignore_ascii_case("DEFAULT")
        });
        if let Some(default) = default {
            self.expression(default + 1, end)?;
        }
        self.at = end;
        Some(())
    }

    fn is_assignment(&self) -> bool {
        let is_target = self
            .folded(self.at)
            .is_some_and(|name| is_row(&name) || self.variables.contains(&name));
        let next = self.text(self.at + 1);
        is_target && matches!(next, "." | "[" | "=" | ":=")
    }

    /// `x := e`, which may go on like a SELECT: `x := count(*) FROM t`.
    fn assignment(&mut self) -> Option<()> {
        let operator = self.behind_target(self.at)?;
        if !matches!(self.text(operator), "=" | ":=") {
            return None;
        }
        let end = self.semicolon();
        self.expression(operator + 1, end)?;
        self.at = end;
        Some(())
    }

    /// A statement of SQL, without the targets of its INTO.
    fn query(&mut self) -> Option<()> {
        let (from, end) = (self.at, self.semicolon());
        let is_into = |index: &usize| {
            let before = self.word(index.saturating_sub(1));
            self.word(*index).eq_ignore_ascii_case("INTO")
                && !before.eq_ignore_ascii_case("INSERT")
                && !before.eq_ignore_ascii_case("MERGE")
        };
        let mut intos = (from..end).filter(is_into);
        let (into, second) = (intos.next(), intos.next());
        let statement = match (into, second) {
            (None, _) => self.sql(from, end)?,
            (Some(into), None) => {
                let is_strict = self.word(into + 1).eq_ignore_ascii_case("STRICT");
                let behind = self.behind_targets(into + 1 + usize::from(is_strict))?;
                let mut statement = self.sql(from, into)?.into_owned();
                if behind < end {
                    statement.push(' ');
                    statement.push_str(&self.sql(behind, end)?);
                }
                Cow::Owned(statement)
            }
            (Some(_), Some(_)) => return None,
        };
        self.pieces.push(Piece::Statement(statement));
        self.at = end;
        Some(())
    }

    /// `LOOP … END LOOP`, of which the first word stands here.
    fn loop_from(&mut self, at: usize) -> Option<()> {
        self.at = at;
        if !self.is_word("LOOP") {
            return None;
        }
        self.at += 1;
        self.statements(&["END"])?;
        self.end(Some("LOOP"))
    }

    /// `FOR i IN REVERSE 1..9 BY 2 LOOP`, `FOR a, b IN SELECT … LOOP`
    fn for_loop(&mut self) -> Option<()> {
        self.at += 1;
        while !self.is_word("IN") {
            let name = self.folded(self.at).filter(|name| !is_row(name))?;
            self.variables.push(name);
            self.at += 1;
            if self.is_kind(TokenKind::Comma) {
                self.at += 1;
            }
        }
        self.at += 1;
        let from = self.at + usize::from(self.is_word("REVERSE"));
        let to = self.outer(from, |reader, index| {
            reader.word(index).eq_ignore_ascii_case("LOOP")
        })?;
        if VERBS.iter().any(|verb| self.is_word(verb)) {
            self.pieces.push(Piece::Statement(self.sql(from, to)?));
            return self.loop_from(to);
        }
        let is_range = |reader: &Self, index: usize| {
            reader.kind(index) == Some(TokenKind::Dot) && reader.kind(index + 1) == Some(TokenKind::Dot)
        };
        let range = self.outer(from, is_range).filter(|range| *range < to)?;
        self.expression(from, range)?;
        let by = self.outer(range, |reader, index| {
            reader.word(index).eq_ignore_ascii_case("BY")
        });
        let by = by.filter(|by| *by < to);
        self.expression(range + 2, by.unwrap_or(to))?;
        if let Some(by) = by {
            self.expression(by + 1, to)?;
        }
        self.loop_from(to)
    }

    /// `FOREACH x SLICE 1 IN ARRAY e LOOP`
    fn foreach_loop(&mut self) -> Option<()> {
        self.at = self.behind_targets(self.at + 1)?;
        if self.is_word("SLICE") {
            self.at += 2;
        }
        if !self.is_word("IN") || !self.word(self.at + 1).eq_ignore_ascii_case("ARRAY") {
            return None;
        }
        self.at += 1;
        self.condition("LOOP")?;
        self.loop_from(self.at - 1)
    }

    /// `EXIT name WHEN e`
    fn exit(&mut self) -> Option<()> {
        let end = self.semicolon();
        self.at += 1;
        if self.at < end && !self.is_word("WHEN") {
            self.at += 1;
        }
        if self.is_word("WHEN") {
            self.expression(self.at + 1, end)?;
            self.at = end;
        }
        Some(())
    }

    /// `RAISE NOTICE 'format', e USING hint = e`, `RAISE name`, `RAISE SQLSTATE '22012'`
    fn raise(&mut self) -> Option<()> {
        const LEVELS: &[&str] = &[
            "DEBUG",
            "LOG",
            "INFO",
            "NOTICE",
            "WARNING",
            "EXCEPTION",
            "SQLSTATE",
        ];
        let end = self.semicolon();
        self.at += 1;
        while LEVELS.iter().any(|level| self.is_word(level)) {
            self.at += 1;
        }
        let using = self.outer(self.at, |reader, index| {
            reader.word(index).eq_ignore_ascii_case("USING")
        });
        let to = using.unwrap_or(end);
        if self.at < to {
            self.expression(self.at, to)?;
        }
        if let Some(using) = using {
            self.expression(using + 1, end)?;
        }
        self.at = end;
        Some(())
    }

    /// RETURN of the row as it is, of none, or of another one.
    fn give_back(&mut self) -> Option<()> {
        const ROWS: &[&str] = &["NEW", "OLD", "NULL", "COALESCE"];
        let (from, end) = (self.at + 1, self.semicolon());
        let is_row_itself = |index: usize| match self.kind(index) {
            Some(TokenKind::Word) => ROWS
                .iter()
                .any(|word| self.word(index).eq_ignore_ascii_case(word)),
            kind => matches!(kind, Some(TokenKind::Open | TokenKind::Close | TokenKind::Comma)),
        };
        if !(from..end).all(is_row_itself) {
            self.change = RowChange::Any;
            self.expression(from, end)?;
        }
        self.at = end;
        Some(())
    }

    /// `GET STACKED DIAGNOSTICS x = ROW_COUNT, y = MESSAGE_TEXT`
    fn diagnostics(&mut self) -> Option<()> {
        let end = self.semicolon();
        while !self.is_word("DIAGNOSTICS") {
            if self.at >= end {
                return None;
            }
            self.at += 1;
        }
        loop {
            self.at = self.behind_target(self.at + 1)?;
            if !matches!(self.text(self.at), "=" | ":=") || self.word(self.at + 1).is_empty() {
                return None;
            }
            self.at += 2;
            if !self.is_kind(TokenKind::Comma) {
                return Some(());
            }
        }
    }
}
