//! Quoted things: literals and names, their ends and their contents.
//!
//! Invariant: a quote ends where the database ends it, whatever stands inside.

use std::borrow::Cow;

use plexidb_core::Dialect;

use super::{Scanner, TokenKind, is_name_start};

impl Scanner<'_> {
    /// The literal or quoted name that starts here, prefix included, if one does.
    pub(super) fn quoted(&self) -> Option<(TokenKind, usize, bool)> {
        let string = |(end, is_complete)| Some((TokenKind::String, end, is_complete));
        let name = |(end, is_complete)| Some((TokenKind::QuotedName, end, is_complete));
        let backslash = self.dialect == Dialect::MySql;
        match (self.peek(0), self.dialect) {
            (b'\'', _) => string(self.literal(self.at + 1, backslash)),
            (b'"', Dialect::MySql) => string(self.until_quote(self.at + 1, b'"', true)),
            (b'"', _) => name(self.until_quote(self.at + 1, b'"', false)),
            (b'`', Dialect::MySql | Dialect::Sqlite) => name(self.until_quote(self.at + 1, b'`', false)),
            (b'[', Dialect::Sqlite) => {
                let end = self.run(self.at, |byte| byte != b']');
                let is_complete = end < self.bytes.len();
                name((end + usize::from(is_complete), is_complete))
            }
            (b'$', Dialect::Postgres) => self.dollar_quoted(),
            _ => self.prefixed(),
        }
    }

    /// `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'` and `U&"…"`.
    fn prefixed(&self) -> Option<(TokenKind, usize, bool)> {
        let quote = self.peek(1);
        let prefix = self.peek(0).to_ascii_lowercase();
        if quote == b'\'' {
            let is_prefix = match self.dialect {
                Dialect::Sqlite => prefix == b'x',
                Dialect::MySql => matches!(prefix, b'x' | b'b' | b'n'),
                Dialect::Postgres => matches!(prefix, b'x' | b'b' | b'n' | b'e'),
            };
            let backslash = self.dialect == Dialect::MySql || prefix == b'e';
            return is_prefix
                .then(|| self.literal(self.at + 2, backslash))
                .map(|(end, is_complete)| (TokenKind::String, end, is_complete));
        }
        let is_unicode = self.dialect == Dialect::Postgres && prefix == b'u' && quote == b'&';
        match self.peek(2) {
            b'\'' if is_unicode => {
                let (end, is_complete) = self.literal(self.at + 3, false);
                Some((TokenKind::String, end, is_complete))
            }
            b'"' if is_unicode => {
                let (end, is_complete) = self.until_quote(self.at + 3, b'"', false);
                Some((TokenKind::QuotedName, end, is_complete))
            }
            _ => None,
        }
    }

    /// A literal in single quotes, with the parts by which PostgreSQL lets it go on in another line.
    fn literal(&self, from: usize, backslash: bool) -> (usize, bool) {
        let mut end = self.until_quote(from, b'\'', backslash);
        while end.1
            && self.dialect == Dialect::Postgres
            && let Some(next) = self.continuation(end.0)
        {
            end = self.until_quote(next, b'\'', backslash);
        }
        end
    }

    /// The offset after the quote with which a literal goes on: behind blanks with a line end in them.
    fn continuation(&self, from: usize) -> Option<usize> {
        let mut at = from;
        let mut has_line_end = false;
        loop {
            match self.bytes.get(at)? {
                b'\n' | b'\r' => {
                    has_line_end = true;
                    at += 1;
                }
                b' ' | b'\t' | 0x0b | 0x0c => at += 1,
                b'-' if self.bytes.get(at + 1) == Some(&b'-') => {
                    at = self.run(at, |byte| byte != b'\n' && byte != b'\r');
                }
                b'\'' if has_line_end => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// The offset after the closing quote; a doubled quote is part of the content.
    pub(super) fn until_quote(&self, from: usize, quote: u8, backslash: bool) -> (usize, bool) {
        let mut at = from;
        while let Some(byte) = self.bytes.get(at) {
            if *byte == b'\\' && backslash {
                at += 2;
            } else if *byte != quote {
                at += 1;
            } else if self.bytes.get(at + 1) == Some(&quote) {
                at += 2;
            } else {
                return (at + 1, true);
            }
        }
        (self.bytes.len(), false)
    }

    fn dollar_quoted(&self) -> Option<(TokenKind, usize, bool)> {
        let tag_end = self.run(self.at + 1, |byte| is_name_start(byte) || byte.is_ascii_digit());
        if self.bytes.get(tag_end) != Some(&b'$') || self.peek(1).is_ascii_digit() || self.follows_name() {
            return None;
        }
        let tag = self.bytes.get(self.at..=tag_end)?;
        let body = self.bytes.get(tag_end + 1..)?;
        let end = body.windows(tag.len()).position(|window| window == tag);
        Some(match end {
            Some(end) => (TokenKind::String, tag_end + 1 + end + tag.len(), true),
            None => (TokenKind::String, self.bytes.len(), false),
        })
    }
}

/// The content of a quoted name, or `None` where it holds escapes whose meaning depends on more than itself.
pub(crate) fn name_content(text: &str) -> Option<Cow<'_, str>> {
    let is_unicode = text.starts_with(['u', 'U']);
    let quoted = if is_unicode { text.get(2..)? } else { text };
    let quote = quoted.chars().next()?;
    let content = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if is_unicode && content.contains('\\') {
        return None;
    }
    let doubled: String = [quote, quote].iter().collect();
    Some(if quote != '[' && content.contains(&doubled) {
        Cow::Owned(content.replace(&doubled, &quote.to_string()))
    } else {
        Cow::Borrowed(content)
    })
}

/// The content of a literal, or `None` where it holds escapes that are not decoded here.
pub(crate) fn string_content(text: &str) -> Option<Cow<'_, str>> {
    if text.starts_with('$') {
        let tag = text.get(1..)?.find('$')? + 2;
        return text.get(tag..text.len().checked_sub(tag)?).map(Cow::Borrowed);
    }
    let open = text.find(['\'', '"'])?;
    let quote = text.as_bytes().get(open).copied()? as char;
    let content = text.get(open + 1..text.len().checked_sub(1)?)?;
    let has_prefix = open > 0;
    if has_prefix && content.contains('\\') {
        return None;
    }
    if !content.contains(quote) {
        return Some(Cow::Borrowed(content));
    }
    // Doubled quotes are content; whatever stands between two parts of a literal is not.
    let mut decoded = String::with_capacity(content.len());
    let mut is_inside = true;
    let mut rest = content.chars().peekable();
    while let Some(char) = rest.next() {
        match char {
            _ if char == quote && is_inside && rest.peek() == Some(&quote) => {
                rest.next();
                decoded.push(quote);
            }
            _ if char == quote => is_inside = !is_inside,
            _ if is_inside => decoded.push(char),
            _ => {}
        }
    }
    Some(Cow::Owned(decoded))
}
