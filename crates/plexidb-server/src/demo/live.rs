//! The two runs side by side while they run: a small table that is redrawn in place, or lines where that is not possible.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use super::load::Moment;
use super::{figures, say};
use crate::terminal::Terminal;

#[cfg(test)]
mod tests;

/// Where lines are written, one comes this often.
const LINE_INTERVAL: Duration = Duration::from_secs(2);

/// Shows the runs on the error stream; what it drew is gone when it is dropped.
pub(super) struct LiveView {
    terminal: Terminal,
    duration: Duration,
    direct: Option<Moment>,
    layer: Option<Moment>,
    lines_drawn: usize,
    next_line_at: Duration,
}

impl LiveView {
    pub(super) fn new(terminal: Terminal, duration: Duration) -> Self {
        Self {
            terminal,
            duration,
            direct: None,
            layer: None,
            lines_drawn: 0,
            next_line_at: LINE_INTERVAL,
        }
    }

    /// A moment of the direct run.
    pub(super) fn show_direct(&mut self, moment: Moment) {
        self.direct = Some(moment);
        self.show("directly", moment);
    }

    /// A moment of the run through the layer.
    pub(super) fn show_layer(&mut self, moment: Moment) {
        if self.layer.is_none() {
            self.next_line_at = LINE_INTERVAL;
        }
        self.layer = Some(moment);
        self.show("plexidb", moment);
    }

    fn show(&mut self, run: &str, moment: Moment) {
        if self.terminal.is_live {
            let table = table(self.direct, self.layer, self.duration);
            self.redraw(&table);
        } else if moment.elapsed >= self.next_line_at {
            self.next_line_at += LINE_INTERVAL;
            say(&line(run, moment));
        }
    }

    fn redraw(&mut self, table: &str) {
        let mut text = String::new();
        if self.lines_drawn > 0 {
            // Up to the first line and to its start, then clear to the end of the screen.
            let _ = write!(text, "\x1b[{}A\r\x1b[J", self.lines_drawn);
        }
        text.push_str(table);
        self.lines_drawn = table.lines().count();
        // Where the error stream is closed there is nobody to show it to.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        self.redraw("");
    }
}

/// One line of a run.
fn line(run: &str, moment: Moment) -> String {
    format!(
        "{run}: {:.0} s, {} operations/s, p50 {}, p99 {}, hit ratio {}",
        moment.elapsed.as_secs_f64(),
        figures::count(moment.operations_per_second as u64),
        figures::duration(moment.p50),
        figures::duration(moment.p99),
        figures::percent(moment.hit_ratio),
    )
}

/// One figure of a moment.
type Show = fn(Moment) -> String;

/// Both runs, each line ended.
fn table(direct: Option<Moment>, layer: Option<Moment>, duration: Duration) -> String {
    let cell = |moment: Option<Moment>, show: Show| moment.map_or("–".into(), show);
    let mut text = format!("{:14}{:>14}{:>14}\n", "", "directly", "plexidb");
    let rows: [(&str, Show); 4] = [
        ("operations/s", |moment| {
            figures::count(moment.operations_per_second as u64)
        }),
        ("p50", |moment| figures::duration(moment.p50)),
        ("p99", |moment| figures::duration(moment.p99)),
        ("hit ratio", |moment| figures::percent(moment.hit_ratio)),
    ];
    for (name, show) in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{name:14}{:>14}{:>14}",
            cell(direct, show),
            cell(layer, show)
        );
    }
    let seconds = |moment: Option<Moment>| {
        let elapsed = moment.map_or(Duration::ZERO, |moment| moment.elapsed.min(duration));
        format!(
            "{:.0} of {:.0} s",
            elapsed.as_secs_f64(),
            duration.as_secs_f64().ceil()
        )
    };
    let _ = writeln!(text, "{:14}{:>14}{:>14}", "time", seconds(direct), seconds(layer));
    text
}
