//! What a run found, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::history::{Counts, History};
use super::run::Plan;
use super::trouble::Incident;

/// Episodes with a fault of one kind.
#[derive(Debug, Default, Serialize)]
struct Faults {
    count: u64,
    /// The longest time from the end of one until each node hit its cache and wrote again.
    healed_ms_max: u128,
}

/// What was done on one database, and what was wrong.
#[derive(Debug, Serialize)]
pub struct NodesFindings {
    database: String,
    coherence: &'static str,
    seed: u64,
    counts: Counts,
    episodes: u64,
    faults: BTreeMap<String, Faults>,
    seconds: f64,
    violations: Vec<String>,
    schedule: Vec<String>,
}

impl NodesFindings {
    pub(super) fn new(plan: &Plan, history: &History, incidents: &[Incident], took: Duration) -> Self {
        let mut faults: BTreeMap<String, Faults> = BTreeMap::new();
        for incident in incidents {
            for fault in &incident.episode.faults {
                let kind = faults.entry(format!("{:?}", fault.kind)).or_default();
                kind.count += 1;
                kind.healed_ms_max = kind.healed_ms_max.max(incident.healed_after.as_millis());
            }
        }
        let schedule = incidents.iter().map(|incident| {
            format!(
                "{:8.3} s: episode {}; all well {} ms later",
                incident.at.as_secs_f64(),
                incident.episode,
                incident.healed_after.as_millis()
            )
        });
        Self {
            database: plan.product.to_string(),
            coherence: if plan.is_strict { "strict" } else { "bounded" },
            seed: plan.seed,
            counts: history.counts(),
            episodes: incidents.len() as u64,
            faults,
            seconds: took.as_secs_f64(),
            violations: history.violations(),
            schedule: schedule.collect(),
        }
    }

    /// What is not as it must be.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Reads whose rows were checked.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.counts.reads.values().sum()
    }

    /// Reads that this answered: `L1`, `L2`, `Coalesced` or `Database`.
    #[must_use]
    pub fn reads_by(&self, source: &str) -> u64 {
        self.counts.reads.get(source).copied().unwrap_or(0)
    }

    /// Writes that took effect and were acknowledged.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.counts.writes
    }

    /// Times that something was made to fail.
    #[must_use]
    pub fn episodes(&self) -> u64 {
        self.episodes
    }

    /// In words; with the schedule of the faults where something is wrong.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            database,
            coherence,
            seed,
            counts,
            seconds,
            violations,
            ..
        } = self;
        let mut text = format!(
            "{database}, {coherence}, seed {seed}, {seconds:.0} s: {} violations\n  reads {:?}; failed {}; longest {} ms\n  \
             writes acknowledged {} (of two pairs {}, unannounced {}), void {}, of unknown outcome {}, failed {}; longest {} ms\n  \
             episodes {}; of each kind of fault their number and the longest time until all nodes were well:",
            violations.len(),
            counts.reads,
            counts.reads_failed,
            counts.read_ms_max,
            counts.writes,
            counts.writes_of_two_pairs,
            counts.writes_unannounced,
            counts.writes_void,
            counts.writes_unknown,
            counts.writes_failed,
            counts.write_ms_max,
            self.episodes,
        );
        for (kind, Faults { count, healed_ms_max }) in &self.faults {
            let _ = write!(text, " {kind} {count} ({healed_ms_max} ms)");
        }
        if !violations.is_empty() {
            let _ = write!(
                text,
                "\n\n{}\n\nthe faults (replay with --seed {seed}):\n{}",
                violations.join("\n"),
                self.schedule.join("\n")
            );
        }
        text
    }
}
