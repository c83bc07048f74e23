//! The end of a run, when all is quiet: nothing is held, nothing leaked, everything acknowledged is there.
//!
//! Invariant: waits until it is so, and only then tells what is not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use plexidb::{Manager, Replicas};
use tokio::task::block_in_place;

use super::arena::Arena;
use super::call::bounded;
use super::sql::{PAIRS, cells};
use super::world::World;

/// How long it may take until nothing is in doubt any more: the resolver asks every 5 s at least.
pub(super) const QUIET_MAX: Duration = Duration::from_secs(40);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Checks what must be true when nobody calls any more.
pub(super) async fn check(world: &World) -> Result<()> {
    until_quiet(world, "writes in doubt are resolved", || {
        let stats = world.manager.stats();
        let held: usize = stats.slots.iter().map(|(_, slots)| slots.held).sum();
        Ok((held == 0).then_some(()).ok_or(format!("{held} slots are held")))
    })
    .await?;
    let stats = world.manager.stats();
    let abandoned: u64 = stats.slots.iter().map(|(_, slots)| slots.abandoned).sum();
    if abandoned > 0 {
        world
            .model
            .violated(format!("{abandoned} holds of slots were abandoned"));
    }
    until_quiet(world, "all connections are back", || {
        let stats = world.manager.stats();
        let busy = stats
            .pools
            .iter()
            .find(|(_, pool)| pool.active > 0 || pool.waiting > 0);
        Ok(busy.map_or(Ok(()), |(name, pool)| Err(format!("{name}: {pool}"))))
    })
    .await?;
    for node in 0..world.arena.fleet.nodes() {
        if world.model.is_violated() {
            return Ok(());
        }
        until_quiet(world, "the pool and its server count the same sessions", || {
            sessions_agree(&world.arena, &world.manager, node)
        })
        .await?;
    }
    compare(world).await
}

/// Closes the manager; nothing of it stays on any server.
pub(super) async fn close(world: World) -> Result<Vec<String>> {
    let World {
        arena,
        manager,
        model,
        quiet_max,
        ..
    } = world;
    if model.is_violated() {
        // What is left over is no news.
        drop(manager);
    } else if bounded(&model, "closing", manager.close()).await.is_some() {
        for node in 0..arena.fleet.nodes() {
            let started = Instant::now();
            while block_in_place(|| arena.fleet.sessions(node))? > 0 {
                if started.elapsed() > quiet_max {
                    let left = block_in_place(|| arena.fleet.sessions(node))?;
                    model.violated(format!("{left} sessions are left on node {node} after the close"));
                    break;
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
    }
    Ok(model.violations())
}

/// Waits until it is so; says what is not, at the end of all patience.
async fn until_quiet(
    world: &World,
    what: &str,
    mut is_so: impl FnMut() -> Result<Result<(), String>>,
) -> Result<()> {
    let started = Instant::now();
    while let Err(found) = is_so()? {
        if started.elapsed() > world.quiet_max {
            let quiet_max = world.quiet_max;
            world
                .model
                .violated(format!("not within {quiet_max:?} of quiet: {what}: {found}"));
            return Ok(());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Ok(())
}

/// A server has the pool's connections, and one that checks it.
fn sessions_agree(arena: &Arena, manager: &Manager, node: usize) -> Result<Result<(), String>> {
    let sessions = block_in_place(|| arena.fleet.sessions(node))?;
    let address = arena.proxies[node].address();
    let stats = manager.stats();
    let (name, pool) = stats
        .pools
        .iter()
        .find(|(name, _)| name.contains(&address))
        .context("a server has no pool")?;
    let is_so = (pool.total..=pool.total + 1).contains(&sessions);
    Ok(is_so
        .then_some(())
        .ok_or_else(|| format!("{name} has {}, the server {sessions}", pool.total)))
}

/// Compares what is there with what must be, and with what plexidb shows.
async fn compare(world: &World) -> Result<()> {
    let primary = world.arena.primary();
    let text = block_in_place(|| {
        let sql = "SELECT concat(pair, ' ', min(seq), ' ', max(seq)) FROM cells GROUP BY pair";
        world.arena.fleet.administer(primary, sql)
    })?;
    for line in text.lines() {
        let numbers: Vec<i64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [pair, lowest, highest] = numbers[..] else {
            anyhow::bail!("a line of cells: {line}");
        };
        let acknowledged = world.model.acknowledged(pair);
        world.model.judge("the primary's row", pair, acknowledged, lowest);
        if lowest != highest {
            world
                .model
                .violated(format!("pair {pair} is {lowest} and {highest} on the primary"));
        }
        compare_reads(world, pair, highest).await;
    }
    let text = block_in_place(|| {
        let sql = "SELECT concat(writer, ' ', seq, ' ', count(*)) FROM ledger GROUP BY writer, seq";
        world.arena.fleet.administer(primary, sql)
    })?;
    let mut there = HashMap::new();
    for line in text.lines() {
        let numbers: Vec<i64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [writer, seq, count] = numbers[..] else {
            anyhow::bail!("a line of the ledger: {line}");
        };
        there.insert((writer, seq), count.unsigned_abs());
    }
    world.model.judge_ledger(&there);
    Ok(())
}

/// What plexidb shows when all is quiet, from the cache, from a replica and from the primary.
async fn compare_reads(world: &World, pair: i64, expected: i64) {
    debug_assert!(pair < PAIRS, "there are so many pairs");
    let cell = cells(pair)[0];
    for (what, replicas, no_cache) in [
        ("the cache", Replicas::Strict, false),
        ("a strict read", Replicas::Strict, true),
        ("the primary", Replicas::Never, true),
    ] {
        let mut select = world
            .manager
            .select(&world.sql.cell)
            .bind(cell)
            .replicas(replicas);
        if no_cache {
            select = select.no_cache();
        }
        let Some(rows) = bounded(&world.model, "a read when all is quiet", select.fetch()).await else {
            continue;
        };
        let found = rows
            .map_err(|error| error.to_string())
            .and_then(|rows| match rows.rows() {
                [row] => row.get::<i64>(1).map_err(|error| error.to_string()),
                rows => Err(format!("{} rows", rows.len())),
            });
        if found != Ok(expected) {
            world.model.violated(format!(
                "when all is quiet {what} shows {found:?} of pair {pair}, not {expected}"
            ));
        }
    }
}
