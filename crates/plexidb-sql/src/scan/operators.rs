//! Operators: the longest that a dialect knows, or PostgreSQL's own rule for any run of operator characters.
//!
//! Invariant: an operator never swallows the start of a comment.

use plexidb_core::Dialect;

use super::{Scanner, TokenKind};

const SQLITE: &[&str] = &["->>", "->", "||", "<<", ">>", "<=", ">=", "==", "!=", "<>"];
const MYSQL: &[&str] = &[
    "->>", "<=>", "->", "||", "&&", "<<", ">>", "<=", ">=", "!=", "<>", ":=",
];

impl Scanner<'_> {
    pub(super) fn operator(&self) -> (TokenKind, usize, bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let known: &[&str] = match self.dialect {
            Dialect::Sqlite => SQLITE,
            Dialect::MySql => MYSQL,
            Dialect::Postgres if rest.starts_with(b"::") || rest.starts_with(b":=") => &["::", ":="],
            Dialect::Postgres => return self.postgres_operator(),
        };
        if let Some(operator) = known
            .iter()
            .find(|operator| rest.starts_with(operator.as_bytes()))
        {
            return (TokenKind::Operator, self.at + operator.len(), true);
        }
        match self.peek(0) {
            b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>' | b'&' | b'|' | b'~' => {
                (TokenKind::Operator, self.at + 1, true)
            }
            b'!' | b'^' if self.dialect == Dialect::MySql => (TokenKind::Operator, self.at + 1, true),
            _ => (TokenKind::Unknown, self.at + 1, true),
        }
    }

    fn postgres_operator(&self) -> (TokenKind, usize, bool) {
        let mut end = self.run(self.at, |byte| b"+-*/<>=~!@#%^&|`?".contains(&byte));
        let text = self.bytes.get(self.at..end).unwrap_or_default();
        if let Some(comment) = text.windows(2).position(|pair| pair == b"--" || pair == b"/*") {
            end = self.at + comment;
        }
        // A sign after an operator belongs to the number, unless the operator could not exist otherwise.
        let is_special = |byte: &u8| b"~!@#%^&|`?".contains(byte);
        while end > self.at + 1
            && matches!(self.bytes.get(end - 1), Some(b'+' | b'-'))
            && !self
                .bytes
                .get(self.at..end - 1)
                .unwrap_or_default()
                .iter()
                .any(is_special)
        {
            end -= 1;
        }
        if end == self.at {
            return (TokenKind::Unknown, self.at + 1, true);
        }
        (TokenKind::Operator, end, true)
    }
}
