//! The body of a trigger into its statements and expressions.
//!
//! Invariant: each statement and each expression of the body is among the pieces; a body with anything else in it has
//! none. Known are lists of plain statements and, of MySQL's blocks, variables, handlers, SET, IF, CASE, loops and SIGNAL.

use std::borrow::Cow;

use plexidb_core::Dialect;

use crate::scan::{Token, TokenKind, scan};

mod words;

/// Deepest nesting of blocks; nobody writes such.
const DEPTH_MAX: usize = 32;

/// A part of a body that can read or write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'b> {
    /// A statement, without the variables into which it selects.
    Statement(Cow<'b, str>),
    /// An expression, or a list of them.
    Expression(&'b str),
}

/// The pieces of a body; `None` where it is not understood.
pub(super) fn pieces(body: &str, dialect: Dialect) -> Option<Vec<Piece<'_>>> {
    let mut tokens: Vec<Token> = scan(body, dialect).collect();
    tokens.retain(Token::is_significant);
    let is_plain = |token: &Token| {
        token.is_complete && !matches!(token.kind, TokenKind::Unknown | TokenKind::ExecutableComment)
    };
    if !tokens.iter().all(is_plain) {
        return None;
    }
    let mut reader = Reader {
        body,
        dialect,
        tokens,
        at: 0,
        depth: 0,
        variables: Vec::new(),
        pieces: Vec::new(),
    };
    if dialect == Dialect::Sqlite && reader.is_word("BEGIN") {
        let end = reader.tokens.pop()?;
        if !end.text(body).eq_ignore_ascii_case("end") {
            return None;
        }
        reader.at = 1;
    }
    reader.statements(&[])?;
    Some(reader.pieces)
}

struct Reader<'b> {
    body: &'b str,
    dialect: Dialect,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// The names of the local variables that were declared.
    variables: Vec<&'b str>,
    pieces: Vec<Piece<'b>>,
}

impl<'b> Reader<'b> {
    /// Reads statements up to one of these words, or to the end where none is named.
    fn statements(&mut self, ends: &[&str]) -> Option<()> {
        loop {
            while self.is_kind(TokenKind::Semicolon) {
                self.at += 1;
            }
            if self.at >= self.tokens.len() {
                return ends.is_empty().then_some(());
            }
            if ends.iter().any(|end| self.is_word(end)) {
                return Some(());
            }
            self.statement()?;
            if self.at < self.tokens.len() && !self.is_kind(TokenKind::Semicolon) {
                return None;
            }
        }
    }

