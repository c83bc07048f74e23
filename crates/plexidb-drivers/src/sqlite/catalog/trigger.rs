//! A CREATE TRIGGER statement, as SQLite keeps its text, into what the trigger is.
//!
//! Invariant: a text that is not understood makes a trigger that may do anything.

use plexidb_core::{Trigger, TriggerTiming};

#[cfg(test)]
mod tests;

/// The trigger that this statement creates.
pub(super) fn trigger(name: &str, create: &str) -> Trigger {
    read(name, create).unwrap_or_else(|| Trigger::unknown(name))
}

fn read(name: &str, create: &str) -> Option<Trigger> {
    let mut words = Pieces { text: create, at: 0 };
    while !words.next()?.is("TRIGGER") {}
    let mut piece = words.next()?;
    if piece.is("IF") {
        // IF NOT EXISTS
        words.next()?;
        words.next()?;
        piece = words.next()?;
    }
    // The name, which may be any word.
    let mut next = words.next()?;
    if next.text == "." {
        piece = words.next()?;
        next = words.next()?;
    }
    if piece.text.is_empty() {
        return None;
    }
    let timing = if next.is("AFTER") {
        next = words.next()?;
        TriggerTiming::After
    } else {
        if next.is("INSTEAD") {
            words.next()?;
            next = words.next()?;
        } else if next.is("BEFORE") {
            next = words.next()?;
        }
        TriggerTiming::Before
    };
    let (is_on_insert, is_on_update, is_on_delete) =
        (next.is("INSERT"), next.is("UPDATE"), next.is("DELETE"));
    if !(is_on_insert || is_on_update || is_on_delete) {
        return None;
    }
    let mut before = next;
    loop {
        let piece = words.next()?;
        if piece.is("BEGIN") && before.text != "." {
            return Some(Trigger {
                name: name.to_owned(),
                timing,
                is_on_insert,
                is_on_update,
                is_on_delete,
                condition: None,
                body: Some(
                    create
                        .get(piece.start..)?
                        .trim_end()
                        .trim_end_matches(';')
                        .to_owned(),
                ),
                writes: None,
            });
        }
        before = piece;
    }
}

/// A word, a quoted name or literal, or another character.
#[derive(Clone, Copy)]
struct Piece<'t> {
    text: &'t str,
    start: usize,
}

impl Piece<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }
}

/// The pieces of a text, without blanks and comments.
struct Pieces<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        loop {
            let rest = self.text.get(self.at..)?;
            let first = rest.chars().next()?;
            let until = |end: &str, more: usize| rest.find(end).map_or(rest.len(), |at| at + more);
            let (length, is_piece) = match first {
                first if first.is_whitespace() => (first.len_utf8(), false),
                '-' if rest.starts_with("--") => (until("\n", 1), false),
                '/' if rest.starts_with("/*") => (until("*/", 2), false),
                '\'' | '"' | '`' => (rest.get(1..)?.find(first).map_or(rest.len(), |end| end + 2), true),
                '[' => (until("]", 1), true),
                first if of_word(first) => (rest.find(|c| !of_word(c)).unwrap_or(rest.len()), true),
                other => (other.len_utf8(), true),
            };
            let start = self.at;
            self.at += length;
            if is_piece {
                let text = rest.get(..length)?;
                return Some(Piece { text, start });
            }
        }
    }
}

fn of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$' || !character.is_ascii()
}
