//! What came out, as a table for people.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle, presets};
use plexidb::{CacheStats, Dialect};
use plexidb_workloads::chat::Kind;

use super::check::Verdict;
use super::figures;
use super::latency::Latencies;
use super::load::{Load, Side};
use crate::terminal::{Style, Terminal};

#[cfg(test)]
mod tests;

/// All that was measured.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) dialect: Dialect,
    pub(super) server_version: String,
    pub(super) load: Load,
    /// How long the database took to generate, where it was not there.
    pub(super) generated_in: Option<Duration>,
    pub(super) direct: Side,
    pub(super) layer: Side,
    /// After the run through the layer.
    pub(super) cache: CacheStats,
    pub(super) verdict: Verdict,
}

impl Outcome {
    /// How many times as many operations the layer made.
    pub(super) fn gain(&self) -> f64 {
        ratio(
            self.layer.operations_per_second(),
            self.direct.operations_per_second(),
        )
    }

    /// What the database would have needed for the hits, at the direct run's mean of each operation, less what they
    /// took; negative where the cache was no gain.
    pub(super) fn database_time_saved_s(&self) -> f64 {
        let saved = Kind::ALL.iter().map(|kind| {
            let layer = self.layer.tally.kind(*kind);
            let mean = self.direct.tally.kind(*kind).latencies.mean();
            layer.hits as f64 * mean.as_secs_f64() - layer.hits_took.as_secs_f64()
        });
        saved.sum()
    }
}

/// 0 where there is nothing to divide by.
pub(super) fn ratio(dividend: f64, divisor: f64) -> f64 {
    if divisor > 0.0 { dividend / divisor } else { 0.0 }
}

/// The report as text, in colour where the terminal takes it.
pub(super) fn render(outcome: &Outcome, terminal: Terminal) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "\n{}\n\n{}\n",
        heading(outcome),
        operations(outcome).trim_fmt()
    );
    for (name, value) in totals(outcome, terminal) {
        let _ = writeln!(text, "{name:21}{value}");
    }
    let _ = write!(text, "{}", verdict(&outcome.verdict, terminal));
    text
}

fn heading(outcome: &Outcome) -> String {
    let Load {
        scale,
        workers,
        duration,
        mix,
        seed,
        ..
    } = outcome.load;
    format!(
        "{} {}: {} users, {} channels, {} messages\n{} % reads, {workers} workers, {} each way, seed {seed}",
        outcome.dialect,
        outcome.server_version,
        figures::count(scale.users.into()),
        figures::count(scale.channels.into()),
        figures::count(scale.messages.into()),
        mix.reads_percent(),
        figures::duration(duration),
    )
}

/// One line under the header, and nothing else drawn: as many columns as fit 80 characters.
const STYLE: TableStyle = presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));

fn operations(outcome: &Outcome) -> Table {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Disabled);
    let header = [
        "",
        "\ncount",
        "directly\np50",
        "\np99",
        "plexidb\np50",
        "\np99",
        "\nspeed-up",
        "\nhits",
    ];
    table.set_header(header);
    for kind in Kind::ALL {
        let (direct, layer) = (outcome.direct.tally.kind(kind), outcome.layer.tally.kind(kind));
        let hits = ratio(layer.hits as f64, layer.latencies.count() as f64);
        let has_hits = kind.is_read() && layer.latencies.count() > 0;
        let hits = if has_hits {
            figures::percent(hits)
        } else {
            NONE.into()
        };
        table.add_row(row(kind.name(), &direct.latencies, &layer.latencies, hits));
    }
    let (direct, layer) = (&outcome.direct.tally, &outcome.layer.tally);
    let hits = figures::percent(layer.hit_ratio());
    table.add_row(row("all", &direct.latencies(), &layer.latencies(), hits));
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(index > 0), 0));
        if index > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Where there is no figure.
const NONE: &str = "–";

/// The count is that of the layer's run; the speed-up is that of the means, in which hits and misses both count.
fn row(name: &str, direct: &Latencies, layer: &Latencies, hits: String) -> [String; 8] {
    let percentiles = |latencies: &Latencies| match latencies.count() {
        0 => [NONE.into(), NONE.into()],
        _ => [50.0, 99.0].map(|percentile| figures::duration(latencies.percentile(percentile))),
    };
    let [direct_p50, direct_p99] = percentiles(direct);
    let [layer_p50, layer_p99] = percentiles(layer);
    let speed_up = ratio(direct.mean().as_secs_f64(), layer.mean().as_secs_f64());
    let speed_up = if speed_up > 0.0 {
        figures::factor(speed_up)
    } else {
        NONE.into()
    };
    let count = figures::count(layer.count());
    [
        name.into(),
        count,
        direct_p50,
        direct_p99,
        layer_p50,
        layer_p99,
        speed_up,
        hits,
    ]
}

fn totals(outcome: &Outcome, terminal: Terminal) -> Vec<(&'static str, String)> {
    let (direct, layer) = (&outcome.direct, &outcome.layer);
    let gain = terminal.paint(Style::Bold, &figures::factor(outcome.gain()));
    let mut totals = vec![
        (
            "operations/s",
            format!(
                "{} directly, {} through plexidb: {gain}",
                figures::count(direct.operations_per_second() as u64),
                figures::count(layer.operations_per_second() as u64),
            ),
        ),
        (
            "hit ratio",
            format!(
                "{} of {} reads",
                figures::percent(layer.tally.hit_ratio()),
                figures::count(layer.tally.reads())
            ),
        ),
        (
            "database time saved",
            format!(
                "{:.1} s, for {} hits",
                outcome.database_time_saved_s(),
                figures::count(layer.tally.hits())
            ),
        ),
        (
            "cache",
            format!(
                "{} in {} entries",
                figures::bytes(outcome.cache.bytes),
                figures::count(outcome.cache.entries)
            ),
        ),
    ];
    let retries = [direct.tally.retries, layer.tally.retries];
    if retries != [0, 0] {
        totals.push((
            "retries",
            format!(
                "{} directly, {} through plexidb (deadlocks, locks)",
                retries[0], retries[1]
            ),
        ));
    }
    totals
}

fn verdict(verdict: &Verdict, terminal: Terminal) -> String {
    match verdict {
        Verdict::Equal(compared) if compared.reads == 0 => "check                no reads compared".into(),
        Verdict::Equal(compared) => format!(
            "check                {} reads compared ({} from the cache, {} writes between): {}",
            figures::count(compared.reads),
            figures::count(compared.from_cache),
            figures::count(compared.writes),
            terminal.paint(Style::Green, "all equal"),
        ),
        Verdict::Differs(difference) => {
            format!(
                "check                {}\n{difference}",
                terminal.paint(Style::Red, "not equal")
            )
        }
    }
}
