//! The body of a trigger into its statements and expressions, and the columns of the row that it sets.
//!
//! Invariant: each statement and each expression of the body is among the pieces; a body with anything else in it has
//! none. Known are lists of plain statements, the language of PostgreSQL's blocks (see `plpgsql`) and, of MySQL's, variables,
//! handlers, SET, IF, CASE, loops and SIGNAL.

use std::borrow::Cow;

use plexidb_core::Dialect;

use super::RowChange;
use crate::scan::{Token, TokenKind, scan};

mod assignment;
mod plpgsql;
mod words;

/// Deepest nesting of blocks; nobody writes such.
const DEPTH_MAX: usize = 32;

/// A part of a body that can read or write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'b> {
    /// A statement, without the variables into which it selects.
    Statement(Cow<'b, str>),
    /// An expression, or a list of them.
    Expression(Cow<'b, str>),
}

/// What a body does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body<'b> {
    pub(super) pieces: Vec<Piece<'b>>,
    /// What it does to the row that fires it, as far as it acts before that is written.
    pub(super) change: RowChange,
}

/// What a body does; `None` where it is not understood.
pub(super) fn read(body: &str, dialect: Dialect) -> Option<Body<'_>> {
    let mut reader = Reader::new(body, dialect)?;
    if dialect == Dialect::Sqlite && reader.is_word("BEGIN") {
        let end = reader.tokens.pop()?;
        if !end.text(body).eq_ignore_ascii_case("end") {
            return None;
        }
        reader.at = 1;
    }
    match dialect {
        // A block of PL/pgSQL is never empty: what another language does to the row is not told.
        Dialect::Postgres if reader.tokens.is_empty() => reader.change = RowChange::Any,
        Dialect::Postgres => reader.function()?,
        Dialect::Sqlite | Dialect::MySql => reader.statements(&[])?,
    }
    Some(Body {
        pieces: reader.pieces,
        change: reader.change,
    })
}

/// The expression by itself, as a piece; `None` where it is not understood.
pub(super) fn expression(text: &str, dialect: Dialect) -> Option<Piece<'_>> {
    let mut reader = Reader::new(text, dialect)?;
    reader.expression(0, reader.tokens.len())?;
    reader.pieces.pop()
}

struct Reader<'b> {
    body: &'b str,
    dialect: Dialect,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// The names of the local variables that were declared, in PostgreSQL folded by its rule.
    variables: Vec<Cow<'b, str>>,
    pieces: Vec<Piece<'b>>,
    change: RowChange,
}

impl<'b> Reader<'b> {
    fn new(body: &'b str, dialect: Dialect) -> Option<Self> {
        let mut tokens: Vec<Token> = scan(body, dialect).collect();
        tokens.retain(Token::is_significant);
        let is_plain = |token: &Token| {
            token.is_complete && !matches!(token.kind, TokenKind::Unknown | TokenKind::ExecutableComment)
        };
        tokens.iter().all(is_plain).then_some(Self {
            body,
            dialect,
            tokens,
            at: 0,
            depth: 0,
            variables: Vec::new(),
            pieces: Vec::new(),
            change: RowChange::none(),
        })
    }

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
        match self.dialect {
            Dialect::Sqlite => return self.plain(),
            Dialect::Postgres => return self.plpgsql(),
            Dialect::MySql => {}
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

    /// `IF a THEN … ELSEIF b THEN … ELSE … END IF`; PostgreSQL also has ELSIF.
    fn branches(&mut self, construct: &str) -> Option<()> {
        loop {
            self.condition("THEN")?;
            self.statements(&["ELSEIF", "ELSIF", "ELSE", "WHEN", "END"])?;
            if self.is_word("ELSEIF")
                || self.is_word("ELSIF")
                || (construct == "CASE" && self.is_word("WHEN"))
            {
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
            self.variables.push(Cow::Borrowed(name));
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

    fn expression(&mut self, from: usize, to: usize) -> Option<()> {
        let text = self.sql(from, to)?;
        self.pieces.push(Piece::Expression(text));
        Some(())
    }
}
