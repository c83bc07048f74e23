//! Which steps there are in a state, and what each does.

use plexidb_shared::protocol::RunId;
use stateright::{Model, Property};

use super::fault::Fault;
use super::node::{Call, Hit, Node, Session, Stage};
use super::world::{LEASE, Scope, SharedEntry, VALUE, WHOLE, World};

/// Beyond it the marker is not opened any more, so that the states come to an end.
const GENERATION_MAX: u64 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Tick,
    Renew(usize),
    LookAtMarker(usize),
    Deliver(usize),
    Join(usize),
    Open(usize),
    CloseMarker(usize),
    Receive(usize),
    Lose(usize),
    NoticeTime(usize),
    Settle(usize),
    Begin(usize),
    Clear(usize),
    Arrive(usize),
    Commit(usize),
    End(usize),
    Resolve(usize),
    OpenMarker(usize),
    WriteUnannounced(usize),
    Capture(usize),
    Fill(usize),
    HitReadsGrant(usize),
    HitReadsSlots(usize),
    HitReadsClock(usize),
    Crash(usize),
    Cut(usize),
    Mend(usize),
    Restart,
    Keep,
    Lag,
}

impl Model for Scope {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![self.start()]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        if world.now < self.horizon {
            steps.push(Step::Tick);
        }
        for (number, node) in world.nodes.iter().enumerate() {
            if node.is_alive {
                self.record_steps(world, node, number, steps);
                self.cache_steps(world, node, number, steps);
                self.trouble_steps(world, node, number, steps);
            }
            self.write_steps(world, node, number, steps);
        }
        if world.budget.restarts > 0 {
            steps.push(Step::Restart);
        }
        if world.budget.lags > 0 {
            steps.push(if world.kept.is_some() {
                Step::Lag
            } else {
                Step::Keep
            });
        }
    }

    fn next_state(&self, last: &World, step: Step) -> Option<World> {
        let mut world = last.clone();
        self.take(&mut world, step);
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        super::check::properties()
    }
}

impl Scope {
    fn record_steps(&self, world: &World, node: &Node, number: usize, steps: &mut Vec<Step>) {
        let member = &node.member;
        if let Some(call) = &node.call {
            steps.push(Step::Deliver(number));
            if self.has_marker && matches!(call, Call::Renewed { marker: None, .. }) {
                steps.push(Step::LookAtMarker(number));
            }
        }
        if node.reaches_record() && node.call.is_none() {
            if node.must_open.is_some() {
                steps.push(Step::Open(number));
            } else if member.is_lost() {
                steps.push(Step::Join(number));
            } else if node.renewals > 0 && node.renewed_at != Some(world.now) {
                steps.push(Step::Renew(number));
            }
        }
        if node.must_close.is_some() && !world.nodes.iter().any(is_unannounced) {
            steps.push(Step::CloseMarker(number));
        }
        if !node.inbox.is_empty() {
            steps.push(Step::Receive(number));
            if world.budget.losses > 0 {
                steps.push(Step::Lose(number));
            }
        }
        if member.settled_epoch().is_none() {
            steps.push(Step::NoticeTime(number));
        }
        if let Some((_, running)) = &node.quiescing
            && node.reaches_record()
            && running.iter().all(|is_running| !is_running)
        {
            steps.push(Step::Settle(number));
        }
        if !node.resolving.is_empty() && node.reaches_record() {
            steps.push(Step::Resolve(number));
        }
    }

    fn write_steps(&self, world: &World, node: &Node, number: usize, steps: &mut Vec<Step>) {
        let Some(write) = &node.write else {
            if node.is_alive && world.budget.writes > 0 && self.writers.contains(&number) {
                self.first_write_steps(world, node, number, steps);
            }
            return;
        };
        if node.is_alive {
            match (&write.stage, write.session) {
                (Stage::Waiting, _) => steps.push(Step::Clear(number)),
                (Stage::Cleared | Stage::Answered, Session::Committed | Session::Ended)
                    if node.reaches_record() || write.id.is_none() =>
                {
                    steps.push(Step::End(number));
                }
                _ => {}
            }
        }
        // What was sent arrives, whatever becomes of the sender.
        match (&write.stage, write.session) {
            (Stage::Cleared, Session::Idle { .. }) => steps.push(Step::Arrive(number)),
            (_, Session::Running) => steps.push(Step::Commit(number)),
            _ => {}
        }
    }

