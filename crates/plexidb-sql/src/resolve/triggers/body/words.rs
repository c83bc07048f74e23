//! The words of a body: where an expression or a statement ends.
//!
//! Invariant: it moves nothing; what stands in parentheses or in a CASE belongs to what is around it.

use std::borrow::Cow;

use plexidb_core::Dialect;

use super::Reader;
use super::assignment::is_row;
use crate::scan::{Token, TokenKind, name_content};

impl<'b> Reader<'b> {
    /// The text of these tokens; `None` where there are none.
    pub(super) fn slice(&self, from: usize, to: usize) -> Option<&'b str> {
        let last = to.checked_sub(1).filter(|last| *last >= from)?;
        self.body
            .get(self.tokens.get(from)?.start..self.tokens.get(last)?.end)
    }

    /// The text of these tokens with each `NEW.*` of PL/pgSQL, which no statement outside of a body can have, as `NEW`.
    pub(super) fn sql(&self, from: usize, to: usize) -> Option<Cow<'b, str>> {
        let whole = self.slice(from, to)?;
        let start = self.tokens.get(from)?.start;
        let is_all_of_row = |index: usize| {
            self.dialect == Dialect::Postgres
                && self.kind(index + 1) == Some(TokenKind::Dot)
                && self.text(index + 2) == "*"
                && self
                    .folded(index)
                    .is_some_and(|name| is_row(&name) || self.variables.contains(&name))
        };
        let mut text = String::new();
        let mut done = start;
        for index in (from..to.saturating_sub(2)).filter(|index| is_all_of_row(*index)) {
            text.push_str(self.body.get(done..self.tokens.get(index)?.end)?);
            done = self.tokens.get(index + 2)?.end;
        }
        if done == start {
            return Some(Cow::Borrowed(whole));
        }
        text.push_str(self.body.get(done..start + whole.len())?);
        Some(Cow::Owned(text))
    }

    /// A name, in PostgreSQL in lower case unless it is quoted.
    pub(super) fn folded(&self, index: usize) -> Option<Cow<'b, str>> {
        match self.kind(index)? {
            TokenKind::Word if self.dialect == Dialect::Postgres => {
                Some(Cow::Owned(self.text(index).to_lowercase()))
            }
            TokenKind::Word => Some(Cow::Borrowed(self.text(index))),
            TokenKind::QuotedName => name_content(self.text(index)),
            _ => None,
        }
    }

    /// The first such token of the statement that stands in no parentheses and in no CASE.
    pub(super) fn outer(&self, from: usize, is_wanted: impl Fn(&Self, usize) -> bool) -> Option<usize> {
        let (mut depth, mut cases) = (0_usize, 0_usize);
        for index in from..self.semicolon() {
            if depth == 0 && cases == 0 && is_wanted(self, index) {
                return Some(index);
            }
            match self.kind(index)? {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.checked_sub(1)?,
                TokenKind::Word if self.word(index).eq_ignore_ascii_case("CASE") => cases += 1,
                TokenKind::Word if self.word(index).eq_ignore_ascii_case("END") => {
                    cases = cases.saturating_sub(1)
                }
                _ => {}
            }
        }
        None
    }

    /// Where the statement that goes on here must end: at its semicolon, or with the text.
    pub(super) fn semicolon(&self) -> usize {
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        let is_semicolon = |token: &Token| token.kind == TokenKind::Semicolon;
        self.at + rest.iter().position(is_semicolon).unwrap_or(rest.len())
    }

    pub(super) fn kind(&self, index: usize) -> Option<TokenKind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    pub(super) fn is_kind(&self, kind: TokenKind) -> bool {
        self.kind(self.at) == Some(kind)
    }

    pub(super) fn text(&self, index: usize) -> &'b str {
        self.tokens
            .get(index)
            .map(|token| token.text(self.body))
            .unwrap_or_default()
    }

    /// The text of an unquoted word; empty where there is none.
    pub(super) fn word(&self, index: usize) -> &'b str {
        if self.kind(index) == Some(TokenKind::Word) {
            self.text(index)
        } else {
            ""
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.word(self.at).eq_ignore_ascii_case(word)
    }
}
