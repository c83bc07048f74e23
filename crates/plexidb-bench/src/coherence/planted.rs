//! The checker checked: faults that are planted into the protocol, each of which it must find.
//!
//! Invariant: one fault at a time, since it is planted into the whole process; it is healed when its trial is over.

use std::time::Instant;

use anyhow::Result;
use plexidb::planted::{self, Fault};
use serde::Serialize;

use super::plan::{Plan, Trouble};
use super::tally::Tally;
use super::unit::Family;
use super::{open, round};
use crate::product::Product;

/// Operations within which a fault must be found.
const OPERATIONS_MAX: u64 = 400_000;
const OPERATIONS_PER_ROUND: u64 = 4_000;

/// How a planted fault was found.
#[derive(Clone, Debug, Serialize)]
pub struct PlantedFault {
    /// The fault.
    pub fault: String,
    /// Where it was looked for.
    pub database: String,
    /// Operations that were checked until then.
    pub operations: u64,
    /// How long it took, the start of the server not counted.
    pub seconds: f64,
    /// What showed it; `None` where it was not found.
    pub violation: Option<String>,
}

/// Heals whatever is planted.
pub(crate) struct Healing;

impl Drop for Healing {
    fn drop(&mut self) {
        planted::plant(None);
    }
}

/// Plants the fault and looks for it.
///
/// # Errors
///
/// Where a server cannot be started or a round cannot be run.
pub async fn find_planted(fault: Fault, seed: u64) -> Result<PlantedFault> {
    let (product, plan) = trial(fault, seed)?;
    let bench = open(product).await?;
    planted::plant(Some(fault));
    let _healing = Healing;
    let started = Instant::now();
    let mut total = Tally::default();
    let mut violation = None;
    for number in 0.. {
        let (tally, found) = round::run(
            &bench,
            Plan {
                number,
                ..plan.clone()
            },
        )
        .await?;
        total.add(&tally);
        violation = found.first().map(ToString::to_string);
        if violation.is_some() || total.checked() >= OPERATIONS_MAX {
            break;
        }
    }
    Ok(PlantedFault {
        fault: format!("{fault:?}"),
        database: product.to_string(),
        operations: total.checked(),
        seconds: started.elapsed().as_secs_f64(),
        violation,
    })
}

/// Where a fault is looked for: what is written and read, and what goes wrong besides.
fn trial(fault: Fault, seed: u64) -> Result<(Product, Plan)> {
    use Family::{Accounts, Gauge, Orders, People, Posts, Seats};
    let (product, families, trouble, writes_per_mille) = match fault {
        Fault::StampAfterRead => (Product::Postgres, vec![Posts], Trouble::Nothing, 200),
        Fault::InvalidateBeforeWrite | Fault::NeverInvalidate | Fault::ReleaseInsteadOfEnd => {
            (Product::Sqlite, vec![Posts, Accounts], Trouble::Nothing, 100)
        }
        Fault::InvalidateAfterCommit => (Product::Postgres, vec![Accounts], Trouble::Nothing, 100),
        Fault::SkipDoubt => (
            Product::MariaDb,
            vec![Accounts, Seats, Orders],
            Trouble::Outage,
            60,
        ),
        Fault::JoinStaleFlight => (Product::MariaDb, vec![Seats], Trouble::Delays, 300),
        Fault::ForgetUnknownKeys | Fault::ForgetLearntKeys | Fault::ForgetOldKey => {
            (Product::Sqlite, vec![Posts, Seats], Trouble::Nothing, 100)
        }
        Fault::SkipGuards => (Product::Postgres, vec![Posts, People], Trouble::Nothing, 200),
        Fault::SilentDdl => (Product::Sqlite, vec![Orders, Gauge], Trouble::SchemaChanges, 200),
        Fault::SkipPosition | Fault::LeakLease | Fault::RetryUnknownWrite => {
            anyhow::bail!("the chaos run looks for {fault:?}")
        }
    };
    let plan = Plan {
        seed,
        number: 0,
        families,
        writes_per_mille,
        trouble,
        operations: OPERATIONS_PER_ROUND,
        shapes: usize::MAX,
    };
    Ok((product, plan))
}
