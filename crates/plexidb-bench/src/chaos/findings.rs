//! What a run found, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::tally::Counts;
use super::trouble::Incident;
use crate::product::Product;

/// Faults of one kind.
#[derive(Debug, Default, Serialize)]
struct Faults {
    count: u64,
    /// The longest time from the end of one to the next acknowledged write.
    healed_ms_max: u128,
}

/// What was done on one database, and what was wrong.
#[derive(Debug, Serialize)]
pub struct ChaosFindings {
    database: String,
    seed: u64,
    counts: Counts,
    /// Faults by their kind.
    faults: BTreeMap<String, Faults>,
    seconds: f64,
    violations: Vec<String>,
    schedule: Vec<String>,
}

impl ChaosFindings {
    pub(super) fn new(
        product: Product,
        seed: u64,
        counts: Counts,
        incidents: &[Incident],
        violations: Vec<String>,
        took: Duration,
    ) -> Self {
        let mut faults: BTreeMap<String, Faults> = BTreeMap::new();
        for incident in incidents {
            let kind = faults.entry(format!("{:?}", incident.episode.kind)).or_default();
            kind.count += 1;
            kind.healed_ms_max = kind.healed_ms_max.max(incident.healed_after.as_millis());
        }
        let schedule = incidents.iter().map(|incident| {
            format!(
                "{:8.3} s: episode {}; a write {} ms later",
                incident.at.as_secs_f64(),
                incident.episode,
                incident.healed_after.as_millis()
            )
        });
        Self {
            database: product.to_string(),
            seed,
            counts,
            faults,
            seconds: took.as_secs_f64(),
            violations,
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
        self.counts.reads
    }

    /// Reads that a replica answered.
    #[must_use]
    pub fn reads_of_replicas(&self) -> u64 {
        self.counts.of_replicas
    }

    /// Writes that were acknowledged.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.counts.writes
    }

    /// Faults that were made.
    #[must_use]
    pub fn episodes(&self) -> u64 {
        self.counts.episodes
    }

    /// In words; with the schedule of the faults where something is wrong.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            database,
            seed,
            counts,
            faults,
            seconds,
            violations,
            schedule,
        } = self;
        let mut text = format!(
            "{database}, seed {seed}, {seconds:.0} s: {} violations\n  \
             reads checked {}, of them by the cache {}, by replicas {}; failed {}, dropped {}, cancelled {}, streams {}\n  \
             writes acknowledged {}; failed {}, of unknown outcome {}, dropped {}\n  \
             faults {}, of each kind their number and the longest time from the end of one to the next acknowledged write:\n ",
            violations.len(),
            counts.reads,
            counts.hits,
            counts.of_replicas,
            counts.reads_failed,
            counts.reads_dropped,
            counts.cancelled,
            counts.streams,
            counts.writes,
            counts.writes_failed,
            counts.writes_unknown,
            counts.writes_dropped,
            counts.episodes,
        );
        for (kind, Faults { count, healed_ms_max }) in faults {
            let _ = write!(text, " {kind} {count} ({healed_ms_max} ms)");
        }
        if !violations.is_empty() {
            let _ = write!(
                text,
                "\n\n{}\n\nthe faults (replay with --seed {seed}):\n",
                violations.join("\n")
            );
            text.push_str(&schedule.join("\n"));
        }
        text
    }
}
