//! Statements that return the keys of the rows which they write: RETURNING added, or the user's own list extended.
//!
//! Invariant: nothing of the text changes but what is added behind its last token, so that the user's columns come first
//! and as before; where the grammar might not take that, or a column's name might be another table's, there is none.

use plexidb_core::{Catalog, Dialect};

use crate::scan::{Token, TokenKind, scan};

#[cfg(test)]
mod tests;

/// What kind of statement returns rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Insert,
    Update,
    Delete,
}

/// Whether the server's version knows RETURNING at all; see [`extended`] for which statements.
pub(super) fn has_returning(catalog: &Catalog) -> bool {
    let version = catalog.server_version.as_str();
    match catalog.dialect() {
        Dialect::Postgres => true,
        Dialect::Sqlite => is_at_least(version, (3, 35)),
        // MariaDB may put the version of a MySQL that it stands in for before its own.
        Dialect::MySql => {
            let own = version.strip_prefix("5.5.5-").unwrap_or(version);
            own.to_ascii_lowercase().contains("mariadb") && is_at_least(own, (10, 5))
        }
    }
}

/// The statement with these columns of its target at the end of what it returns. `None` where it is not certain that the
/// database takes it and means the target's columns: anything but a single INSERT of listed rows, UPDATE or DELETE of one
/// table, and MariaDB's UPDATE. Whether the server knows RETURNING is [`has_returning`]'s to say, and that the target is a
/// table whose rows nobody changes afterwards, the caller's.
pub(super) fn extended(sql: &str, dialect: Dialect, columns: &[&str]) -> Option<String> {
    if columns.is_empty() {
        return None;
    }
    let statement = Statement::read(sql, dialect)?;
    statement.verb.filter(|verb| statement.takes_returning(*verb))?;
    let separator = match statement.returning()? {
        Some(_) => ", ",
        None => " RETURNING ",
    };
    let end = statement.tokens.last()?.end;
    let mut text = String::with_capacity(sql.len() + 16 + columns.len() * 16);
    text.push_str(sql.get(..end)?);
    for (index, column) in columns.iter().enumerate() {
        text.push_str(if index == 0 { separator } else { ", " });
        push_name(&mut text, column, dialect);
    }
    text.push_str(sql.get(end..)?);
    Some(text)
}

/// A name in quotes. In SQLite a name in double quotes that names nothing is a literal, which would pass for a key.
fn push_name(text: &mut String, name: &str, dialect: Dialect) {
    let quote = match dialect {
        Dialect::Postgres => '"',
        Dialect::Sqlite | Dialect::MySql => '`',
    };
    text.push(quote);
    for char in name.chars() {
        if char == quote {
            text.push(quote);
        }
        text.push(char);
    }
    text.push(quote);
}

fn is_at_least(version: &str, wanted: (u32, u32)) -> bool {
    let mut numbers = version
        .split(|char: char| !char.is_ascii_digit())
        .map(|digits| digits.parse::<u32>().unwrap_or_default());
    let own = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    own >= wanted
}

/// A single statement without the delimiters behind it.
struct Statement<'a> {
    sql: &'a str,
    dialect: Dialect,
    tokens: Vec<Token>,
    /// The tokens outside of all parentheses, by index.
    outer: Vec<usize>,
    verb: Option<Verb>,
}

