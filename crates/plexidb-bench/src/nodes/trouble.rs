//! Makes the faults, episode after episode, and waits after each until every node is well again.
//!
//! Invariant: when an episode is over three processes run and all traffic passes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use plexidb_testkit::{Direction, Flow, Proxy, Traffic};

use super::clock;
use super::episode::{Cut, Episode, Fault, Kind};
use super::run::World;

/// Between two episodes, at least: the nodes are well, and at work.
const PAUSE: Duration = Duration::from_millis(300);
/// How soon each node must hit its cache and write again after an episode.
pub(super) const HEALED_MAX: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// What was done, and how long it took until all nodes were well again.
pub(super) struct Incident {
    pub(super) at: Duration,
    pub(super) episode: Episode,
    pub(super) healed_after: Duration,
}

/// Makes faults until the time is over or something is wrong.
pub(super) fn make(world: &mut World, only: &[Kind], until: Instant) -> Result<Vec<Incident>> {
    let mut incidents = Vec::new();
    wait_until_well(world, "after the start")?;
    for number in 0.. {
        thread::sleep(PAUSE);
        world.history.judge(false);
        if world.history.is_violated() || Instant::now() >= until {
            break;
        }
        let episode = Episode::at(world.plan.seed, number, only);
        let at = world.history.elapsed();
        eprintln!("nodes: {:.1} s: episode {episode}", at.as_secs_f64());
        stage(world, &episode).with_context(|| format!("episode {episode}"))?;
        let healed_after = wait_until_well(world, &format!("after episode {episode}"))?;
        incidents.push(Incident {
            at,
            episode,
            healed_after,
        });
    }
    Ok(incidents)
}

/// Waits until each node has hit its cache and has written, both begun from now on.
fn wait_until_well(world: &mut World, when: &str) -> Result<Duration> {
    let (started, from) = (Instant::now(), clock::now());
    loop {
        let is_well = |node: &usize| {
            let progress = world.history.progress(*node);
            progress.hit > from && progress.write > from
        };
        let missing: Vec<usize> = (0..world.processes.len()).filter(|node| !is_well(node)).collect();
        if missing.is_empty() {
            return Ok(started.elapsed());
        }
        for &node in &missing {
            if let Some(status) = world.processes[node].end() {
                world
                    .history
                    .violated(format!("node {node} has ended by itself: {status}"));
                return Ok(started.elapsed());
            }
        }
        if started.elapsed() > HEALED_MAX {
            let states = world.states();
            let progress: Vec<_> = missing.iter().map(|node| world.history.progress(*node)).collect();
            let since: Vec<String> = progress
                .iter()
                .map(|progress| format!("hit {}, write {}", progress.hit > from, progress.write > from))
                .collect();
            world.history.violated(format!(
                "{when} nodes {missing:?} are not well within {HEALED_MAX:?} ({}); their states: {states}",
                since.join("; ")
            ));
            return Ok(started.elapsed());
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn stage(world: &mut World, episode: &Episode) -> Result<()> {
    for fault in &episode.faults {
        begin(world, fault)?;
    }
    let until = Instant::now() + episode.length;
    while Instant::now() < until {
        for fault in &episode.faults {
            repeat(world, fault)?;
        }
        thread::sleep(POLL_INTERVAL.min(until.saturating_duration_since(Instant::now())));
    }
    episode.faults.iter().try_for_each(|fault| heal(world, fault))
}

fn begin(world: &mut World, fault: &Fault) -> Result<()> {
    let node = fault.node;
    match fault.kind {
        Kind::Kill => world.processes[node].kill(),
        Kind::Freeze if world.processes[node].end().is_none() => world.processes[node].stop(),
        Kind::Freeze => Ok(()),
        Kind::RedisWay => cut(&world.site.way(node).redis, fault.cut),
        Kind::DatabaseWay => cut(&world.site.way(node).database, fault.cut),
        Kind::RedisDeath => world.site.redis.kill(),
        Kind::RedisFreeze if world.site.redis.is_running()? => world.site.redis.pause(),
        Kind::RedisFlush if world.site.redis.is_running()? => {
            // A server that stands still does not answer; it is done before that.
            let _ = world.site.redis.try_client(&["FLUSHALL"]);
            Ok(())
        }
        Kind::RedisFreeze | Kind::RedisFlush => Ok(()),
    }
}

fn cut(proxy: &Proxy, cut: Cut) -> Result<()> {
    let late = |ms| Flow::Delay(Duration::from_millis(ms));
    match cut {
        Cut::Both => proxy.set(Traffic::Hold),
        Cut::ToServer => proxy.set_one_way(Direction::ToServer, Flow::Hold),
        Cut::ToClient => proxy.set_one_way(Direction::ToClient, Flow::Hold),
        Cut::Refused => {
            proxy.set(Traffic::Refuse)?;
            proxy.reset_connections()
        }
        Cut::Resets => proxy.reset_connections(),
        Cut::Late(ms) => proxy.set(Traffic::Delay(Duration::from_millis(ms))),
        Cut::LateAnswers(ms) => proxy.set_one_way(Direction::ToClient, late(ms)),
    }
}

/// What is done again and again while an episode lasts.
fn repeat(world: &World, fault: &Fault) -> Result<()> {
    let way = world.site.way(fault.node);
    match (fault.kind, fault.cut) {
        (Kind::RedisWay, Cut::Resets) => way.redis.reset_connections(),
        (Kind::DatabaseWay, Cut::Resets) => way.database.reset_connections(),
        _ => Ok(()),
    }
}

fn heal(world: &mut World, fault: &Fault) -> Result<()> {
    let node = fault.node;
    match fault.kind {
        Kind::Kill => world.start(node),
        // Nobody stopped the one that has taken its place meanwhile.
        Kind::Freeze if world.processes[node].end().is_none() => world.processes[node].go_on(),
        Kind::RedisWay => world.site.way(node).redis.set(Traffic::Pass),
        Kind::DatabaseWay => world.site.way(node).database.set(Traffic::Pass),
        Kind::RedisDeath => world.site.redis.start_again(),
        Kind::RedisFreeze if world.site.redis.is_running()? => world.site.redis.resume(),
        Kind::Freeze | Kind::RedisFreeze | Kind::RedisFlush => Ok(()),
    }
}
