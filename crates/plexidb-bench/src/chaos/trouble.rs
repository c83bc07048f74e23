//! Makes the faults, one after the other, on a thread of its own.
//!
//! Invariant: when an episode is over there is one primary, two replicas follow it, a commit waits for one of them, and all traffic
//! passes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use plexidb::PoolSize;
use plexidb_testkit::{Direction, Traffic};

use super::arena::{Arena, NAME, SIZE};
use super::episode::{Episode, Kind};
use super::tally::count;
use super::world::World;

/// Between two episodes, at least; half a second more by chance.
const PAUSE: Duration = Duration::from_millis(200);
/// How soon writes must be acknowledged again after an episode.
const HEALED_MAX: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Connections that a server admits under [`Kind::Squeeze`].
const CONNECTIONS_SQUEEZED: u16 = 3;
/// Bytes of an answer within which a connection is reset under [`Kind::LostAnswers`].
const ANSWER_BYTES: u64 = 60;

/// What was done, and how long it took until writes were acknowledged again.
pub(super) struct Incident {
    pub(super) at: Duration,
    pub(super) episode: Episode,
    pub(super) healed_after: Duration,
}

/// Makes faults until the time is over or the run is. Blocks the thread.
pub(super) fn make(world: &World, only: &[Kind], until: Instant) -> Result<Vec<Incident>> {
    let mut incidents = Vec::new();
    for number in 0.. {
        let episode = Episode::at(world.seed, number, only);
        let mut dice = episode.dice(world.seed);
        thread::sleep(PAUSE + Duration::from_millis(dice.below(500)));
        if world.is_over() || Instant::now() >= until {
            break;
        }
        let at = world.model.elapsed();
        stage(world, &episode).with_context(|| episode.to_string())?;
        count(&world.tally.episodes);
        let over = world.model.elapsed();
        while world.model.last_write() <= over && !world.is_over() {
            if world.model.elapsed() - over > HEALED_MAX {
                let what = format!("no write was acknowledged for {HEALED_MAX:?} after episode {episode}");
                world.model.violated(what);
            }
            thread::sleep(POLL_INTERVAL);
        }
        incidents.push(Incident {
            at,
            episode,
            healed_after: world.model.elapsed() - over,
        });
    }
    Ok(incidents)
}

fn stage(world: &World, episode: &Episode) -> Result<()> {
    let arena = &*world.arena;
    let fleet = &arena.fleet;
    let any = episode.place % fleet.nodes();
    let replicas = arena.replicas();
    let replica = replicas[episode.place % replicas.len()];
    let proxy = &arena.proxies[any];
    match episode.kind {
        Kind::Traffic => {
            proxy.set(episode.traffic)?;
            thread::sleep(episode.length);
            proxy.set(Traffic::Pass)
        }
        Kind::OneWay => {
            proxy.set_one_way(episode.direction, episode.flow)?;
            thread::sleep(episode.length);
            proxy.set(Traffic::Pass)
        }
        Kind::Resets => repeatedly(world, episode, |_| proxy.reset_connections()),
        Kind::PartialMessages => {
            repeatedly(world, episode, |bytes| {
                match episode.direction {
                    Direction::ToClient => proxy.reset_after_server_bytes(bytes),
                    Direction::ToServer => proxy.reset_after_client_bytes(bytes / 100),
                }
                Ok(())
            })?;
            proxy.reset_after_server_bytes(u64::MAX);
            proxy.reset_after_client_bytes(u64::MAX);
            Ok(())
        }
        Kind::LostAnswers => {
            let proxy = &arena.proxies[arena.primary()];
            repeatedly(world, episode, |bytes| {
                proxy.reset_after_server_bytes(bytes % ANSWER_BYTES);
                Ok(())
            })?;
            proxy.reset_after_server_bytes(u64::MAX);
            Ok(())
        }
        Kind::EndedSessions => repeatedly(world, episode, |_| fleet.end_sessions(any).map(drop)),
        Kind::Squeeze => {
            fleet.limit_connections(arena.primary(), Some(CONNECTIONS_SQUEEZED))?;
            fleet.end_sessions(any)?;
            thread::sleep(episode.length);
            fleet.limit_connections(arena.primary(), None)
        }
        Kind::Resizes => {
            repeatedly(world, episode, |number| {
                let size = PoolSize {
                    connections_max: 1 + (number % 12) as usize,
                    overflow_max: (number % 5) as usize,
                    min_idle: 0,
                };
                resize(world, size)
            })?;
            resize(world, SIZE)
        }
        Kind::Password => fleet.rotate_password(arena.primary(), || {
            fleet.end_sessions(any)?;
            thread::sleep(episode.length);
            Ok(())
        }),
        Kind::Freeze => {
            fleet.freeze(any)?;
            thread::sleep(episode.length);
            fleet.thaw(any)
        }
        Kind::PausedReplay => {
            fleet.pause_replay(replica, true)?;
            thread::sleep(episode.length);
            fleet.pause_replay(replica, false)
        }
        Kind::ReplicaDeath => {
            fleet.kill(replica)?;
            thread::sleep(episode.length);
            fleet.start_again(replica)
        }
        Kind::Failover => fail_over(arena, episode),
        Kind::Switchover => switch_over(arena, episode),
    }
}

