//! The check checked: faults that are planted into plexidb, each of which it must find.
//!
//! Invariant: one fault at a time, since it is planted into the whole process; it is healed when its trial is over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use plexidb::planted::{self, Fault};

use super::arena::Arena;
use super::episode::Kind;
use super::run::{self, Plan};
use crate::coherence::{Healing, PlantedFault};
use crate::product::Product;

/// Within which a fault must be found; a run ends at the first violation.
const LENGTH: Duration = Duration::from_secs(20);

/// What is not in order by then stays so.
const QUIET_MAX: Duration = Duration::from_secs(6);

/// Plants each fault in turn and looks for it, on one set of PostgreSQL servers.
///
/// # Errors
///
/// Where a server cannot be started, or does not do what a fault asks of it.
pub async fn find_planted_in_chaos(faults: &[Fault], seed: u64) -> Result<Vec<PlantedFault>> {
    let arena = Arc::new(tokio::task::block_in_place(|| Arena::start(Product::Postgres))?);
    let mut found = Vec::new();
    for &fault in faults {
        planted::plant(Some(fault));
        let _healing = Healing;
        let started = Instant::now();
        let (length, only) = trial(fault)?;
        let mut operations = 0;
        let mut violation = None;
        // What a seed brings about depends on the machine as well: a few are tried.
        for seed in seed..seed.saturating_add(SEEDS) {
            let plan = Plan {
                seed,
                length,
                only,
                quiet_max: QUIET_MAX,
            };
            let findings = run::run(&arena, plan).await?;
            // A connection that leaked would be counted again in the next trial.
            tokio::task::block_in_place(|| arena.end_sessions())?;
            operations += findings.reads() + findings.writes();
            violation = findings.violations().first().cloned();
            if violation.is_some() {
                break;
            }
        }
        found.push(PlantedFault {
            fault: format!("{fault:?}"),
            database: Product::Postgres.to_string(),
            operations,
            seconds: started.elapsed().as_secs_f64(),
            violation,
        });
    }
    Ok(found)
}

/// So many seeds are tried for each fault.
const SEEDS: u64 = 5;

/// For how long and under what a fault is looked for.
fn trial(fault: Fault) -> Result<(Duration, &'static [Kind])> {
    Ok(match fault {
        Fault::SkipPosition => (LENGTH, &[Kind::PausedReplay]),
        // It shows when all is quiet.
        Fault::LeakLease => (Duration::from_secs(2), &[Kind::Resets]),
        Fault::RetryUnknownWrite => (Duration::from_secs(6), &[Kind::LostAnswers]),
        other => bail!("the checker of coherence looks for {other:?}"),
    })
}