    fn first_write_steps(&self, world: &World, node: &Node, number: usize, steps: &mut Vec<Step>) {
        if node.reaches_record() && node.member.at().is_some() && !node.member.is_lost() {
            steps.push(Step::Begin(number));
        }
        if node.is_cut && self.has(Fault::Unannounced) {
            steps.push(Step::WriteUnannounced(number));
        }
        if node.is_cut && self.has_marker {
            if !world.marker.is_open && world.marker.generation < GENERATION_MAX {
                steps.push(Step::OpenMarker(number));
            }
            if let Some((from, generation)) = node.unannounced {
                let is_own = world.marker.generation == generation || self.has(Fault::MarkerOfAnother);
                let has_waited = world.now >= from || self.has(Fault::MarkerWithoutWait);
                if world.marker.is_open && is_own && has_waited {
                    steps.push(Step::WriteUnannounced(number));
                }
            }
        }
    }

    fn cache_steps(&self, world: &World, node: &Node, number: usize, steps: &mut Vec<Step>) {
        if !self.readers.contains(&number) {
            return;
        }
        if world.budget.fills > 0 && node.can_capture() {
            steps.push(Step::Capture(number));
        }
        if node.stamp.is_some() {
            steps.push(Step::Fill(number));
        }
        if self.has_hits {
            let (first, then) = if self.has(Fault::SlotsBeforeGrant) {
                (Step::HitReadsSlots(number), Step::HitReadsGrant(number))
            } else {
                (Step::HitReadsGrant(number), Step::HitReadsSlots(number))
            };
            steps.push(match node.hit {
                None => first,
                Some(Hit {
                    grant: Some(_),
                    value: Some(_),
                    ..
                }) => Step::HitReadsClock(number),
                Some(_) => then,
            });
        }
    }

    fn trouble_steps(&self, world: &World, node: &Node, number: usize, steps: &mut Vec<Step>) {
        let is_last = world.nodes.iter().filter(|node| node.is_alive).count() == 1;
        if world.budget.crashes > 0 && !is_last {
            steps.push(Step::Crash(number));
        }
        if node.is_cut {
            steps.push(Step::Mend(number));
        } else if world.budget.cuts > 0 {
            steps.push(Step::Cut(number));
        }
    }

    fn answer_at_once(&self, world: &mut World, number: usize) {
        if !self.has_late_answers {
            world.look_at_marker(number);
            world.deliver(self, number);
        }
    }

    pub(super) fn take(&self, world: &mut World, step: Step) {
        match step {
            Step::Tick => world.now += 1,
            Step::Renew(number) => {
                world.renew(self, number);
                self.answer_at_once(world, number);
            }
            Step::LookAtMarker(number) => world.look_at_marker(number),
            Step::Deliver(number) => world.deliver(self, number),
            Step::Join(number) => {
                world.join(self, number);
                self.answer_at_once(world, number);
            }
            Step::Open(number) => {
                let expected = world.nodes[number].must_open.unwrap_or_default();
                world.open(number, expected);
            }
            Step::CloseMarker(number) => world.close_marker(number),
            Step::Receive(number) => world.receive(self, number),
            Step::Lose(number) => {
                world.budget.losses -= 1;
                world.nodes[number].inbox.pop_front();
            }
            Step::NoticeTime(number) => {
                let now = if self.has(Fault::SettleAtOnce) {
                    u64::MAX
                } else {
                    world.now
                };
                let mut effects = Vec::new();
                world.nodes[number].member.tick(now, &mut effects);
                world.carry_out(self, number, effects);
            }
            Step::Settle(number) => world.settle(number),
            Step::Begin(number) => {
                world.begin(self, number);
                world.begun(number);
            }
            Step::Clear(number) => world.clear(self, number),
            Step::Arrive(number) => world.arrive(self, number),
            Step::Commit(number) => world.commit(self, number),
            Step::End(number) => {
                world.answered(number);
                world.end(self, number);
                world.ended(self, number);
            }
            Step::Resolve(number) => world.resolve(self, number),
            Step::OpenMarker(number) => world.open_marker(number),
            Step::WriteUnannounced(number) => world.write_unannounced(number),
            Step::Capture(number) => {
                world.budget.fills -= 1;
                world.nodes[number].capture();
            }
            Step::Fill(number) => world.fill(number),
            Step::HitReadsGrant(number) => world.hit(number).grant = Some(world.granted(number)),
            Step::HitReadsSlots(number) => world.hit_reads_slots(number),
            Step::HitReadsClock(number) => world.hit_reads_clock(number),
            Step::Crash(_) | Step::Cut(_) | Step::Mend(_) | Step::Restart | Step::Keep | Step::Lag => {
                world.suffer(self, step);
            }
        }
    }
}

