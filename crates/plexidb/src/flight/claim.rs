//! What a write keeps until it is decided: its slots, and the epochs by which it was planned.
//!
//! Invariant: [`end`](Claim::end) lets go of everything, in an order that leaves no moment at which a result of before
//! could be served; a claim is never dropped undecided.

use std::sync::Arc;

use plexidb_cache::{SlotArray, WriteHold};
use plexidb_core::Tag;
#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};
use plexidb_sql::TagList;

use crate::endpoints::WriteLog;
use crate::schema::Epoch;
use crate::shared::Announcement;

#[cfg(test)]
mod tests;

/// The slots of a write.
#[must_use = "a claim that is dropped undecided leaves its slots held"]
pub(crate) struct Claim {
    certain: WriteHold,
    /// Slots that count as touched unless the keys were learnt.
    precaution: Option<WriteHold>,
    /// Those of the keys that were learnt in its place.
    learnt: Option<WriteHold>,
    changes_schema: bool,
    is_void: bool,
    /// Where the write is noted once it is acknowledged; `None` where the database has no replicas.
    log: Option<Box<Logged>>,
    /// Where other processes were told of the write.
    announcement: Option<Announcement>,
    /// Their hold of the whole database lasts as long as this claim does; see [`Epoch`].
    _epochs: Vec<Arc<Epoch>>,
}

/// A change of the schema of which the other processes do not know yet that it has ended.
#[must_use = "the others hold the whole database until they are told"]
pub(crate) struct Untold {
    announcement: Announcement,
    touched: Vec<u32>,
    hold: WriteHold,
}

impl Untold {
    /// Tells the others; **after** the new catalog was declared.
    pub(crate) fn tell(self) {
        let hold = self.hold;
        self.announcement
            .end_of_schema_change(self.touched, move || hold.end());
    }
}

/// What of a claim the log of writes is told.
struct Logged {
    log: Arc<WriteLog>,
    certain: TagList,
    precaution: TagList,
    learnt: Option<TagList>,
}

impl Claim {
    /// Raises the slots of these tags. **Must be called before the write can become visible.**
    pub(crate) fn of(slots: &Arc<SlotArray>, tags: &[Tag], epochs: Vec<Arc<Epoch>>) -> Self {
        #[cfg(feature = "planted-faults")]
        let tags: &[Tag] = match tags {
            [Tag::DATABASE, ..] if planted::is(Fault::SilentDdl) => &[],
            tags => tags,
        };
        Self {
            certain: slots.begin_write(tags),
            precaution: None,
            learnt: None,
            changes_schema: false,
            is_void: false,
            log: None,
            announcement: None,
            _epochs: epochs,
        }
    }

    /// Says where the write is noted once it is acknowledged: of these tags, the same as those of the claim. Before any
    /// precaution is added.
    pub(crate) fn logged(mut self, log: Option<&Arc<WriteLog>>, certain: &[Tag]) -> Self {
        self.log = log.map(|log| {
            Box::new(Logged {
                log: Arc::clone(log),
                certain: certain.into(),
                precaution: TagList::new(),
                learnt: None,
            })
        });
        self
    }

    /// All slots that it holds now, ascending.
    pub(crate) fn slots(&self) -> Vec<u32> {
        let precaution = self.precaution.iter().flat_map(WriteHold::slots);
        distinct(self.certain.slots().iter().chain(precaution))
    }

    /// Other processes know of the write: they are told how it ends before its slots are let go here.
    pub(crate) fn announced(&mut self, announcement: Announcement) {
        self.announcement = Some(announcement);
    }

    /// Says that the schema is to be read before the claim ends, should nobody else do it.
    pub(crate) fn of_schema_change(mut self) -> Self {
        self.changes_schema = true;
        self
    }

    /// Whether the schema may be another one afterwards.
    pub(crate) fn changes_schema(&self) -> bool {
        self.changes_schema
    }

    /// Raises these too; they turn out not to be touched where the write's keys are [learnt](Self::learn).
    pub(crate) fn with_precaution(mut self, slots: &Arc<SlotArray>, tags: &[Tag]) -> Self {
        self.precaution = Some(slots.begin_write(tags));
        if let Some(logged) = &mut self.log {
            logged.precaution = tags.into();
        }
        self
    }