    fn statement(&mut self) -> Option<()> {
        if self.dialect != Dialect::MySql {
            return self.plain();
        }
        if self.is_kind(TokenKind::Word) && self.kind(self.at + 1) == Some(TokenKind::Colon) {
            self.at += 2;
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        match self.word(self.at).to_ascii_uppercase().as_str() {
            "BEGIN" => {
                self.at += 1;
                self.statements(&["END"])?;
                self.end(None)?;
            }
            "LOOP" => {
                self.at += 1;
                self.statements(&["END"])?;
                self.end(Some("LOOP"))?;
            }
            "WHILE" => {
                self.condition("DO")?;
                self.statements(&["END"])?;
                self.end(Some("WHILE"))?;
            }
            "REPEAT" => {
                self.at += 1;
                self.statements(&["UNTIL"])?;
                self.condition("END")?;
                self.at -= 1;
                self.end(Some("REPEAT"))?;
            }
            "IF" => self.branches("IF")?,
            "CASE" => self.cases()?,
            "DECLARE" => self.declaration()?,
            "SET" => self.assignments()?,
            "SIGNAL" | "RESIGNAL" | "LEAVE" | "ITERATE" => self.silent()?,
            _ => self.plain()?,
        }
        self.depth -= 1;
        Some(())
    }

    /// `IF a THEN … ELSEIF b THEN … ELSE … END IF`
    fn branches(&mut self, construct: &str) -> Option<()> {
        loop {
            self.condition("THEN")?;
            self.statements(&["ELSEIF", "ELSE", "WHEN", "END"])?;
            if self.is_word("ELSEIF") || (construct == "CASE" && self.is_word("WHEN")) {
                continue;
            }
            if self.is_word("ELSE") {
                self.at += 1;
                self.statements(&["END"])?;
            }
            return self.end(Some(construct));
        }
    }

    /// `CASE a WHEN b THEN … ELSE … END CASE`
    fn cases(&mut self) -> Option<()> {
        if self.word(self.at + 1).eq_ignore_ascii_case("WHEN") {
            self.at += 1;
        } else {
            self.condition("WHEN")?;
            self.at -= 1;
        }
        self.branches("CASE")
    }

    /// Reads the expression behind the present word, up to and with this one.
    fn condition(&mut self, end: &str) -> Option<()> {
        let from = self.at + 1;
        let to = self.outer(from, |reader, index| reader.word(index).eq_ignore_ascii_case(end))?;
        self.expression(from, to)?;
        self.at = to + 1;
        Some(())
    }

    /// Reads END and what it ends, perhaps with a label.
    fn end(&mut self, construct: Option<&str>) -> Option<()> {
        if !self.is_word("END") {
            return None;
        }
        self.at += 1;
        if let Some(construct) = construct {
            if !self.is_word(construct) {
                return None;
            }
            self.at += 1;
        }
        if self.is_kind(TokenKind::Word) {
            self.at += 1;
        }
        Some(())
    }

    /// `DECLARE a, b INT DEFAULT 1`, `DECLARE CONTINUE HANDLER FOR NOT FOUND statement`
    fn declaration(&mut self) -> Option<()> {
        self.at += 1;
        if self.word(self.at + 1).eq_ignore_ascii_case("HANDLER") {
            return self.handler();
        }
        loop {
            let name = Some(self.word(self.at)).filter(|name| !name.is_empty())?;
            self.variables.push(name);
            self.at += 1;
            if !self.is_kind(TokenKind::Comma) {
                break;
            }
            self.at += 1;
        }
        if self.is_word("CURSOR") {
            return None;
        }
        let end = self.semicolon();
        let default = self.outer(self.at, |reader, index| {
            reader.word(index).eq_ignore_ascii_case("DEFAULT")
        });
        if let Some(default) = default {
            self.expression(default + 1, end)?;
        }
        self.at = end;
        Some(())
    }

    fn handler(&mut self) -> Option<()> {
        self.at += 2;
        if !self.is_word("FOR") {
            return None;
        }
        loop {
            self.at += 1;
            if self.is_word("SQLSTATE") || self.is_word("NOT") {
                self.at += 1;
                if self.is_word("VALUE") {
                    self.at += 1;
                }
            }
            self.at += 1;
            if !self.is_kind(TokenKind::Comma) {
                return self.statement();
            }
        }
    }

    /// `SET NEW.a = x, b = y, @c = z`; a setting of the session is not understood.
    fn assignments(&mut self) -> Option<()> {
        let end = self.semicolon();
        self.at += 1;
        loop {
            let name = self.word(self.at);
            let is_row = name.eq_ignore_ascii_case("NEW") && self.kind(self.at + 1) == Some(TokenKind::Dot);
            let is_variable = self
                .variables
                .iter()
                .any(|variable| variable.eq_ignore_ascii_case(name));
            let is_user_variable = self.is_kind(TokenKind::Variable) && !self.text(self.at).starts_with("@@");
            self.at += match (is_row, is_variable || is_user_variable) {
                (true, _) => 3,
                (false, true) => 1,
                (false, false) => return None,
            };
            if !matches!(self.text(self.at), "=" | ":=") {
                return None;
            }
            let from = self.at + 1;
            let comma = self.outer(from, |reader, index| reader.kind(index) == Some(TokenKind::Comma));
            let to = comma.unwrap_or(end);
            self.expression(from, to)?;
            self.at = to;
            if comma.is_none() {
                return Some(());
            }
            self.at += 1;
        }
    }

    /// A statement that reads no row and calls nothing.
    fn silent(&mut self) -> Option<()> {
        let end = self.semicolon();
        let tokens = self.tokens.get(self.at..end)?;
        let has_call = tokens.iter().any(|token| token.kind == TokenKind::Open);
        self.at = end;
        (!has_call).then_some(())
    }

    /// A statement of SQL.
    fn plain(&mut self) -> Option<()> {
        const VERBS: &[&str] = &[
            "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES",
        ];
        if !VERBS.iter().any(|verb| self.is_word(verb)) {
            return None;
        }
        let (from, end) = (self.at, self.semicolon());
        let is_query = self.is_word("SELECT") || self.is_word("WITH");
        let into = self
            .outer(from, |reader, index| {
                reader.word(index).eq_ignore_ascii_case("INTO")
            })
            .filter(|_| is_query && self.dialect == Dialect::MySql);
        let statement = match into {
            None => Cow::Borrowed(self.slice(from, end)?),
            Some(into) => {
                let behind = self.behind_variables(into + 1)?;
                let rest = if behind < end {
                    self.slice(behind, end)?
                } else {
                    ""
                };
                Cow::Owned(format!("{} {rest}", self.slice(from, into)?))
            }
        };
        self.pieces.push(Piece::Statement(statement));
        self.at = end;
        Some(())
    }

    /// The index behind a list of variables.
    fn behind_variables(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let is_variable = self.kind(at) == Some(TokenKind::Variable)
                || self
                    .variables
                    .iter()
                    .any(|variable| variable.eq_ignore_ascii_case(self.word(at)));
            if !is_variable {
                return None;
            }
            at += 1;
            if self.kind(at) != Some(TokenKind::Comma) {
                return Some(at);
            }
            at += 1;
        }
    }

    fn expression(&mut self, from: usize, to: usize) -> Option<()> {
        let slice = self.slice(from, to)?;
        self.pieces.push(Piece::Expression(slice));
        Some(())
    }
}
