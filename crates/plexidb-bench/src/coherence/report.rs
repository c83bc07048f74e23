//! What a run found, for people and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::tally::Tally;
use super::violation::Violation;
use crate::product::Product;

/// What was checked on one database, and what was wrong.
#[derive(Debug, Serialize)]
pub struct Findings {
    database: String,
    seed: u64,
    checked: u64,
    hit_ratio: f64,
    counts: Tally,
    seconds: f64,
    violations: Vec<String>,
}

impl Findings {
    pub(crate) fn new(
        product: Product,
        seed: u64,
        counts: Tally,
        violations: Vec<Violation>,
        took: Duration,
    ) -> Self {
        Self {
            database: product.to_string(),
            seed,
            checked: counts.checked(),
            hit_ratio: counts.hit_ratio(),
            counts,
            seconds: took.as_secs_f64(),
            violations: violations.iter().map(ToString::to_string).collect(),
        }
    }

    /// Results that can never have been true, each with the writes around it.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Operations whose result was checked.
    #[must_use]
    pub fn checked(&self) -> u64 {
        self.checked
    }

    /// Reads that the cache answered, by all.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        self.hit_ratio
    }

    /// The first failure in a round in which nothing was made to fail.
    #[must_use]
    pub fn unexpected(&self) -> Option<&str> {
        self.counts.unexpected.as_deref()
    }

    /// The findings of all databases, as a table and the violations in full.
    #[must_use]
    pub fn text(all: &[Self]) -> String {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        let mut header = vec![String::new()];
        header.extend(all.iter().map(|findings| findings.database.clone()));
        table.set_header(header);
        for (label, value) in ROWS {
            let mut row = vec![(*label).to_owned()];
            row.extend(all.iter().map(value));
            table.add_row(row);
        }
        for column in 1..=all.len() {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut text = table.to_string();
        for findings in all {
            for violation in &findings.violations {
                let _ = write!(text, "\n\n{violation}");
            }
            if let Some(unexpected) = findings.unexpected() {
                let _ = write!(
                    text,
                    "\n\n{}: a failure without a fault: {unexpected}",
                    findings.database
                );
            }
        }
        text
    }
}

type Row = (&'static str, fn(&Findings) -> String);

const ROWS: &[Row] = &[
    ("operations checked", |findings| count(findings.checked)),
    ("reads answered by L1", |findings| count(findings.counts.hits)),
    ("reads that shared an execution", |findings| {
        count(findings.counts.coalesced)
    }),
    ("reads answered by the database", |findings| {
        count(findings.counts.fetched)
    }),
    ("hit ratio", |findings| {
        format!("{:.1} %", findings.hit_ratio * 100.0)
    }),
    ("writes acknowledged", |findings| count(findings.counts.writes)),
    ("reads compared when quiet", |findings| {
        count(findings.counts.compared)
    }),
    ("reads that could not be judged", |findings| {
        count(findings.counts.unjudged)
    }),
    ("faults: futures of reads dropped", |findings| {
        count(findings.counts.dropped_reads)
    }),
    ("faults: writes in doubt", |findings| {
        count(findings.counts.doubts)
    }),
    ("faults: writes failed without effect", |findings| {
        count(findings.counts.failed_writes)
    }),
    ("faults: reads failed", |findings| {
        count(findings.counts.failed_reads)
    }),
    ("faults: resets, delays, DDL, crowds", |findings| {
        count(findings.counts.disturbances)
    }),
    ("faults: server killed", |findings| {
        count(findings.counts.restarts)
    }),
    ("rounds", |findings| count(findings.counts.rounds)),
    ("seconds", |findings| format!("{:.0}", findings.seconds)),
    ("violations", |findings| count(findings.violations.len() as u64)),
];

/// A number in groups of three digits.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
