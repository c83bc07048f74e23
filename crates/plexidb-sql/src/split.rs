//! Scripts into statements, with the bodies of triggers and routines kept whole.
//!
//! Invariant: a statement's range is a part of the script, unchanged. Not understood: MySQL bodies of a loop or IF
//! without BEGIN around it, and the commands of the databases' own shells other than DELIMITER.

use std::ops::Range;

use plexidb_core::Dialect;

use crate::scan::{Scanner, Token, TokenKind, scan};

#[cfg(test)]
mod tests;

/// How a statement of a script ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementEnd {
    /// With its delimiter: it is complete.
    Delimiter,
    /// With the text; more may follow.
    EndOfText,
    /// With the text, inside a literal, quoted name, comment or body: more must follow.
    Unterminated,
}

/// One statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptStatement {
    /// Its bytes in the script, without the delimiter and surrounding blanks.
    pub range: Range<usize>,
    /// How it ends.
    pub end: StatementEnd,
}

impl ScriptStatement {
    /// Its text in the script from which it was split.
    #[must_use]
    pub fn text<'a>(&self, script: &'a str) -> &'a str {
        script.get(self.range.clone()).unwrap_or_default()
    }
}

/// Splits a script into its statements; what holds nothing but blanks and comments is left out.
///
/// ```
/// use plexidb_core::Dialect;
/// let script = "INSERT INTO t VALUES (';'); SELECT 1";
/// let texts: Vec<_> = plexidb_sql::split_statements(script, Dialect::Sqlite).map(|s| s.text(script).to_owned()).collect();
/// assert_eq!(texts, ["INSERT INTO t VALUES (';')", "SELECT 1"]);
/// ```
#[must_use]
pub fn split_statements(script: &str, dialect: Dialect) -> Statements<'_> {
    Statements {
        script,
        dialect,
        scanner: scan(script, dialect),
        delimiter: ";".to_owned(),
        is_done: false,
    }
}

/// The statements of a script, in order.
#[derive(Clone, Debug)]
pub struct Statements<'a> {
    script: &'a str,
    dialect: Dialect,
    scanner: Scanner<'a>,
    delimiter: String,
    is_done: bool,
}

