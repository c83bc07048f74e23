//! The end of a round: all is quiet, no doubt is left, and the layer answers as the database does.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use plexidb::{Manager, Params, RowSet, ValueRef};

use super::counters;
use super::fact::{Fact, Table, tuple, tuples};
use super::round::Round;
use super::schema::COUNTERS;
use super::tally::Tally;
use super::unit::{UnitId, unit_of};
use super::violation::Violation;
use super::work::list;
use super::world::Span;

/// How long it may take until the layer has made sure of all writes in doubt.
const DOUBT_MAX: Duration = Duration::from_secs(30);
/// Reads of each shape that are compared.
const READS_PER_SHAPE: u64 = 4;
/// The worker number of the dice of these reads.
const STREAM: u64 = 1 << 22;

/// Waits until nothing is in doubt, then compares the histories and the cache with the database.
pub(crate) async fn settle(round: &Round, manager: &Manager, tally: &mut Tally) -> Result<()> {
    if !resolve(round, manager).await {
        return Ok(());
    }
    compare_histories(round).await?;
    for id in 0..COUNTERS {
        let Some((value, _)) = counters::read(&round.database, id).await else {
            bail!("cannot read counter {id} when all is quiet");
        };
        if let Err(bounds) = round.bench.counters.settle(id, value) {
            report(
                round,
                format!(
                    "counter {id} is {value} when all is quiet, but must lie between {} and {}",
                    bounds.least, bounds.most
                ),
                String::new(),
            );
        }
    }
    compare_shapes(round, tally).await
}

/// Whether all writes in doubt are decided.
async fn resolve(round: &Round, manager: &Manager) -> bool {
    let started = Instant::now();
    loop {
        let slots = manager.stats().slots;
        let (held, abandoned) = slots.iter().fold((0, 0), |sum, (_, slots)| {
            (sum.0 + slots.held, sum.1 + slots.abandoned)
        });
        if abandoned > 0 {
            report(
                round,
                format!("{abandoned} writes were lost sight of"),
                String::new(),
            );
            return false;
        }
        if held == 0 {
            return true;
        }
        if started.elapsed() > DOUBT_MAX {
            report(
                round,
                format!("{held} slots are still held {DOUBT_MAX:?} after the last write"),
                String::new(),
            );
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn compare_histories(round: &Round) -> Result<()> {
    let mut facts = Vec::new();
    for table in Table::ALL {
        let names: Vec<&str> = table.columns().iter().map(|(name, _)| *name).collect();
        let sql = format!("SELECT {} FROM {}", names.join(", "), table.name());
        let rows = direct(round, &sql, &[]).await?;
        let Some(rows) = tuples(&rows) else {
            bail!("{} holds what nobody has written", table.name());
        };
        facts.extend(rows.into_iter().map(|cells| Fact { table, cells }));
    }
    facts.sort_unstable();
    let world = &round.bench.world;
    for unit in world.units() {
        let own: Vec<Fact> = facts
            .iter()
            .filter(|fact| unit_of(fact) == unit)
            .copied()
            .collect();
        if let Err(expected) = world.history(unit).settle(&own, world.clock.tick()) {
            report_state(round, unit, &own, expected);
        }
    }
    Ok(())
}

/// Every shape, for some of its values, through the layer (twice, so that the cache answers) and past it.
async fn compare_shapes(round: &Round, tally: &mut Tally) -> Result<()> {
    let shapes = &round.bench.shapes;
    for shape in &round.choice {
        for number in 0..READS_PER_SHAPE {
            let mut dice = round.plan.dice(STREAM + *shape as u64, number);
            let read = shapes.read(*shape, &mut dice);
            let params: Vec<ValueRef<'_>> = read.params.iter().map(|value| value.as_ref()).collect();
            let sql = &shapes.texts[*shape];
            let expected = direct(round, sql, &params).await?;
            for _ in 0..2 {
                let rows = round.database.query(sql, Params::Positional(&params)).await?;
                let source = rows.source();
                let found = rows.into_set();
                tally.compared += 1;
                if sorted(&found) != sorted(&expected) {
                    report(
                        round,
                        format!(
                            "\"{}\" differs from the database when all is quiet: {:?} ({source}) is not {:?}",
                            shapes.all[*shape].name,
                            found.rows(),
                            expected.rows()
                        ),
                        format!("{sql} {}", list(&read.params)),
                    );
                }
            }
        }
    }
    Ok(())
}

fn sorted(rows: &RowSet) -> Vec<String> {
    let mut texts: Vec<String> = rows.into_iter().map(|row| format!("{row:?}")).collect();
    texts.sort_unstable();
    texts
}

async fn direct(round: &Round, sql: &str, params: &[ValueRef<'_>]) -> Result<RowSet> {
    let execution = plexidb::Execution {
        no_cache: true,
        ..plexidb::Execution::default()
    };
    let mut attempts = 0;
    loop {
        let rows = round
            .database
            .query_with(sql, Params::Positional(params), execution)
            .await;
        match rows {
            Ok(rows) => return Ok(rows.into_set()),
            // Connections of before a restart are found to be dead one after the other.
            Err(error) if attempts >= 40 => return Err(error.into()),
            Err(_) => attempts += 1,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn report_state(round: &Round, unit: UnitId, found: &[Fact], expected: Vec<super::history::Version>) {
    let mut expected = expected;
    expected.reverse();
    round.report(Violation {
        what: format!(
            "{}: {:?} {} is in a state that no write explains: {found:?}",
            round.bench.site.product, unit.family, unit.index
        ),
        statement: "all tables, past the cache".to_owned(),
        source: "database".to_owned(),
        span: now(round),
        found: found.iter().map(|fact| fact.cells).collect(),
        expected: expected
            .last()
            .map(|version| version.facts.iter().map(|fact| fact.cells).collect())
            .unwrap_or_default(),
        writes: vec![(unit, expected)],
        again: round.again(),
    });
}

fn report(round: &Round, what: String, statement: String) {
    round.report(Violation {
        what: format!("{}: {what}", round.bench.site.product),
        statement,
        source: "layer".to_owned(),
        span: now(round),
        found: vec![tuple(&[0])],
        expected: Vec::new(),
        writes: Vec::new(),
        again: round.again(),
    });
}

fn now(round: &Round) -> Span {
    let now = round.bench.world.clock.tick();
    Span { start: now, end: now }
}
