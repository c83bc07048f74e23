//! Comments: where they begin and end in each dialect.
//!
//! Invariant: what the database executes is never taken for a comment.

use plexidb_core::Dialect;

use super::{Scanner, TokenKind};

impl Scanner<'_> {
    /// The comment that starts here, if one does.
    pub(super) fn comment(&self) -> Option<(TokenKind, usize, bool)> {
        match (self.peek(0), self.peek(1)) {
            (b'-', b'-') if self.dialect != Dialect::MySql || self.is_blank_or_end(2) => {
                Some(self.line_comment())
            }
            (b'#', _) if self.dialect == Dialect::MySql => Some(self.line_comment()),
            (b'/', b'*') => Some(self.block_comment()),
            _ => None,
        }
    }

    /// MySQL wants a blank or control character after `--`: `5--1` is a subtraction there.
    fn is_blank_or_end(&self, distance: usize) -> bool {
        self.bytes
            .get(self.at + distance)
            .is_none_or(|byte| *byte <= b' ')
    }

    fn line_comment(&self) -> (TokenKind, usize, bool) {
        let ends_at_return = self.dialect == Dialect::Postgres;
        let end = self.run(self.at, |byte| {
            byte != b'\n' && !(ends_at_return && byte == b'\r')
        });
        (TokenKind::Comment, end, true)
    }

    fn block_comment(&self) -> (TokenKind, usize, bool) {
        let is_executable = self.dialect == Dialect::MySql
            && (self.peek(2) == b'!' || (self.peek(2) == b'M' && self.peek(3) == b'!'));
        let kind = if is_executable {
            TokenKind::ExecutableComment
        } else {
            TokenKind::Comment
        };
        let mut depth = 1_usize;
        let mut at = self.at + 2;
        while let Some(pair) = self.bytes.get(at..at + 2) {
            match pair {
                b"*/" => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return (kind, at, true);
                    }
                }
                b"/*" if self.dialect == Dialect::Postgres => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        (kind, self.bytes.len(), false)
    }
}
