//! The query inside a CREATE VIEW statement, as SQLite keeps its text.

#[cfg(test)]
mod tests;

/// The text behind the AS that ends the view's head; `None` where there is none.
pub(super) fn query(create: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut rest = create;
    loop {
        let first = rest.chars().next()?;
        let length = match first {
            '(' => {
                depth += 1;
                1
            }
            ')' => {
                depth = depth.saturating_sub(1);
                1
            }
            '\'' | '"' | '`' => quoted(rest, first),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            '-' if rest.starts_with("--") => rest.find('\n').map_or(rest.len(), |end| end + 1),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            first if of_word(first) => {
                let length = rest.find(|character| !of_word(character)).unwrap_or(rest.len());
                if depth == 0 && rest[..length].eq_ignore_ascii_case("AS") {
                    let query = rest[length..].trim().trim_end_matches(';').trim_end();
                    return Some(query).filter(|query| !query.is_empty());
                }
                length
            }
            other => other.len_utf8(),
        };
        rest = &rest[length..];
    }
}

/// The length of a quoted piece; a doubled quote in it is two pieces, one behind the other.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |end| end + 2)
}

fn of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$' || !character.is_ascii()
}
