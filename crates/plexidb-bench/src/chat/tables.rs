//! The measured modes as tables for people, and as figures.

use comfy_table::{CellAlignment, Table};
use plexidb::StatementStats;
use plexidb_workloads::chat::Kind;

use super::mode::Mode;
use super::ratio::Ratio;
use super::tally::Counts;
use super::{Measured, Outcome, Side, Size};
use crate::figure::{Goal, Report};
use crate::paired::median;
use crate::product::Product;

/// At most so many percent of the results that are fetched again may be unchanged.
const UNNEEDED_PERCENT_MAX: f64 = 5.0;

/// Beyond it, entries may have made room for others.
const CACHE_USE_MAX: f64 = 0.8;

impl Side {
    fn rate(&self) -> f64 {
        median(self.rates.iter().copied())
    }

    /// The share of the cache's memory that is in use: where it nears 1, evicted entries look like ones that were
    /// dropped without need.
    fn cache_use(&self) -> f64 {
        self.cache
            .map_or(0.0, |stats| stats.bytes as f64 / stats.bytes_max.max(1) as f64)
    }

    /// How many times as fast as another mode, slice by slice.
    fn rate_by(&self, other: &Self) -> f64 {
        median(
            self.rates
                .iter()
                .zip(&other.rates)
                .map(|(own, other)| own / other),
        )
    }
}

impl Outcome {
    fn side(&self, mode: Mode) -> Option<&Side> {
        self.sides.iter().find(|side| side.mode == mode)
    }
}

/// At least so many percent of the oracle's hits. MariaDB has no UPDATE … RETURNING.
fn of_oracle_percent_min(product: Product) -> f64 {
    match product {
        Product::Sqlite | Product::Postgres => 95.0,
        Product::MariaDb => 90.0,
    }
}

/// The figures that have a goal.
pub(super) fn goals(measured: &Measured, report: &mut Report) {
    let product = measured.product;
    for outcome in &measured.outcomes {
        let (Some(row), Some(direct)) = (outcome.side(Mode::Row), outcome.side(Mode::Direct)) else {
            continue;
        };
        let ratio = Ratio::of(outcome.mix);
        let reads = row.tally.reads();
        report.add(
            format!("chat {ratio} on {product}: hits, of the oracle's"),
            reads.of_oracle() * 100.0,
            "%",
            Goal::AtLeast(of_oracle_percent_min(product)),
        );
        report.add(
            format!("chat {ratio} on {product}: unneeded invalidations, of all"),
            reads.unneeded_share() * 100.0,
            "%",
            Goal::AtMost(UNNEEDED_PERCENT_MAX),
        );
        let goal = if outcome.mix.reads_percent() == 50 {
            Goal::AtLeast(1.0)
        } else {
            Goal::Stated
        };
        report.add(
            format!("chat {ratio} on {product}: operations/s, by direct"),
            row.rate_by(direct),
            "×",
            goal,
        );
    }
}

/// All figures, for programs.
pub(super) fn state(measured: &Measured, report: &mut Report) {
    for outcome in &measured.outcomes {
        let place = format!("chat {} on {}", Ratio::of(outcome.mix), measured.product);
        for side in &outcome.sides {
            let place = format!("{place}, {}", side.mode.name());
            let mut add = |figure: &str, value: f64, unit| {
                report.add(format!("{place}: {figure}"), value, unit, Goal::Stated);
            };
            add("operations", side.rate(), "1/s");
            add("retries", side.tally.retries as f64, "");
            if side.mode.precision().is_none() {
                continue;
            }
            add("cache in use", side.cache_use() * 100.0, "%");
            for kind in Kind::ALL.iter().filter(|kind| kind.is_read()) {
                let name = kind.name();
                let counts = side.tally.kind(*kind);
                add(&format!("{name}, reads"), counts.operations as f64, "");
                add(&format!("{name}, hits"), counts.hits as f64, "");
                add(&format!("{name}, first reads"), counts.first as f64, "");
                add(&format!("{name}, changed results"), counts.changed as f64, "");
                add(&format!("{name}, reads together"), counts.together as f64, "");
                add(&format!("{name}, writes in flight"), counts.in_flight as f64, "");
                add(&format!("{name}, unneeded misses"), counts.unneeded as f64, "");
            }
        }
    }
}

