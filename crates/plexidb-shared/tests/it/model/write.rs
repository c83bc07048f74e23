//! Writes of the model, with their sessions in the database, and what happens to those of members that are gone.

use plexidb_shared::protocol::{Clearance, Effect, Intent, Published};

use super::fault::Fault;
use super::node::{Node, Session, Stage, Writing};
use super::world::{FENCE, Scope, VALUE, World};

impl Node {
    pub(super) fn is_running(&self) -> bool {
        self.write
            .as_ref()
            .is_some_and(|write| write.session == Session::Running)
    }
}

impl World {
    /// Announces a write. Where the record refuses it, it has not begun.
    pub(super) fn begin(&mut self, scope: &Scope, number: usize) {
        let now = self.now;
        let node = &mut self.nodes[number];
        let at = node.member.at().expect("only a member writes");
        let before = node.member.clone();
        let intent = node.member.begin(vec![VALUE], number as u64);
        match self.record.begin(at, &intent) {
            Ok(Published { answer, messages }) => {
                node.raise(&[VALUE]);
                node.write = Some(Writing {
                    id: Some(intent.id),
                    stage: Stage::Announced(answer),
                    session: Session::Idle { since: now },
                });
                self.budget.writes -= 1;
                self.publish(&messages);
            }
            Err(refusal) => {
                // As if nothing had happened, so that trying again and again makes no new states.
                node.member = before;
                let mut effects = Vec::new();
                node.member.refused(&refusal, &mut effects);
                self.carry_out(scope, number, effects);
            }
        }
    }

    pub(super) fn begun(&mut self, number: usize) {
        let now = self.now;
        let node = &mut self.nodes[number];
        if let Some(Writing {
            id: Some(id), stage, ..
        }) = &mut node.write
            && let Stage::Announced(begun) = std::mem::replace(stage, Stage::Waiting)
        {
            node.member.begun(*id, &begun, now);
        }
    }

    /// The last look before the statement is sent.
    pub(super) fn clear(&mut self, scope: &Scope, number: usize) {
        let now = self.now;
        let node = &mut self.nodes[number];
        let Some(Writing {
            id: Some(id),
            stage,
            session,
        }) = &mut node.write
        else {
            return;
        };
        let mut effects = Vec::new();
        match node.member.clear(*id, now, &mut effects) {
            Clearance::Sent => {
                *stage = Stage::Cleared;
                // The latest moment at which the session can have begun to idle.
                if let Session::Idle { since } = session {
                    *since = now;
                }
            }
            Clearance::Refused(_) => {
                *stage = Stage::Answered;
                *session = Session::Ended;
                self.session_ended(number);
            }
            Clearance::WaitUntil(_) | Clearance::NoLease => {}
        }
        self.carry_out(scope, number, effects);
    }

    /// Sends a statement that nobody was told of.
    pub(super) fn write_unannounced(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        node.raise(&[VALUE]);
        node.write = Some(Writing {
            id: None,
            stage: Stage::Cleared,
            session: Session::Running,
        });
        self.budget.writes -= 1;
    }

    /// The statement reaches the server, which may have ended the session.
    pub(super) fn arrive(&mut self, scope: &Scope, number: usize) {
        let now = self.now;
        if let Some(Writing { session, .. }) = &mut self.nodes[number].write
            && let Session::Idle { since } = *session
        {
            let is_in_time = now - since <= FENCE || scope.has(Fault::NoFence);
            *session = if is_in_time {
                Session::Running
            } else {
                Session::Ended
            };
        }
    }

    pub(super) fn commit(&mut self, scope: &Scope, number: usize) {
        if let Some(Writing { session, .. }) = &mut self.nodes[number].write {
            *session = Session::Committed;
        }
        self.value += 1;
        if !scope.is_strict {
            self.overwritten_at.push(self.now);
        }
        self.session_ended(number);
    }

    /// The writer has its answer.
    pub(super) fn answered(&mut self, number: usize) {
        if let Some(Writing { stage, .. }) = &mut self.nodes[number].write {
            *stage = Stage::Answered;
        }
        if self.nodes[number]
            .write
            .as_ref()
            .is_some_and(|write| write.id.is_none())
        {
            self.let_own_go(number);
        }
    }

    /// Asks the record to end the write, in the epoch that the member knows.
    pub(super) fn end(&mut self, scope: &Scope, number: usize) {
        let node = &mut self.nodes[number];
        let Some(at) = node.member.at() else { return };
        let Some(Writing {
            id: Some(id), stage, ..
        }) = &mut node.write
        else {
            return;
        };
        match self.record.end(at.epoch, *id, &[VALUE]) {
            Ok(Published { answer, messages }) => {
                *stage = Stage::Ended(answer);
                self.publish(&messages);
            }
            Err(refusal) => {
                let mut effects = Vec::new();
                node.member.refused(&refusal, &mut effects);
                self.carry_out(scope, number, effects);
            }
        }
    }

    pub(super) fn ended(&mut self, scope: &Scope, number: usize) {
        let node = &mut self.nodes[number];
        let mut effects = Vec::new();
        if let Some(Writing {
            id: Some(id),
            stage: Stage::Ended(ended),
            ..
        }) = &node.write
        {
            node.member.ended(*id, ended, &mut effects);
        }
        self.carry_out(scope, number, effects);
    }

    pub(super) fn end_own(&mut self, number: usize) {
        self.let_own_go(number);
        self.seen.has_ended_write = true;
    }

    fn let_own_go(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        node.write = None;
        node.end(&[VALUE], &[VALUE]);
    }

    /// Ends the session of a writer that is gone, then its intent.
    pub(super) fn resolve(&mut self, scope: &Scope, number: usize) {
        let Some(intent) = self.nodes[number].resolving.pop() else {
            return;
        };
        if !scope.has(Fault::EndByTime) {
            self.terminate(&intent);
        }
        let at = self.nodes[number].member.at().expect("who resolves is a member");
        match self.record.end(at.epoch, intent.id, &intent.slots) {
            Ok(published) => self.publish(&published.messages),
            Err(refusal) => {
                self.nodes[number].resolving.push(intent);
                let mut effects: Vec<Effect> = Vec::new();
                self.nodes[number].member.refused(&refusal, &mut effects);
                self.carry_out(scope, number, effects);
            }
        }
        self.seen.has_resolved = true;
    }

    fn terminate(&mut self, intent: &Intent) {
        let writer = intent.session as usize;
        let node = &mut self.nodes[writer];
        if let Some(write) = node.write.as_mut().filter(|write| write.id == Some(intent.id))
            && write.session != Session::Committed
        {
            write.session = Session::Ended;
            self.session_ended(writer);
        }
    }
}
