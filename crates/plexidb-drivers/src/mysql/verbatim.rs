//! The text of a statement: what the client library makes of it, and what its first word tells.
//! The library looks for named parameters (`:name`) in every text that it prepares, and replaces them. It takes
//! `'10:am'` behind a slash or minus for one as well: `SELECT 5-'at :noon'`. Our parameters are positional alone.
//!
//! Invariant: what the server gets is the caller's text, at most with an empty comment before it.

use std::borrow::Cow;

use mysql_common::named_params::ParsedNamedParams;

#[cfg(test)]
mod tests;

/// The library does not see the end of an empty comment, so nothing behind it is a parameter to it.
const BLINDFOLD: &str = "/**/";

/// The text to prepare, or `None` where the library would change it in any case.
pub(super) fn preparable(sql: &str) -> Option<Cow<'_, str>> {
    if !may_hold_name(sql) || is_left_alone(sql) {
        return Some(Cow::Borrowed(sql));
    }
    let blindfolded = format!("{BLINDFOLD}{sql}");
    is_left_alone(&blindfolded).then_some(Cow::Owned(blindfolded))
}

/// A colon with a letter behind it; most statements have none.
fn may_hold_name(sql: &str) -> bool {
    let pairs = sql.as_bytes().windows(2);
    pairs
        .into_iter()
        .any(|pair| matches!(pair, [b':', b'a'..=b'z' | b'_']))
}

fn is_left_alone(sql: &str) -> bool {
    ParsedNamedParams::parse(sql.as_bytes()).is_ok_and(|parsed| parsed.params().is_empty())
}

/// Whether a statement that returns rows is a write with `RETURNING`.
pub(super) fn is_write(sql: &str) -> bool {
    let word = first_word(sql);
    let writes = ["INSERT", "REPLACE", "UPDATE", "DELETE"];
    writes.iter().any(|write| write.eq_ignore_ascii_case(word))
}

/// Whether a statement may choose another default database; one that begins with anything but a word might.
pub(super) fn may_choose_database(sql: &str) -> bool {
    let word = first_word(sql);
    let verbs = ["", "USE", "EXECUTE"];
    verbs.iter().any(|verb| verb.eq_ignore_ascii_case(word))
}

/// The first word behind comments; a comment that the server executes is none.
fn first_word(sql: &str) -> &str {
    let mut sql = sql.trim_start();
    loop {
        let comment = if sql.starts_with("/*!") || sql.starts_with("/*M!") {
            None
        } else if let Some(comment) = sql.strip_prefix("/*") {
            comment.split_once("*/")
        } else if let Some(comment) = sql.strip_prefix("--").or_else(|| sql.strip_prefix('#')) {
            comment.split_once('\n')
        } else {
            None
        };
        match comment {
            Some((_, rest)) => sql = rest.trim_start(),
            None => break,
        }
    }
    let end = sql.find(|character: char| !character.is_ascii_alphabetic());
    &sql[..end.unwrap_or(sql.len())]
}
