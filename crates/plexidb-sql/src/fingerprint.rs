//! The normalised form of a statement, by which equal statements with different values are recognised.
//!
//! Invariant: made from tokens alone, so that it exists for text that nobody can parse; it holds no literal, so that
//! it can be shown and logged.

use plexidb_core::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token as ParserToken;
use xxhash_rust::xxh3::xxh3_64;

use crate::keywords::is_structural;
use crate::scan::{Token, TokenKind};

#[cfg(test)]
mod tests;

/// The normalised form of these tokens and its hash.
pub(crate) fn fingerprint(sql: &str, tokens: &[Token], dialect: Dialect) -> (String, u64) {
    let mut normalised = String::with_capacity(sql.len().min(4_096));
    let mut previous = TokenKind::Open;
    let mut previous_word = "";
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        index += 1;
        let text = token.text(sql);
        if !token.is_significant() || (token.kind == TokenKind::Semicolon && index == tokens.len()) {
            continue;
        }
        if !normalised.is_empty() && needs_space(previous, token.kind, previous_word) {
            normalised.push(' ');
        }
        previous = token.kind;
        if token.kind == TokenKind::Open
            && let Some(end) = list_end(sql, tokens, index, previous_word)
        {
            normalised.push_str(if previous_word.eq_ignore_ascii_case("in") {
                "(?)"
            } else {
                "(...)"
            });
            index = end;
            previous = TokenKind::Close;
        } else if is_value(token.kind) {
            normalised.push('?');
        } else if token.kind == TokenKind::Word {
            push_word(&mut normalised, text, dialect);
        } else {
            normalised.push_str(text);
        }
        if token.kind == TokenKind::Word {
            previous_word = text;
        } else if token.kind != TokenKind::Close {
            previous_word = "";
        }
    }
    let hash = xxh3_64(normalised.as_bytes());
    (normalised, hash)
}

/// Whether a literal or parameter stands here.
fn is_value(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::String | TokenKind::Number | TokenKind::Placeholder | TokenKind::NamedPlaceholder
    )
}

/// The index after the lists of values that begin with the parenthesis before `from`: one list after IN, all rows
/// after VALUES. `None` where anything but values stands in the first.
fn list_end(sql: &str, tokens: &[Token], from: usize, before: &str) -> Option<usize> {
    let is_rows = before.eq_ignore_ascii_case("values");
    if !is_rows && !before.eq_ignore_ascii_case("in") {
        return None;
    }
    let mut end = value_list_end(sql, tokens, from)?;
    if !is_rows {
        return Some(end);
    }
    loop {
        let mut rest = tokens
            .iter()
            .enumerate()
            .skip(end)
            .filter(|(_, token)| token.is_significant());
        let is_comma = rest
            .next()
            .is_some_and(|(_, token)| token.kind == TokenKind::Comma);
        let open = rest
            .next()
            .filter(|(_, token)| is_comma && token.kind == TokenKind::Open);
        match open.and_then(|(index, _)| value_list_end(sql, tokens, index + 1)) {
            Some(next) => end = next,
            None => return Some(end),
        }
    }
}

fn value_list_end(sql: &str, tokens: &[Token], from: usize) -> Option<usize> {
    for (index, token) in tokens.iter().enumerate().skip(from) {
        let is_constant = match token.kind {
            TokenKind::Word => ["null", "true", "false", "default"]
                .iter()
                .any(|word| token.text(sql).eq_ignore_ascii_case(word)),
            TokenKind::Operator => matches!(token.text(sql), "-" | "+"),
            TokenKind::Close => return Some(index + 1),
            kind => is_value(kind) || kind == TokenKind::Comma || !token.is_significant(),
        };
        if !is_constant {
            return None;
        }
    }
    None
}

/// Keywords in lower case; names too where the database does not tell their case apart.
fn push_word(normalised: &mut String, word: &str, dialect: Dialect) {
    let is_folded = dialect != Dialect::MySql
        || matches!(ParserToken::make_word(word, None), ParserToken::Word(word) if word.keyword != Keyword::NoKeyword);
    if is_folded {
        normalised.extend(word.chars().map(|char| char.to_ascii_lowercase()));
    } else {
        normalised.push_str(word);
    }
}

fn needs_space(previous: TokenKind, next: TokenKind, previous_word: &str) -> bool {
    use TokenKind::{Close, CloseBracket, Comma, Dot, Open, OpenBracket, Semicolon, Word};
    match (previous, next) {
        (Open | OpenBracket | Dot, _) | (_, Close | CloseBracket | Comma | Dot | OpenBracket | Semicolon) => {
            false
        }
        (Word, Open) => is_structural(previous_word),
        _ => true,
    }
}
