//! The lexical scanner: SQL text into tokens, byte for byte, for each dialect.
//!
//! Invariant: the tokens' texts, put together, are the text; scanning never fails. It knows no grammar. It assumes the
//! sessions that plexidb sets up: `standard_conforming_strings = on` (PostgreSQL); neither `ANSI_QUOTES` nor
//! `NO_BACKSLASH_ESCAPES` in the SQL mode (MySQL).

use plexidb_core::Dialect;

mod comments;
mod operators;
mod quotes;
#[cfg(test)]
mod tests;

pub(crate) use quotes::{name_content, string_content};

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Blanks and line ends.
    Whitespace,
    /// A comment, hints of an optimiser included.
    Comment,
    /// A comment that MySQL executes: `/*! … */`.
    ExecutableComment,
    /// A keyword or an unquoted name.
    Word,
    /// A quoted name.
    QuotedName,
    /// A literal in quotes, with its prefix (`E'…'`, `x'…'`, `$tag$…$tag$`).
    String,
    /// A number.
    Number,
    /// A placeholder of the database's own: `?`, `?1`, `$1`.
    Placeholder,
    /// A placeholder with a name: `:name`, on SQLite `@name` and `$name` as well.
    NamedPlaceholder,
    /// A variable of MySQL: `@name`, `@@name`.
    Variable,
    /// An operator.
    Operator,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `:` that is no placeholder.
    Colon,
    /// `;`
    Semicolon,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// What no rule of the dialect explains.
    Unknown,
}

/// A piece of SQL text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// The offset of its first byte.
    pub start: usize,
    /// The offset after its last byte.
    pub end: usize,
    /// Whether its closing quote or comment end is there.
    pub is_complete: bool,
}

impl Token {
    /// Its text in the SQL from which it was scanned.
    #[must_use]
    pub fn text<'a>(&self, sql: &'a str) -> &'a str {
        sql.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether the database's parser sees it at all.
    pub(crate) fn is_significant(&self) -> bool {
        !matches!(self.kind, TokenKind::Whitespace | TokenKind::Comment)
    }
}

/// Scans SQL text.
#[must_use]
pub fn scan(sql: &str, dialect: Dialect) -> Scanner<'_> {
    Scanner {
        bytes: sql.as_bytes(),
        dialect,
        at: 0,
        bracket_depth: 0,
        previous: None,
    }
}

/// The tokens of a text, in order and without gaps.
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    bytes: &'a [u8],
    dialect: Dialect,
    at: usize,
    bracket_depth: usize,
    previous: Option<Token>,
}