fn is_unannounced(node: &Node) -> bool {
    node.write
        .as_ref()
        .is_some_and(|write| write.id.is_none() && write.session == Session::Running)
}

impl World {
    fn suffer(&mut self, scope: &Scope, step: Step) {
        match step {
            Step::Crash(number) => {
                self.budget.crashes -= 1;
                let node = &mut self.nodes[number];
                node.is_alive = false;
                node.inbox.clear();
                node.call = None;
                node.cached = None;
                node.stamp = None;
                node.resolving.clear();
                node.quiescing = None;
            }
            Step::Cut(number) => {
                self.budget.cuts -= 1;
                let node = &mut self.nodes[number];
                node.is_cut = true;
                // The subscription is lost with the connection.
                node.inbox.clear();
                node.call = None;
                node.member.lose();
            }
            Step::Mend(number) => {
                self.nodes[number].is_cut = false;
                self.nodes[number].unannounced = None;
            }
            Step::Restart => {
                self.budget.restarts -= 1;
                self.record.flush();
                self.run_anew(scope);
            }
            Step::Keep => self.kept = Some(self.record.clone()),
            Step::Lag => {
                self.budget.lags -= 1;
                if let Some(kept) = self.kept.take() {
                    self.record = kept;
                }
                self.run_anew(scope);
            }
            _ => {}
        }
    }

    fn run_anew(&mut self, scope: &Scope) {
        self.runs += 1;
        // A server that starts anew has no subscribers.
        for node in &mut self.nodes {
            node.member.lose();
        }
        if !scope.has(Fault::RunIgnored) {
            self.record.run_anew(RunId(u128::from(self.runs)));
        }
    }

    fn open_marker(&mut self, number: usize) {
        self.marker.generation += 1;
        self.marker.is_open = true;
        self.nodes[number].unannounced = Some((self.now + LEASE, self.marker.generation));
    }

    fn close_marker(&mut self, number: usize) {
        let generation = self.nodes[number].must_close.take();
        if self.marker.is_open && generation == Some(self.marker.generation) {
            self.marker.generation += 1;
            self.marker.is_open = false;
            let node = &mut self.nodes[number];
            node.must_open = Some(node.member.at().map(|at| at.epoch));
        }
    }

    /// The query is answered: its result is kept under the stamps of before, and shared under the versions of before.
    pub(super) fn fill(&mut self, number: usize) {
        let value = self.value;
        let node = &mut self.nodes[number];
        let Some(stamp) = node.stamp.take() else { return };
        node.cached = Some((stamp, value));
        if let Some(epoch) = node.member.settled_epoch().filter(|_| node.found().is_some()) {
            let versions = node.member.versions();
            self.shared.insert(SharedEntry {
                epoch,
                versions: [versions[VALUE as usize], versions[WHOLE as usize]],
                value,
            });
        }
    }

    fn granted(&self, number: usize) -> u64 {
        self.nodes[number].member.granted_until()
    }

    fn hit(&mut self, number: usize) -> &mut Hit {
        let value_min = self.value;
        self.nodes[number].hit.get_or_insert(Hit {
            grant: None,
            value: None,
            value_min,
        })
    }

    fn hit_reads_slots(&mut self, number: usize) {
        match self.nodes[number].found() {
            found @ Some(_) => self.hit(number).value = found,
            None => self.nodes[number].hit = None,
        }
    }

    fn hit_reads_clock(&mut self, number: usize) {
        let now = self.now;
        if let Some(hit) = self.nodes[number].hit.take() {
            let is_valid = hit.grant.is_some_and(|grant| now < grant);
            self.seen.has_stale_hit |= is_valid && hit.value.is_some_and(|value| value < hit.value_min);
        }
    }
}