impl<'a> Statement<'a> {
    fn read(sql: &'a str, dialect: Dialect) -> Option<Self> {
        let mut tokens: Vec<Token> = scan(sql, dialect).collect();
        let is_plain = |token: &Token| {
            token.is_complete && !matches!(token.kind, TokenKind::Unknown | TokenKind::ExecutableComment)
        };
        if !tokens.iter().all(is_plain) {
            return None;
        }
        tokens.retain(Token::is_significant);
        while tokens
            .pop_if(|token| token.kind == TokenKind::Semicolon)
            .is_some()
        {}
        let mut outer = Vec::new();
        let mut depth = 0_usize;
        for (index, token) in tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Semicolon => return None,
                TokenKind::Open | TokenKind::OpenBracket => depth += 1,
                TokenKind::Close | TokenKind::CloseBracket => depth = depth.checked_sub(1)?,
                _ if depth == 0 => outer.push(index),
                _ => {}
            }
        }
        let mut statement = Self {
            sql,
            dialect,
            tokens,
            outer,
            verb: None,
        };
        statement.verb = match statement.word(0).to_ascii_uppercase().as_str() {
            "INSERT" => Some(Verb::Insert),
            "REPLACE" if dialect != Dialect::Postgres => Some(Verb::Insert),
            "UPDATE" => Some(Verb::Update),
            "DELETE" => Some(Verb::Delete),
            _ => None,
        };
        (depth == 0).then_some(statement)
    }

    /// Whether RETURNING may stand at the end, and names in it mean the target's columns alone.
    fn takes_returning(&self, verb: Verb) -> bool {
        let is_mysql = self.dialect == Dialect::MySql;
        // SQLite has these behind RETURNING.
        let has_order = self.dialect == Dialect::Sqlite && self.has_any(&["ORDER", "LIMIT"]);
        match verb {
            Verb::Insert => {
                let is_listed = self.has_any(&["VALUES", "VALUE"])
                    || (is_mysql && !self.has_any(&["ON"]) && self.has("SET"));
                // The rows of `INSERT … SET` come last; those of a query have a grammar of their own.
                is_listed && !self.has_any(&["SELECT", "TABLE", "DELAYED", "OVERWRITE"])
            }
            Verb::Update => !is_mysql && !has_order && !self.has_from(),
            Verb::Delete => {
                let is_single = !is_mysql || self.is_delete_of_one();
                is_single && !has_order && !self.has("USING")
            }
        }
    }

    /// Whether MySQL's DELETE has the form for a single table.
    fn is_delete_of_one(&self) -> bool {
        let words = (1..self.tokens.len()).map(|index| self.word(index));
        let is_modifier = |word: &&str| {
            ["LOW_PRIORITY", "QUICK", "IGNORE"]
                .iter()
                .any(|modifier| modifier.eq_ignore_ascii_case(word))
        };
        let first = words.skip_while(is_modifier).next();
        let comma_or_join = self.outer.iter().any(|index| {
            let is_comma = self
                .tokens
                .get(*index)
                .is_some_and(|token| token.kind == TokenKind::Comma);
            // A comma behind WHERE or ORDER BY is none between tables, but who can tell needs more than tokens.
            is_comma && !self.has_any(&["ORDER", "RETURNING"])
        }) || self.has("JOIN");
        first.is_some_and(|word| word.eq_ignore_ascii_case("FROM")) && !comma_or_join
    }

    /// Whether an UPDATE joins other tables, whose columns may have the same names.
    fn has_from(&self) -> bool {
        self.outer.iter().any(|index| {
            let is_distinct = index
                .checked_sub(1)
                .is_some_and(|before| self.is_word(before, "DISTINCT"));
            self.is_word(*index, "FROM") && !is_distinct
        })
    }

    /// Where the user's own RETURNING stands; `None` where that is not certain.
    fn returning(&self) -> Option<Option<usize>> {
        let mut found = None;
        for index in self
            .outer
            .iter()
            .copied()
            .filter(|index| self.is_word(*index, "RETURNING"))
        {
            let before = index.checked_sub(1)?;
            let is_name = self.is_word(before, "AS")
                || self.tokens.get(before).is_some_and(|token| {
                    matches!(
                        token.kind,
                        TokenKind::Dot | TokenKind::Comma | TokenKind::Operator
                    )
                });
            let is_last = index + 1 == self.tokens.len();
            if found.is_some() || is_name || is_last {
                return None;
            }
            found = Some(index);
        }
        Some(found)
    }

    fn has(&self, word: &str) -> bool {
        self.outer.iter().any(|index| self.is_word(*index, word))
    }

    fn has_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.has(word))
    }

    fn is_word(&self, index: usize, word: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(word)
    }

    /// The text of an unquoted word; empty where there is none.
    fn word(&self, index: usize) -> &'a str {
        self.tokens
            .get(index)
            .filter(|token| token.kind == TokenKind::Word)
            .map(|token| token.text(self.sql))
            .unwrap_or_default()
    }
}