fn resize(world: &World, size: PoolSize) -> Result<()> {
    world.manager.resize_pool(NAME, size)?;
    Ok(())
}

/// Does it a few times while the episode lasts, each time with another number of bytes.
fn repeatedly(world: &World, episode: &Episode, mut act: impl FnMut(u64) -> Result<()>) -> Result<()> {
    let mut dice = episode.dice(world.seed);
    let until = Instant::now() + episode.length;
    while Instant::now() < until {
        act(dice.below(episode.bytes.max(1)))?;
        thread::sleep(Duration::from_millis(20 + dice.below(200)));
    }
    Ok(())
}

fn fail_over(arena: &Arena, episode: &Episode) -> Result<()> {
    let fleet = &arena.fleet;
    let (old, replicas) = (arena.primary(), arena.replicas());
    fleet.kill(old)?;
    thread::sleep(episode.length / 2);
    fleet.wait_until_detached(&replicas)?;
    let next = fleet.most_advanced(&replicas)?;
    promote(arena, next, old)?;
    if episode.is_liar {
        fleet.restart_read_only(old)?;
        thread::sleep(episode.length);
    }
    fleet.join(old, next).context("the old primary")
}

fn switch_over(arena: &Arena, episode: &Episode) -> Result<()> {
    let fleet = &arena.fleet;
    let (old, replicas) = (arena.primary(), arena.replicas());
    fleet.refuse_writes(old)?;
    // A transaction that began before could commit behind the position that is waited for.
    thread::sleep(PAUSE);
    fleet.end_sessions(old)?;
    let next = replicas[episode.place % replicas.len()];
    if let Err(error) = fleet.catch_up(next, old) {
        eprintln!("node {next} is set up anew, since it does not catch up with node {old}: {error:#}");
        fleet.allow_writes(old)?;
        fleet.rebuild(next, old)?;
        return fleet.confirm_commits(old, true);
    }
    promote(arena, next, old)?;
    thread::sleep(episode.length);
    fleet.join(old, next).context("the old primary")
}

/// Makes a replica the primary, which the other one follows: set up anew if need be, as an operator would, which is told.
fn promote(arena: &Arena, next: usize, old: usize) -> Result<()> {
    let fleet = &arena.fleet;
    fleet.promote(next)?;
    arena.set_primary(next);
    for replica in arena.replicas().into_iter().filter(|&node| node != old) {
        let followed = fleet.join(replica, next);
        let Err(error) = followed.and_then(|()| fleet.confirm_commits(next, true)) else {
            continue;
        };
        eprintln!("node {replica} is set up anew, since it does not follow node {next}: {error:#}");
        fleet.rebuild(replica, next).context("the other replica")?;
        fleet.confirm_commits(next, true)?;
    }
    Ok(())
}