    /// The database has told which keys were written: these tags are touched in place of the precaution. **Only** after
    /// the statement has succeeded.
    pub(crate) fn learn(&mut self, slots: &Arc<SlotArray>, tags: &[Tag]) {
        #[cfg(feature = "planted-faults")]
        let tags: &[Tag] = if planted::is(Fault::ForgetLearntKeys) {
            &[]
        } else {
            tags
        };
        self.learnt = Some(slots.begin_write(tags));
        if let Some(logged) = &mut self.log {
            logged.learnt = Some(tags.into());
        }
    }

    /// The database has told that the write changed nothing: results from before stay true. **Only** after the statement has
    /// succeeded.
    pub(crate) fn void(&mut self) {
        self.is_void = true;
    }

    /// Ends the write: what it touches goes one version up.
    //
    // Why learnt keys are safe though they were not held while the write became visible. A result that it changes is either
    // not pinned to a key of the precaution: then it depends on a certain tag, which was held all the time. Or it is
    // pinned to key = v, and depends on key = v *and* on key = ?, of which the latter was held from before the
    // statement was sent. While it is held, such a result is neither served nor stored, whatever v. Before it is released, the
    // tags of each v that was written are held, and then one version up, so that a result whose stamps are of before can
    // never match again; a result whose stamps are captured after the release comes from a query that sees the write.
    // Releasing before learning would open a moment in which results of before are served after the write was visible. An
    // error, or doubt, tells no keys and may have had an effect: the precaution counts as touched.
    pub(crate) fn end(mut self) {
        let announcement = self.announcement.take();
        if self.is_void {
            let let_go = move || {
                let holds = [self.learnt, self.precaution, Some(self.certain)];
                holds.into_iter().flatten().for_each(WriteHold::release);
            };
            return match announcement {
                Some(announcement) => announcement.end(Vec::new(), let_go),
                None => let_go(),
            };
        }
        let Some(announcement) = announcement else {
            self.note();
            return self.let_go_but_certain().end();
        };
        // Not when the others have been told: the caller has its answer before.
        self.note();
        let (touched, changes_schema) = (self.touched(), self.changes_schema);
        let let_go = move || self.let_go_but_certain().end();
        if changes_schema {
            announcement.end_of_schema_change(touched, let_go);
        } else {
            announcement.end(touched, let_go);
        }
    }

    /// Ends all but the hold that was certain from the start, which is left to the caller, as is what the others have to be told once
    /// the schema is read.
    pub(crate) fn end_but_certain(mut self) -> (WriteHold, Option<Untold>) {
        self.note();
        let untold = self.announcement.take().map(|announcement| {
            // Results of other processes count by what the others were told: none may count here before.
            let mut hold = self.certain.again();
            let touched = self.touched();
            hold.extend_by_slots(&touched);
            Untold {
                announcement,
                touched,
                hold,
            }
        });
        (self.let_go_but_certain(), untold)
    }

    // Before the slots are let go: whoever captures its stamps afterwards asks for replicas that have the write.
    fn note(&self) {
        if let Some(logged) = &self.log {
            logged.note();
        }
    }

    /// The slots that go one version up.
    fn touched(&self) -> Vec<u32> {
        let keys = self.learnt.as_ref().or(self.precaution.as_ref());
        distinct(
            self.certain
                .slots()
                .iter()
                .chain(keys.into_iter().flat_map(WriteHold::slots)),
        )
    }

    fn let_go_but_certain(self) -> WriteHold {
        match (self.learnt, self.precaution) {
            (Some(learnt), Some(precaution)) => {
                learnt.end();
                precaution.release();
            }
            (learnt, precaution) => learnt.into_iter().chain(precaution).for_each(WriteHold::end),
        }
        self.certain
    }
}

fn distinct<'a>(slots: impl Iterator<Item = &'a u32>) -> Vec<u32> {
    let mut slots: Vec<u32> = slots.copied().collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

impl Logged {
    fn note(&self) {
        let mut tags = self.certain.clone();
        tags.extend_from_slice(self.learnt.as_ref().unwrap_or(&self.precaution));
        self.log.note(&tags);
    }
}
