//! A statement that failed: what is told of it, with the place where the database points to.

use std::fmt;
use std::io;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// The most characters of a line that are quoted.
const QUOTED_CHARS_MAX: usize = 76;

/// Why a statement or command gave no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The library or the database refused.
    Database(plexidb::Error),
    /// It makes no sense here.
    Refused(String),
    /// Its time was over.
    TimedOut { after: Duration, was_rolled_back: bool },
    /// Ctrl-C.
    Interrupted { was_rolled_back: bool },
    /// The answer could not be written.
    Output(io::Error),
}

impl From<plexidb::Error> for Failure {
    fn from(error: plexidb::Error) -> Self {
        Self::Database(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rollback = |was_rolled_back: &bool| {
            if *was_rolled_back {
                "; the transaction was rolled back"
            } else {
                ""
            }
        };
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Refused(reason) => f.write_str(reason),
            Self::TimedOut {
                after,
                was_rolled_back,
            } => {
                write!(
                    f,
                    "timed out after {after:?}; the statement was cancelled{}",
                    rollback(was_rolled_back)
                )
            }
            Self::Interrupted { was_rolled_back } => write!(f, "cancelled{}", rollback(was_rolled_back)),
            Self::Output(error) => write!(f, "cannot write the output: {error}"),
        }
    }
}

impl Failure {
    /// The message, and the statement's line with a caret under the place of the error where the database tells it.
    pub(super) fn report(&self, sql: &str) -> String {
        let place = match self {
            Self::Database(error) => position(error).and_then(|position| marked_line(sql, position)),
            _ => None,
        };
        match (self, place) {
            // Whoever pressed Ctrl-C made no error.
            (Self::Interrupted { .. }, _) => self.to_string(),
            (_, Some(place)) => format!("error: {self}\n{place}"),
            (_, None) => format!("error: {self}"),
        }
    }

    /// Whether nobody reads the output any more, as in `plexidb … | head`.
    pub(super) fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn position(error: &plexidb::Error) -> Option<u32> {
    error.driver()?.sql_error()?.position
}

/// The line of the statement that holds this character (from 1), and a caret under it.
fn marked_line(sql: &str, position: u32) -> Option<String> {
    let index = usize::try_from(position).ok()?.checked_sub(1)?;
    let before: String = sql.chars().take(index).collect();
    let line_number = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line: Vec<char> = sql
        .get(line_start..)?
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .collect();
    // The end of the statement is a place as well: a caret behind the last character.
    let column = before.get(line_start..)?.chars().count().min(line.len());
    let first = column.saturating_sub(QUOTED_CHARS_MAX * 3 / 4);
    let last = (first + QUOTED_CHARS_MAX).min(line.len());
    let (head, tail) = (
        if first > 0 { "…" } else { "" },
        if last < line.len() { "…" } else { "" },
    );
    let prefix = format!("line {line_number}: {head}");
    let quoted: String = line
        .get(first..last)?
        .iter()
        .map(|c| if c.is_control() { ' ' } else { *c })
        .collect();
    let indent = " ".repeat(prefix.chars().count() + column - first);
    Some(format!("{prefix}{quoted}{tail}\n{indent}^"))
}
