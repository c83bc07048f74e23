//! The end of a run, when all is quiet: nothing is held, nothing is announced any more, and all show what the database has.
//!
//! Invariant: waits until it is so, and only then tells what is not.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::NODES;
use super::call::CALL_MAX;
use super::event::{Command, Event};
use super::run::World;

const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// For what needs no waiting for others.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn check(world: &mut World) -> Result<()> {
    for node in 0..NODES {
        if let Err(error) = world.processes[node].ask(Command::Pause, CALL_MAX + PATIENCE) {
            world
                .history
                .violated(format!("node {node} does not come to rest: {error:#}"));
            return Ok(());
        }
    }
    world.history.judge(true);
    eprintln!("nodes: at rest");
    wait_until_quiet(world)?;
    compare(world)?;
    close(world)
}

/// Waits until no node holds anything, all serve, and the record has no write under way.
fn wait_until_quiet(world: &mut World) -> Result<()> {
    let (started, quiet_max) = (Instant::now(), world.plan.quiet_max);
    loop {
        let states: Vec<_> = (0..NODES).map(|node| world.state(node)).collect::<Result<_>>()?;
        let is_quiet = states.iter().all(|state| {
            state.serves && state.slots_held == 0 && state.owed == 0 && state.others == NODES - 1
        });
        if is_quiet && world.site.entries("intents")? == 0 {
            for (node, state) in states.iter().enumerate().filter(|(_, state)| state.abandoned > 0) {
                let abandoned = state.abandoned;
                world
                    .history
                    .violated(format!("node {node} has lost sight of {abandoned} writes"));
            }
            return Ok(());
        }
        if started.elapsed() > quiet_max {
            let states = world.states();
            world
                .history
                .violated(format!("not quiet within {quiet_max:?}: {states}"));
            return Ok(());
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Compares what each node shows with what the database has.
fn compare(world: &mut World) -> Result<()> {
    let there = world.site.contents()?;
    for node in 0..NODES {
        let answer = world.processes[node].ask(Command::TellContents, PATIENCE)?;
        let Event::Contents { cached, fresh } = answer else {
            anyhow::bail!("an answer to another question: {answer:?}");
        };
        for (what, found) in [("cache", cached), ("database", fresh)] {
            if found != there {
                world.history.violated(format!(
                    "when all is quiet node {node} shows from the {what} {found:?}, and the database has {there:?}"
                ));
            }
        }
    }
    Ok(())
}

/// Closes the managers: they leave the record.
fn close(world: &mut World) -> Result<()> {
    for node in 0..NODES {
        let closed = world.processes[node].ask(Command::Close, PATIENCE);
        if !matches!(closed, Ok(Event::Closed)) {
            world
                .history
                .violated(format!("node {node} does not close: {closed:?}"));
        }
    }
    let started = Instant::now();
    while world.site.entries("members")? > 0 {
        if started.elapsed() > PATIENCE {
            let members = world.site.entries("members")?;
            world.history.violated(format!(
                "{members} members are left in the record after all have closed"
            ));
            break;
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(())
}
