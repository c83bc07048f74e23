//! Values as text for people.

use std::borrow::Cow;
use std::fmt::Write as _;

use plexidb::ValueRef;

/// How NULL is shown where the user does not say.
const NULL: &str = "NULL";

/// The text of a value that is safe on a terminal. Lines are kept.
pub(super) fn shown(value: ValueRef<'_>, null: Option<&str>) -> String {
    let null_text = null.unwrap_or(NULL);
    match value {
        ValueRef::Null => null_text.to_owned(),
        // A text that reads like NULL must not pass for it.
        ValueRef::Text(text) if text == null_text => format!("'{text}'"),
        ValueRef::Text(text) => printable(text).into_owned(),
        value => printable(&value.to_string()).into_owned(),
    }
}

/// The text with control characters in escaped form, so that data cannot steer the terminal.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| !c.is_control() || c == '\n';
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => escaped.push_str("    "),
            '\r' => escaped.push_str("\\r"),
            c if is_plain(c) => escaped.push(c),
            c => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\x{:02x}", u32::from(c));
            }
        }
    }
    Cow::Owned(escaped)
}
