//! The footer of an answer: how much, how long, from where.

use std::time::Duration;

use plexidb::Source;

use crate::sql::session::{Answer, Timed};

#[cfg(test)]
mod tests;

/// What is told after an answer.
pub(in crate::sql) struct Summary {
    facts: String,
    elapsed: Duration,
    source: Option<Source>,
}

impl Summary {
    /// The footer of an answer of which at most so many rows were printed.
    pub(super) fn of(timed: &Timed, rows_max: usize) -> Self {
        let (facts, source) = match &timed.answer {
            Answer::Rows(rows) if rows.len() > rows_max => (
                format!(
                    "first {} of {}",
                    grouped(rows_max as u64),
                    count(rows.len() as u64)
                ),
                Some(rows.source()),
            ),
            Answer::Rows(rows) => (count(rows.len() as u64), Some(rows.source())),
            Answer::Changed(rows) => (format!("{} changed", count(*rows)), None),
            Answer::Done => ("done".to_owned(), None),
        };
        Self {
            facts,
            elapsed: timed.elapsed,
            source,
        }
    }

    /// The footer of rows that were streamed.
    pub(in crate::sql) fn streamed(rows: u64, elapsed: Duration) -> Self {
        Self {
            facts: count(rows),
            elapsed,
            source: Some(Source::Database),
        }
    }

    /// `(3 rows)`, or `(3 rows, 412 µs, from L1)`.
    pub(super) fn text(&self, has_timing: bool) -> String {
        let mut text = format!("({}", self.facts);
        if has_timing {
            text.push_str(&format!(", {}", describe_duration(self.elapsed)));
            text.extend(self.source.map(|source| format!(", from {source}")));
        }
        text.push(')');
        text
    }
}

/// A time in the unit that a person would choose.
fn describe_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        _ if seconds < 0.001 => format!("{:.0} µs", seconds * 1e6),
        _ if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 60.0 => format!("{seconds:.2} s"),
        _ => format!("{} min {:.0} s", duration.as_secs() / 60, duration.as_secs() % 60),
    }
}

fn count(rows: u64) -> String {
    format!("{} row{}", grouped(rows), if rows == 1 { "" } else { "s" })
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