impl Iterator for Statements<'_> {
    type Item = ScriptStatement;

    fn next(&mut self) -> Option<ScriptStatement> {
        while !self.is_done {
            let found = self.statement();
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

impl Statements<'_> {
    /// The next statement, or `None` where there was nothing but a delimiter, a command or the end.
    fn statement(&mut self) -> Option<ScriptStatement> {
        let mut body = Body::new(self.dialect);
        let mut range: Option<Range<usize>> = None;
        let mut is_open = false;
        while let Some(token) = self.scanner.next() {
            let text = token.text(self.script);
            if self.dialect == Dialect::MySql && body.is_at_start() && text.eq_ignore_ascii_case("delimiter")
            {
                self.set_delimiter(token.end);
                return None;
            }
            if let Some(at) = self.delimiter_in(&token, text, &body) {
                let start = range.as_ref().map_or(token.start, |range| range.start);
                let end = if at > token.start {
                    at
                } else {
                    range.map_or(token.start, |range| range.end)
                };
                self.scanner.jump(at + self.delimiter.len());
                return (!body.is_at_start() || at > token.start).then_some(ScriptStatement {
                    range: start..end,
                    end: StatementEnd::Delimiter,
                });
            }
            is_open = !token.is_complete;
            if token.kind == TokenKind::Whitespace {
                continue;
            }
            let start = range.as_ref().map_or(token.start, |range| range.start);
            range = Some(start..token.end);
            if token.is_significant() {
                body.read(token.kind, text);
            }
        }
        self.is_done = true;
        let end = if is_open || body.is_inside() {
            StatementEnd::Unterminated
        } else {
            StatementEnd::EndOfText
        };
        // A comment alone is no statement; an unfinished one is reported, so that a shell reads on.
        range
            .filter(|_| !body.is_at_start() || is_open)
            .map(|range| ScriptStatement { range, end })
    }

    /// Where the delimiter begins in this token, if the token ends the statement.
    fn delimiter_in(&self, token: &Token, text: &str, body: &Body) -> Option<usize> {
        if self.delimiter == ";" {
            return (token.kind == TokenKind::Semicolon && !body.is_inside()).then_some(token.start);
        }
        match token.kind {
            TokenKind::Word => text.find(&self.delimiter).map(|at| token.start + at),
            TokenKind::String | TokenKind::QuotedName | TokenKind::Comment | TokenKind::ExecutableComment => {
                None
            }
            _ => {
                let rest = self.script.get(token.start..).unwrap_or_default();
                rest.starts_with(&self.delimiter).then_some(token.start)
            }
        }
    }

    /// `DELIMITER x` is a command of MySQL's shell: the rest of its line is the new delimiter.
    fn set_delimiter(&mut self, from: usize) {
        let rest = self.script.get(from..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        if let Some(delimiter) = line.split_whitespace().next() {
            self.delimiter = delimiter.to_owned();
        }
        self.scanner.jump(from + line.len());
    }
}

/// What of a statement was read: whether a delimiter would be inside its body.
struct Body {
    dialect: Dialect,
    words: usize,
    is_create: bool,
    may_have_blocks: bool,
    block_depth: usize,
    paren_depth: usize,
    previous: String,
}

impl Body {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            words: 0,
            is_create: false,
            may_have_blocks: false,
            block_depth: 0,
            paren_depth: 0,
            previous: String::new(),
        }
    }

    fn is_at_start(&self) -> bool {
        self.words == 0
    }

    fn is_inside(&self) -> bool {
        // psql splits no statement between parentheses either (a rule's actions stand there).
        self.block_depth > 0 || (self.dialect == Dialect::Postgres && self.paren_depth > 0)
    }

    fn read(&mut self, kind: TokenKind, text: &str) {
        self.words += 1;
        match kind {
            TokenKind::Open => self.paren_depth += 1,
            TokenKind::Close => self.paren_depth = self.paren_depth.saturating_sub(1),
            TokenKind::Word => return self.read_word(text.to_ascii_uppercase()),
            _ => {}
        }
        self.previous.clear();
    }

    fn read_word(&mut self, word: String) {
        match word.as_str() {
            "CREATE" if self.words == 1 => self.is_create = true,
            "TRIGGER" if self.is_create && self.dialect != Dialect::Postgres => self.may_have_blocks = true,
            "FUNCTION" | "PROCEDURE" if self.is_create && self.dialect != Dialect::Sqlite => {
                self.may_have_blocks = true
            }
            "EVENT" | "PACKAGE" if self.is_create && self.dialect == Dialect::MySql => {
                self.may_have_blocks = true
            }
            "NOT" if self.dialect == Dialect::MySql && self.words == 2 && self.previous == "BEGIN" => {
                self.may_have_blocks = true;
                self.block_depth = 1;
            }
            _ => {}
        }
        if self.may_have_blocks {
            self.read_block_word(&word);
        }
        self.previous = word;
    }

    fn read_block_word(&mut self, word: &str) {
        match (self.dialect, word) {
            (Dialect::Postgres, "ATOMIC") if self.previous == "BEGIN" => self.block_depth += 1,
            (Dialect::Postgres, "BEGIN") => {}
            (Dialect::Postgres, "CASE") if self.block_depth == 0 => {}
            (_, "BEGIN") => self.block_depth += 1,
            (_, "CASE") if self.previous != "END" => self.block_depth += 1,
            (_, "END") => self.block_depth = self.block_depth.saturating_sub(1),
            // `END IF` and the ends of loops close what was not counted when it was opened.
            (Dialect::MySql, "IF" | "LOOP" | "WHILE" | "REPEAT" | "FOR") if self.previous == "END" => {
                self.block_depth += 1;
            }
            _ => {}
        }
    }
}
