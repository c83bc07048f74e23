//! What a body assigns to: its variables, and columns of the row that fires it.
//!
//! Invariant: each column of the row that may get a value is recorded; a target that is neither is not understood.

use super::{Reader, RowChange};
use crate::scan::TokenKind;

impl Reader<'_> {
    /// `SET NEW.a = x, b = y, @c = z`; a setting of the session is not understood.
    pub(super) fn assignments(&mut self) -> Option<()> {
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
            if is_row {
                let column = self.folded(self.at + 2)?;
                self.change.add(&column);
            }
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

    /// The index behind a list of variables.
    pub(super) fn behind_variables(&self, from: usize) -> Option<usize> {
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

    /// The index behind a list of targets of PL/pgSQL.
    pub(super) fn behind_targets(&mut self, from: usize) -> Option<usize> {
        let mut at = self.behind_target(from)?;
        while self.kind(at) == Some(TokenKind::Comma) {
            at = self.behind_target(at + 1)?;
        }
        Some(at)
    }

    /// The index behind a target of PL/pgSQL: `x`, `x.field`, `x[1]`, `NEW.column`, `NEW`.
    pub(super) fn behind_target(&mut self, from: usize) -> Option<usize> {
        let name = self.folded(from)?;
        let is_of_row = is_row(&name);
        if !is_of_row && !self.variables.contains(&name) {
            return None;
        }
        let mut at = from + 1;
        let mut column = None;
        loop {
            match self.kind(at) {
                Some(TokenKind::Dot) => {
                    let part = self.folded(at + 1)?;
                    // Behind the name of a block or of the function NEW is the row still.
                    if is_row(&part) {
                        return None;
                    }
                    column.get_or_insert(part);
                    at += 2;
                }
                Some(TokenKind::OpenBracket) => {
                    let close = self.closing_bracket(at)?;
                    self.expression(at + 1, close)?;
                    at = close + 1;
                }
                _ => break,
            }
        }
        match column {
            _ if !is_of_row => {}
            Some(column) => self.change.add(&column),
            None => self.change = RowChange::Any,
        }
        Some(at)
    }

    fn closing_bracket(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for index in open..self.tokens.len() {
            match self.kind(index)? {
                TokenKind::OpenBracket => depth += 1,
                TokenKind::CloseBracket if depth == 1 => return Some(index),
                TokenKind::CloseBracket => depth -= 1,
                _ => {}
            }
        }
        None
    }
}

/// Whether a name, folded, is that of the row before or after the write: RETURN may give either back.
pub(super) fn is_row(name: &str) -> bool {
    matches!(name, "new" | "old")
}
