//! A statement as its significant tokens, with the questions that the analysis asks of them.
//!
//! Invariant: a word is compared only where it is unquoted; delimiters at the end are gone.

use plexidb_core::Dialect;

use crate::scan::{Token, TokenKind, name_content};

/// The significant tokens of a statement.
pub(super) struct Text<'a> {
    sql: &'a str,
    dialect: Dialect,
    tokens: Vec<Token>,
}

impl<'a> Text<'a> {
    pub(super) fn new(sql: &'a str, dialect: Dialect, mut tokens: Vec<Token>) -> Self {
        while tokens
            .last()
            .is_some_and(|token| token.kind == TokenKind::Semicolon)
        {
            tokens.pop();
        }
        Self { sql, dialect, tokens }
    }

    pub(super) fn sql(&self) -> &'a str {
        self.sql
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn kind(&self, index: usize) -> Option<TokenKind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    pub(super) fn is_kind(&self, index: usize, kind: TokenKind) -> bool {
        self.kind(index) == Some(kind)
    }

    /// The text of a token; empty behind the end.
    pub(super) fn text(&self, index: usize) -> &'a str {
        self.tokens
            .get(index)
            .map(|token| token.text(self.sql))
            .unwrap_or_default()
    }

    /// The text of an unquoted word; empty where there is none.
    pub(super) fn word(&self, index: usize) -> &'a str {
        if self.is_kind(index, TokenKind::Word) {
            self.text(index)
        } else {
            ""
        }
    }

    pub(super) fn is_word(&self, index: usize, word: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(word)
    }

    pub(super) fn is_any(&self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(index, word))
    }

    /// Whether the words stand here one after the other.
    pub(super) fn is_phrase(&self, index: usize, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(offset, word)| self.is_word(index + offset, word))
    }

    pub(super) fn is_operator(&self, index: usize, operator: &str) -> bool {
        self.is_kind(index, TokenKind::Operator) && self.text(index) == operator
    }

    /// Whether a name could stand here.
    pub(super) fn is_name(&self, index: usize) -> bool {
        matches!(self.kind(index), Some(TokenKind::Word | TokenKind::QuotedName))
    }

    /// Whether a value could end here.
    pub(super) fn ends_value(&self, index: usize) -> bool {
        use TokenKind::{
            Close, CloseBracket, NamedPlaceholder, Number, Placeholder, QuotedName, String, Variable, Word,
        };
        let is_value = matches!(
            self.kind(index),
            Some(
                Word | QuotedName
                    | Number
                    | String
                    | Close
                    | CloseBracket
                    | Placeholder
                    | NamedPlaceholder
                    | Variable
            )
        );
        let is_grammar = self.is_any(
            index,
            &[
                "SELECT", "WHERE", "AND", "OR", "NOT", "ON", "WHEN", "THEN", "ELSE", "CASE", "HAVING", "BY",
                "FROM", "AS",
            ],
        );
        is_value && !is_grammar
    }

    /// The name of this token, folded as the database folds it; `None` where it holds escapes.
    pub(super) fn name(&self, index: usize) -> Option<String> {
        let text = self.text(index);
        match self.kind(index)? {
            TokenKind::Word => Some(fold(text, self.dialect)),
            TokenKind::QuotedName => name_content(text).map(std::borrow::Cow::into_owned),
            _ => None,
        }
    }
}

/// An unquoted name as the database means it.
pub(super) fn fold(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => name.to_ascii_lowercase(),
        Dialect::Sqlite | Dialect::MySql => name.to_owned(),
    }
}
