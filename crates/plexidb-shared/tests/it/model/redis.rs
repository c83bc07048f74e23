//! What nodes do with the record, and what its answers and messages do to them.

use plexidb_shared::protocol::{
    Acknowledgement, Effect, EpochId, HoldId, Message, Published, Record, Refusal, Renewal,
};

use super::fault::Fault;
use super::node::Call;
use super::world::{Scope, World};

impl World {
    pub(super) fn publish(&mut self, messages: &[Message]) {
        for node in self.nodes.iter_mut().filter(|node| node.reaches_record()) {
            node.inbox.extend(messages.iter().cloned());
        }
    }

    pub(super) fn join(&mut self, scope: &Scope, number: usize) {
        let joining = self.nodes[number].member.joining();
        match self.record.join(&joining) {
            Ok(Published { answer, messages }) => {
                self.publish(&messages);
                if scope.has(Fault::JoiningAcknowledges) {
                    self.acknowledge_as(number, answer.epoch, answer.seq);
                }
                self.nodes[number].call = Some(Call::Joined(answer));
            }
            Err(Refusal::Gone) => self.nodes[number].must_open = Some(None),
            Err(refusal) => panic!("{refusal}"),
        }
    }

    pub(super) fn renew(&mut self, scope: &Scope, number: usize) {
        let node = &mut self.nodes[number];
        let at = node.member.at().expect("only a member renews");
        let mut answer = self.record.renew(at, node.member.id());
        if let (Ok(renewed), true) = (&mut answer, scope.has(Fault::LeaseBeforeMessages)) {
            renewed.seq = 0;
        }
        node.call = Some(Call::Renewed {
            epoch: at.epoch,
            sent_at: self.now,
            answer,
            marker: None,
        });
        node.renewals = node.renewals.saturating_sub(1);
        node.renewed_at = Some(self.now);
    }

    /// Reads the marker, after the renewal was sent.
    pub(super) fn look_at_marker(&mut self, number: usize) {
        if let Some(Call::Renewed { marker, .. }) = &mut self.nodes[number].call {
            *marker = Some(self.marker);
        }
    }

    /// The answer under way arrives.
    pub(super) fn deliver(&mut self, scope: &Scope, number: usize) {
        let now = self.now;
        let node = &mut self.nodes[number];
        let mut effects = Vec::new();
        match node.call.take() {
            None => {}
            Some(Call::Joined(joined)) => {
                node.member.joined(joined, now, &mut effects);
                if scope.has(Fault::LostWritesForgotten) {
                    effects.retain(|effect| !matches!(effect, Effect::Touch { .. }));
                }
            }
            Some(Call::Renewed {
                epoch,
                sent_at,
                answer,
                marker,
            }) => {
                let sent_at = if scope.has(Fault::LeaseFromAnswer) {
                    now
                } else {
                    sent_at
                };
                let renewal = Renewal {
                    epoch,
                    sent_at,
                    answer,
                    marker,
                };
                node.member.renewed(renewal, now, &mut effects);
            }
        }
        self.carry_out(scope, number, effects);
    }

    pub(super) fn receive(&mut self, scope: &Scope, number: usize) {
        let mut effects = Vec::new();
        let node = &mut self.nodes[number];
        if let Some(message) = node.inbox.pop_front() {
            node.member.received(message, &mut effects);
        }
        self.carry_out(scope, number, effects);
    }

    pub(super) fn carry_out(&mut self, scope: &Scope, number: usize, effects: Vec<Effect>) {
        for effect in effects {
            self.carry_out_one(scope, number, effect);
        }
        let node = &mut self.nodes[number];
        node.grant_max = node.grant_max.max(node.member.granted_until());
    }

    fn carry_out_one(&mut self, scope: &Scope, number: usize, effect: Effect) {
        let ignores_unsettled = scope.has(Fault::UnsettledReads);
        let node = &mut self.nodes[number];
        match effect {
            Effect::Raise {
                hold: HoldId::Unsettled,
                slots,
            } if ignores_unsettled => node.end(&[], &slots),
            Effect::End {
                hold: HoldId::Unsettled,
                ..
            } if ignores_unsettled => {}
            Effect::Raise { hold, slots } => {
                node.raise(&slots);
                node.holds.entry(hold).or_default().extend(slots);
            }
            Effect::End { hold, touched } => {
                let held = node.holds.remove(&hold).expect("what ends was held");
                node.end(&held, &touched);
            }
            Effect::Touch { slots } => node.end(&[], &slots),
            Effect::EndOwn { .. } => self.end_own(number),
            Effect::Acknowledge => {
                if let Some(at) = node.member.at()
                    && node.reaches_record()
                {
                    self.acknowledge_as(number, at.epoch, at.applied);
                }
            }
            // The node joins as soon as its member says that it is lost.
            Effect::Rejoin => {}
            Effect::Open { expected } => node.must_open = Some(expected),
            Effect::CloseMarker { generation } => node.must_close = Some(generation),
            Effect::Resolve(intent) => node.resolving.push(intent),
            Effect::Quiesce(epoch) => self.quiesce(scope, number, epoch),
            Effect::Expel { member, renewals } => {
                self.call(number, |record, epoch| {
                    record.expel(epoch, member, Some(renewals))
                });
            }
            Effect::EndUnknown(id) => self.call(number, |record, epoch| record.end(epoch, id, &[])),
            Effect::ReadCatalog => panic!("there is one catalog"),
        }
    }

    /// A call of which nobody awaits the answer.
    fn call<T>(
        &mut self,
        number: usize,
        call: impl FnOnce(&mut Record, EpochId) -> Result<Published<T>, Refusal>,
    ) {
        let node = &self.nodes[number];
        if let (true, Some(at)) = (node.reaches_record(), node.member.at())
            && let Ok(published) = call(&mut self.record, at.epoch)
        {
            self.publish(&published.messages);
        }
    }

    /// An acknowledgement is not stored anywhere: who waits for it has it at once. Losing one is like waiting on.
    fn acknowledge_as(&mut self, number: usize, epoch: EpochId, applied: u64) {
        let acknowledgement = Acknowledgement {
            member: self.nodes[number].member.id(),
            epoch,
            applied,
        };
        for node in self.nodes.iter_mut().filter(|node| node.reaches_record()) {
            node.member.acknowledged(acknowledgement);
        }
    }

    pub(super) fn open(&mut self, number: usize, expected: Option<EpochId>) {
        let name = EpochId(u128::from(self.epochs) + 1);
        let node = &mut self.nodes[number];
        let opened = self
            .record
            .open(expected, &node.member.opening(name, self.marker.generation));
        if opened == name {
            self.epochs += 1;
        }
        node.must_open = None;
        node.member.lose();
    }

    fn quiesce(&mut self, scope: &Scope, number: usize, epoch: EpochId) {
        let is_ignored = scope.has(Fault::SettleUnderStatements) || scope.has(Fault::SettleAtOnce);
        let running = self
            .nodes
            .iter()
            .map(|node| !is_ignored && node.is_running())
            .collect();
        self.nodes[number].quiescing = Some((epoch, running));
    }

    /// Forgets the sessions that have come to their end.
    pub(super) fn session_ended(&mut self, number: usize) {
        for node in &mut self.nodes {
            if let Some((_, running)) = &mut node.quiescing {
                running[number] = false;
            }
        }
    }

    pub(super) fn settle(&mut self, number: usize) {
        if let Some((epoch, _)) = self.nodes[number].quiescing.take() {
            match self.record.settle(epoch) {
                Ok(()) => self.seen.has_settled = true,
                Err(_) => self.nodes[number].member.not_quiesced(),
            }
        }
    }
}