impl Scanner<'_> {
    /// Goes on at another offset, which must be a boundary of a character.
    pub(crate) fn jump(&mut self, at: usize) {
        self.at = at;
        self.previous = None;
    }

    fn peek(&self, distance: usize) -> u8 {
        self.bytes.get(self.at + distance).copied().unwrap_or_default()
    }

    /// The offset of the first byte from `from` on that does not fit.
    fn run(&self, from: usize, fits: impl Fn(u8) -> bool) -> usize {
        let tail = self.bytes.get(from..).unwrap_or_default();
        from + tail.iter().position(|byte| !fits(*byte)).unwrap_or(tail.len())
    }

    /// Kind, end and completeness of the token that starts here.
    fn measure(&self) -> (TokenKind, usize, bool) {
        let (first, next) = (self.peek(0), self.peek(1));
        if is_space(first, self.dialect) {
            return (
                TokenKind::Whitespace,
                self.run(self.at, |byte| is_space(byte, self.dialect)),
                true,
            );
        }
        if let Some(comment) = self.comment() {
            return comment;
        }
        if let Some(quoted) = self.quoted() {
            return quoted;
        }
        if first.is_ascii_digit() || (first == b'.' && next.is_ascii_digit() && !self.follows_name()) {
            return self.number();
        }
        if is_word_start(first, self.dialect) {
            return (TokenKind::Word, self.run(self.at, is_word_part), true);
        }
        let single = |kind| (kind, self.at + 1, true);
        match first {
            b',' => single(TokenKind::Comma),
            b';' => single(TokenKind::Semicolon),
            b'(' => single(TokenKind::Open),
            b')' => single(TokenKind::Close),
            b'.' => single(TokenKind::Dot),
            b'[' if self.dialect == Dialect::Postgres => single(TokenKind::OpenBracket),
            b']' if self.dialect == Dialect::Postgres => single(TokenKind::CloseBracket),
            b'?' | b'$' | b':' | b'@' => self.sigil().unwrap_or_else(|| self.operator()),
            _ => self.operator(),
        }
    }

    /// Placeholders and variables, by the sign with which they begin.
    fn sigil(&self) -> Option<(TokenKind, usize, bool)> {
        let (first, next) = (self.peek(0), self.peek(1));
        let after = self.at + 1;
        let found = |kind, end| Some((kind, end, true));
        match (first, self.dialect) {
            (b'?', Dialect::Sqlite) => found(
                TokenKind::Placeholder,
                self.run(after, |byte| byte.is_ascii_digit()),
            ),
            (b'?', Dialect::MySql) => found(TokenKind::Placeholder, after),
            (b'$', Dialect::Postgres) if next.is_ascii_digit() => found(
                TokenKind::Placeholder,
                self.run(after, |byte| byte.is_ascii_digit()),
            ),
            (b':' | b'@' | b'$', Dialect::Sqlite) if is_word_part(next) => {
                found(TokenKind::NamedPlaceholder, self.run(after, is_word_part))
            }
            (b'@', Dialect::MySql) => {
                let name = if next == b'@' { after + 1 } else { after };
                match self.bytes.get(name) {
                    Some(quote @ (b'\'' | b'"' | b'`')) => {
                        let (end, is_complete) = self.until_quote(name + 1, *quote, *quote != b'`');
                        Some((TokenKind::Variable, end, is_complete))
                    }
                    _ => found(
                        TokenKind::Variable,
                        self.run(name, |byte| is_word_part(byte) || byte == b'.'),
                    ),
                }
            }
            (b':', Dialect::Postgres | Dialect::MySql)
                if is_name_start(next) && !(self.bracket_depth > 0 && self.follows_value()) =>
            {
                found(TokenKind::NamedPlaceholder, self.run(after, is_word_part))
            }
            (b':', _) if next != b':' && next != b'=' => found(TokenKind::Colon, after),
            _ => None,
        }
    }

    fn number(&self) -> (TokenKind, usize, bool) {
        if self.dialect == Dialect::MySql && self.peek(0) != b'.' {
            return self.mysql_number();
        }
        if self.peek(0) == b'0' && matches!(self.peek(1) | 0x20, b'x' | b'b' | b'o') {
            return (
                TokenKind::Number,
                self.run(self.at + 2, |byte| byte.is_ascii_alphanumeric() || byte == b'_'),
                true,
            );
        }
        (TokenKind::Number, self.decimal(), true)
    }

    /// A name may begin with digits in MySQL, as long as it is no number as a whole.
    fn mysql_number(&self) -> (TokenKind, usize, bool) {
        let end = self.run(self.at, is_word_part);
        let word = self.bytes.get(self.at..end).unwrap_or_default();
        let is_radix = match word {
            [b'0', b'x', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit),
            [b'0', b'b', digits @ ..] => {
                !digits.is_empty() && digits.iter().all(|byte| matches!(byte, b'0' | b'1'))
            }
            _ => false,
        };
        if is_radix {
            return (TokenKind::Number, end, true);
        }
        let number_end = self.decimal();
        if number_end < end {
            (TokenKind::Word, end, true)
        } else {
            (TokenKind::Number, number_end, true)
        }
    }

    fn decimal(&self) -> usize {
        let digits = |from| self.run(from, |byte| byte.is_ascii_digit() || byte == b'_');
        let mut end = digits(self.at);
        // `1..2` is no number in any dialect; in a loop of PL/pgSQL it is a range.
        if self.bytes.get(end) == Some(&b'.') && self.bytes.get(end + 1) != Some(&b'.') {
            end = digits(end + 1);
        }
        if self.bytes.get(end).is_some_and(|byte| byte | 0x20 == b'e') {
            let sign = usize::from(matches!(self.bytes.get(end + 1), Some(b'+' | b'-')));
            if self.bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
                end = digits(end + 1 + sign);
            }
        }
        end
    }

    /// Whether a name ends exactly here, so that a dot belongs to it.
    fn follows_name(&self) -> bool {
        self.previous.is_some_and(|token| {
            token.end == self.at && matches!(token.kind, TokenKind::Word | TokenKind::QuotedName)
        })
    }

    /// Whether a value ends exactly here, so that a colon between brackets is a slice.
    fn follows_value(&self) -> bool {
        use TokenKind::{Close, CloseBracket, NamedPlaceholder, Number, Placeholder, QuotedName, Word};
        self.previous.is_some_and(|token| {
            token.end == self.at
                && matches!(
                    token.kind,
                    Word | QuotedName | Number | Close | CloseBracket | Placeholder | NamedPlaceholder
                )
        })
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let (kind, end, is_complete) = self.measure();
        match kind {
            TokenKind::OpenBracket => self.bracket_depth += 1,
            TokenKind::CloseBracket => self.bracket_depth = self.bracket_depth.saturating_sub(1),
            _ => {}
        }
        let token = Token {
            kind,
            start: self.at,
            end,
            is_complete,
        };
        self.at = end;
        self.previous = Some(token);
        Some(token)
    }
}

fn is_space(byte: u8, dialect: Dialect) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c) || (byte == 0x0b && dialect != Dialect::Sqlite)
}

/// Letters, the underscore and everything beyond ASCII.
fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_start(byte: u8, dialect: Dialect) -> bool {
    is_name_start(byte) || (byte == b'$' && dialect == Dialect::MySql)
}

fn is_word_part(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit() || byte == b'$'
}
