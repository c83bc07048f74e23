//! Rows and lists of nothing but constants: the parser sees the first and is spared the rest.
//!
//! Invariant: what is left out names nothing.

use super::{Builder, Parenthesis};
use crate::scan::TokenKind;

impl Builder<'_, '_> {
    /// Leaves out a constant row of VALUES or a constant of an IN list that begins here with its comma.
    pub(super) fn skip_constants(&mut self) -> bool {
        if !self.text.is_kind(self.at, TokenKind::Comma) {
            return false;
        }
        let depth = self.parentheses.len();
        let end = if self.rows_depth == Some(depth) && self.text.is_kind(self.at + 1, TokenKind::Open) {
            self.row_end(self.at + 2)
        } else if self.parentheses.last() == Some(&Parenthesis::In) {
            self.constant_end(self.at + 1)
                .filter(|end| matches!(self.text.kind(*end), Some(TokenKind::Comma | TokenKind::Close)))
        } else {
            None
        };
        if let Some(end) = end {
            self.at = end;
        }
        end.is_some()
    }

    /// The index after the parenthesis that closes a row of constants.
    fn row_end(&self, from: usize) -> Option<usize> {
        let mut at = self.constant_end(from)?;
        while self.text.is_kind(at, TokenKind::Comma) {
            at = self.constant_end(at + 1)?;
        }
        self.text.is_kind(at, TokenKind::Close).then_some(at + 1)
    }

    /// The index after the constant that begins here.
    fn constant_end(&self, from: usize) -> Option<usize> {
        let is_signed = self.text.is_operator(from, "-") || self.text.is_operator(from, "+");
        let at = from + usize::from(is_signed);
        let is_constant = match self.text.kind(at)? {
            TokenKind::String | TokenKind::Number | TokenKind::Placeholder | TokenKind::NamedPlaceholder => {
                true
            }
            TokenKind::Word => self.text.is_any(at, &["NULL", "TRUE", "FALSE", "DEFAULT"]),
            _ => false,
        };
        is_constant.then_some(at + 1)
    }
}
