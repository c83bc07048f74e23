//! How far the generation is: a bar on a terminal, lines elsewhere.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use plexidb_workloads::chat::{Progress, Step};

use super::{figures, say};
use crate::terminal::Terminal;

/// Where lines are written, one comes this often.
const LINE_INTERVAL: Duration = Duration::from_secs(2);

/// Shows the progress on the error stream.
pub(super) struct GenerationProgress {
    /// None where lines are written.
    bar: Option<ProgressBar>,
    start: Instant,
    last_line: Instant,
    step: Step,
}

impl GenerationProgress {
    pub(super) fn new(terminal: Terminal) -> Self {
        let now = Instant::now();
        let bar = terminal.is_live.then(|| {
            let template = "{msg:10} {bar:30} {human_pos} of {human_len} rows, {rows_per_second} a second";
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .with_key(
                    "rows_per_second",
                    |state: &ProgressState, text: &mut dyn fmt::Write| {
                        // The bar's buffer takes any text.
                        let _ = text.write_str(&figures::count(state.per_sec() as u64));
                    },
                );
            let bar = ProgressBar::new(0).with_style(style).with_message("rows");
            // While indexes are made nothing else redraws it.
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self {
            bar,
            start: now,
            last_line: now,
            step: Step::Rows,
        }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        let is_new_step = progress.step != self.step;
        self.step = progress.step;
        if let Some(bar) = &self.bar {
            bar.set_length(progress.rows_total);
            bar.set_position(progress.rows_done);
            if is_new_step {
                bar.set_message("indexes");
            }
            return;
        }
        if is_new_step {
            say("making indexes");
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            let per_second = progress.rows_done as f64 / self.start.elapsed().as_secs_f64();
            say(&format!(
                "{} of {} rows, {} a second",
                figures::count(progress.rows_done),
                figures::count(progress.rows_total),
                figures::count(per_second as u64),
            ));
        }
    }
}

impl Drop for GenerationProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