/// One line a ratio, one column a mode.
pub(super) fn overview(measured: &Measured, size: Size, workers: u32) -> String {
    let mut table = table();
    let mut header = vec!["reads:writes".to_owned()];
    header.extend(Mode::ALL.map(|mode| mode.name().to_owned()));
    header.extend(["oracle".to_owned(), "row, of the oracle".to_owned()]);
    let columns = header.len();
    table.set_header(header);
    for outcome in &measured.outcomes {
        let mut line = vec![Ratio::of(outcome.mix).to_string()];
        for side in &outcome.sides {
            let mut cell = format!("{}/s", thousands(side.rate()));
            if side.mode.precision().is_some() {
                cell.push_str(&format!("\n{} hits", percent(side.tally.reads().hit_ratio())));
            }
            line.push(cell);
        }
        let reads = outcome
            .side(Mode::Row)
            .map_or(Counts::default(), |row| row.tally.reads());
        line.push(format!("\n{} hits", percent(reads.oracle_ratio())));
        line.push(format!(
            "{} of its hits\n{} unneeded",
            percent(reads.of_oracle()),
            percent(reads.unneeded_share())
        ));
        table.add_row(line);
    }
    align_right(&mut table, 1..columns);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let is_full = measured
        .outcomes
        .iter()
        .flat_map(|outcome| &outcome.sides)
        .any(|side| side.cache_use() > CACHE_USE_MAX);
    let mut text = format!(
        "chat on {} {}: {workers} workers on {cores} cores; {} users, {} channels, {} messages; medians of {} slices of {} \
         operations\n{table}",
        measured.product,
        measured.version,
        thousands(size.scale.users.into()),
        thousands(size.scale.channels.into()),
        thousands(size.scale.messages.into()),
        size.rounds,
        thousands(size.operations_per_slice as f64),
    );
    if is_full {
        text.push_str("\nthe cache was nearly full: evicted entries count as dropped without need");
    }
    text
}

/// One line a kind of read, under row-precise invalidation.
pub(super) fn by_operation(measured: &Measured) -> String {
    let mut text = String::new();
    for outcome in &measured.outcomes {
        let Some(row) = outcome.side(Mode::Row) else {
            continue;
        };
        let mut table = table();
        table.set_header([
            "read",
            "reads",
            "first",
            "hits",
            "oracle",
            "of it",
            "changed",
            "together",
            "in flight",
            "unneeded",
            "share",
            "held",
            "coalesced",
            "off",
        ]);
        for kind in Kind::ALL.iter().filter(|kind| kind.is_read()) {
            let stats = row.statements.get(kind.index()).and_then(Option::as_ref);
            table.add_row(line(kind.name(), row.tally.kind(*kind), stats));
        }
        table.add_row(line("all", &row.tally.reads(), None));
        align_right(&mut table, 1..13);
        text.push_str(&format!(
            "{} {}, row, by operation; the last three columns are the layer's own, warming up included\n{table}\n",
            measured.product,
            Ratio::of(outcome.mix)
        ));
        if let Some(stats) = row.cache {
            text.push_str(&format!("the cache, warming up included: {stats:?}\n"));
        }
    }
    text
}

fn line(name: &str, counts: &Counts, stats: Option<&StatementStats>) -> [String; 14] {
    let count = |number: u64| thousands(number as f64);
    let of_layer =
        |number: fn(&StatementStats) -> u64| stats.map_or(String::new(), |stats| count(number(stats)));
    let off = stats.is_some_and(|stats| stats.is_switched_off);
    [
        name.to_owned(),
        count(counts.operations),
        count(counts.first),
        percent(counts.hit_ratio()),
        percent(counts.oracle_ratio()),
        percent(counts.of_oracle()),
        count(counts.changed),
        count(counts.together),
        count(counts.in_flight),
        count(counts.unneeded),
        percent(counts.unneeded_share()),
        of_layer(|stats| stats.held),
        of_layer(|stats| stats.coalesced),
        if off { "off".to_owned() } else { String::new() },
    ]
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table
}

fn align_right(table: &mut Table, columns: std::ops::Range<usize>) {
    for index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `1234567.8` as `1,234,568`.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
