//! Texts that a database evaluates as the current time.
//!
//! Invariant: every text that could be so evaluated is recognised; a text that merely contains such a word is too.

/// Whether a database may read this text as the current time: it holds the word `now`, `today`, `tomorrow` or
/// `yesterday` (PostgreSQL, anywhere in a date, range or array), or `subsec` (SQLite).
///
/// A parameter with such a text must bypass the cache.
///
/// ```
/// assert!(plexidb_sql::is_time_word("Today 12:00"));
/// assert!(plexidb_sql::is_time_word("[now,)"));
/// assert!(!plexidb_sql::is_time_word("nowhere"));
/// ```
#[must_use]
pub fn is_time_word(text: &str) -> bool {
    const WORDS: [&str; 6] = ["now", "today", "tomorrow", "yesterday", "subsec", "subsecond"];
    text.split(|char: char| !char.is_ascii_alphabetic())
        .any(|run| (3..=9).contains(&run.len()) && WORDS.iter().any(|word| run.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests;
