//! What is told of a result that cannot have been true.

use std::fmt;

use super::clock::NEVER;
use super::fact::{NULL, Tuple, WIDTH};
use super::history::Version;
use super::unit::UnitId;
use super::world::Span;

/// A result, or a state of the database, that no order of the writes explains.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    /// In one line.
    pub(crate) what: String,
    /// The statement with its values.
    pub(crate) statement: String,
    pub(crate) source: String,
    pub(crate) span: Span,
    pub(crate) found: Vec<Tuple>,
    pub(crate) expected: Vec<Tuple>,
    /// The writes around it.
    pub(crate) writes: Vec<(UnitId, Vec<Version>)>,
    /// The command that runs the round again.
    pub(crate) again: String,
}

/// Writes that are shown of each unit.
const WRITES_SHOWN: usize = 8;

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "VIOLATION: {}", self.what)?;
        writeln!(f, "  statement: {}", self.statement)?;
        writeln!(
            f,
            "  answered by {} in {}..{}",
            self.source, self.span.start, self.span.end
        )?;
        writeln!(f, "  result:   {}", rows(&self.found))?;
        writeln!(
            f,
            "  expected: {} (after all writes that had begun)",
            rows(&self.expected)
        )?;
        for (unit, versions) in &self.writes {
            writeln!(f, "  {:?} {}:", unit.family, unit.index)?;
            for version in versions.iter().rev().take(WRITES_SHOWN).rev() {
                let until = match version.superseded {
                    NEVER => "now".to_owned(),
                    moment => moment.to_string(),
                };
                let work = version
                    .work
                    .as_ref()
                    .map_or("as it began".to_owned(), |work| work.to_string());
                writeln!(f, "    #{} {}..{until}: {work}", version.number, version.begun)?;
            }
        }
        write!(f, "  again: {}", self.again)
    }
}

/// Rows without the zeros behind them.
fn rows(rows: &[Tuple]) -> String {
    let width = (0..WIDTH)
        .rev()
        .find(|position| rows.iter().any(|row| row[*position] != 0))
        .map_or(1, |position| position + 1);
    let texts: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells: Vec<String> = row[..width]
                .iter()
                .map(|cell| match *cell {
                    NULL => "NULL".to_owned(),
                    cell => cell.to_string(),
                })
                .collect();
            format!("({})", cells.join(", "))
        })
        .collect();
    if texts.is_empty() {
        return "no rows".to_owned();
    }
    texts.join(" ")
}
