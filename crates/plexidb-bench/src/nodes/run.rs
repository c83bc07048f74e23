//! One run: three nodes at work and faults for a time, then the checks when all is quiet.
//!
//! Invariant: all calls block; whatever was started ends with the world.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::episode::Kind;
use super::event::{Command, Event, State};
use super::findings::NodesFindings;
use super::history::History;
use super::process::Process;
use super::site::Site;
use super::{NODES, settle, trouble};
use crate::product::Product;

/// What a run does.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) product: Product,
    pub(super) is_strict: bool,
    pub(super) seed: u64,
    pub(super) length: Duration,
    /// The program of a node.
    pub(super) program: PathBuf,
    /// The kinds of faults; all where there are none.
    pub(super) only: &'static [Kind],
    /// How long it may take at the end until all is quiet.
    pub(super) quiet_max: Duration,
}

/// What a run is made of.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) processes: Vec<Process>,
    pub(super) history: Arc<History>,
    pub(super) site: Site,
    incarnations: u64,
}

impl World {
    /// Starts a process in the place of a node, which has none or a dead one.
    pub(super) fn start(&mut self, node: usize) -> Result<()> {
        self.incarnations += 1;
        self.history.forget_own(node);
        let mut orders = self.site.orders(node, self.incarnations, self.plan.seed);
        orders.is_strict = self.plan.is_strict;
        let process = Process::start(&self.plan.program, &orders, &self.history)?;
        match self.processes.get_mut(node) {
            Some(place) => *place = process,
            None => self.processes.push(process),
        }
        Ok(())
    }

    /// The state of a node.
    pub(super) fn state(&mut self, node: usize) -> Result<State> {
        match self.processes[node].ask(Command::TellState, Duration::from_secs(5))? {
            Event::State(state) => Ok(state),
            other => anyhow::bail!("an answer to another question: {other:?}"),
        }
    }

    /// The states of all nodes, for people.
    pub(super) fn states(&mut self) -> String {
        let tell = |node| match self.state(node) {
            Ok(state) => format!("{state:?}"),
            Err(error) => format!("{error:#}"),
        };
        let states: Vec<String> = (0..NODES).map(tell).collect();
        let entries = |part| self.site.entries(part).map_or(-1, |entries| entries as i64);
        format!(
            "{}; intents {}, members {}",
            states.join("; "),
            entries("intents"),
            entries("members")
        )
    }
}

/// Runs it.
pub(super) fn run(plan: Plan) -> Result<NodesFindings> {
    let started = Instant::now();
    let mut world = World {
        site: Site::start(plan.product)?,
        history: Arc::new(History::new(plan.is_strict)),
        processes: Vec::new(),
        incarnations: 0,
        plan,
    };
    (0..NODES).try_for_each(|node| world.start(node))?;
    let until = Instant::now() + world.plan.length;
    let only = world.plan.only;
    let incidents = trouble::make(&mut world, only, until)?;
    settle::check(&mut world)?;
    let World { history, plan, .. } = world;
    Ok(NodesFindings::new(&plan, &history, &incidents, started.elapsed()))
}
