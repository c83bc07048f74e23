//! What goes wrong on purpose beside the workers of a round.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use plexidb::{Dialect, params};
use plexidb_testkit::Traffic;
use tokio::task::JoinSet;

use super::dice::Dice;
use super::plan::Trouble;
use super::round::Round;
use super::run_work::Outcome;
use super::tally::Tally;

/// Writers of one key at a time.
const CROWD: u64 = 1_000;
/// Bytes of the server's answers among which a connection is reset: some answers of this size.
const BYTES_TO_RESET: u64 = 600;
/// Units that are locked at once.
const LOCKS: u32 = 3;
/// How long to wait where there is no connection.
const PAUSE: Duration = Duration::from_millis(5);
/// The worker number of the dice of this task.
const STREAM: u64 = 1 << 20;

/// Makes the round's trouble until the round is over.
pub(crate) async fn make(round: Arc<Round>) -> Result<Tally> {
    let mut dice = round.plan.dice(STREAM, 0);
    match round.plan.trouble {
        Trouble::Nothing | Trouble::DroppedFutures | Trouble::Timeouts => Ok(Tally::default()),
        Trouble::Resets => reset(&round, &mut dice).await,
        Trouble::Delays => delay(&round, &mut dice).await,
        Trouble::Outage => cut_off(&round, &mut dice).await,
        Trouble::Restart => restart(&round).await,
        Trouble::SchemaChanges => change_schema(&round, &mut dice).await,
        Trouble::Crowd => Ok(crowd(&round).await),
    }
}

async fn reset(round: &Round, dice: &mut Dice) -> Result<Tally> {
    let mut tally = Tally::default();
    let Some(proxy) = round.bench.site.proxy() else {
        return Ok(tally);
    };
    while !round.is_over() {
        if dice.per_mille(40) {
            tokio::task::block_in_place(|| proxy.reset_connections())?;
        } else {
            proxy.reset_after_server_bytes(dice.below(BYTES_TO_RESET));
        }
        tally.disturbances += 1;
        tokio::time::sleep(Duration::from_millis(10 + dice.below(60))).await;
    }
    // A reset that has not come yet comes now, and not while the round is compared.
    proxy.reset_after_server_bytes(u64::MAX);
    Ok(tally)
}

async fn delay(round: &Round, dice: &mut Dice) -> Result<Tally> {
    let mut tally = Tally::default();
    let Some(proxy) = round.bench.site.proxy() else {
        return Ok(tally);
    };
    while !round.is_over() {
        let late = Traffic::Delay(Duration::from_micros(500 + dice.below(3_000)));
        for traffic in [late, Traffic::Pass] {
            tokio::task::block_in_place(|| proxy.set(traffic))?;
            tokio::time::sleep(Duration::from_millis(10 + dice.below(60))).await;
        }
        tally.disturbances += 1;
    }
    Ok(tally)
}

/// Locks rows and refuses new connections, so that writes which are dropped meanwhile cannot be cancelled and wait in the
/// server.
async fn cut_off(round: &Round, dice: &mut Dice) -> Result<Tally> {
    let mut tally = Tally::default();
    let Some(proxy) = round.bench.site.proxy() else {
        return Ok(tally);
    };
    while !round.is_over() {
        let Ok(mut transaction) = round.database.begin().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        for _ in 0..LOCKS {
            let family = dice.pick(&round.plan.families);
            let Some(rows) = family.rows_of_unit(dice.skewed(family.units() as i64)) else {
                continue;
            };
            // It may meet a deadlock or a lost connection: then there are fewer locks.
            let _ = transaction
                .query(&format!("SELECT * FROM {rows} FOR UPDATE"), params![])
                .await;
        }
        tokio::task::block_in_place(|| proxy.set(Traffic::Refuse))?;
        tokio::time::sleep(Duration::from_millis(5 + dice.below(30))).await;
        let _ = transaction.rollback().await;
        tokio::time::sleep(Duration::from_millis(dice.below(10))).await;
        tokio::task::block_in_place(|| proxy.set(Traffic::Pass))?;
        tally.disturbances += 1;
        tokio::time::sleep(Duration::from_millis(dice.below(30))).await;
    }
    Ok(tally)
}

/// Kills the server in the middle of the round.
async fn restart(round: &Round) -> Result<Tally> {
    let half = round.plan.operations / 2;
    while !round.is_over() && round.made.load(Ordering::Relaxed) < half {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::task::block_in_place(|| round.bench.site.kill_and_restart())?;
    Ok(Tally {
        restarts: 1,
        ..Tally::default()
    })
}

async fn change_schema(round: &Round, dice: &mut Dice) -> Result<Tally> {
    let mut tally = Tally::default();
    let drop_index = match round.database.dialect() {
        Dialect::MySql => "DROP INDEX posts_amount ON posts",
        Dialect::Sqlite | Dialect::Postgres => "DROP INDEX posts_amount",
    };
    let changes = [
        "CREATE INDEX posts_amount ON posts (amount)",
        "ALTER TABLE posts ADD COLUMN extra INTEGER",
        drop_index,
        "ALTER TABLE posts DROP COLUMN extra",
    ];
    // All of them also where the round is over, so that the next one finds the schema as it was.
    for change in changes.iter().cycle() {
        if round.is_over() && *change == changes[0] {
            break;
        }
        while let Err(error) = round.database.execute(change, params![]).await {
            let is_locked = super::run_work::is_worth_a_retry(&error, round.database.dialect());
            anyhow::ensure!(is_locked, "{change}: {error}");
        }
        tally.disturbances += 1;
        tokio::time::sleep(Duration::from_millis(dice.below(60))).await;
    }
    Ok(tally)
}

/// Adds to one counter from many tasks at once.
async fn crowd(round: &Arc<Round>) -> Tally {
    let mut tasks = JoinSet::new();
    for number in 0..CROWD {
        let round = Arc::clone(round);
        tasks.spawn(async move {
            let mut dice = round.plan.dice(STREAM + 1 + number, 0);
            round
                .bench
                .counters
                .add(&round.database, 0, &mut dice, None)
                .await
        });
    }
    let mut tally = Tally {
        disturbances: 1,
        ..Tally::default()
    };
    while let Some(outcome) = tasks.join_next().await {
        match outcome {
            Ok(Outcome::Done) => tally.writes += 1,
            Ok(Outcome::Doubt) | Err(_) => tally.doubts += 1,
            Ok(Outcome::Nothing(_)) => tally.failed_writes += 1,
        }
    }
    tally
}
