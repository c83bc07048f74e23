//! The stamps of a result: captured before its query, completed by the keys that the result itself names.
//!
//! Invariant: a stamp is as good as captured before the query was sent, or the result is not stored.

use plexidb_cache::{SlotArray, Stamps, Watch};
#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};
use plexidb_core::{RowSet, Tag, ValueRef};
use plexidb_sql::{Dependencies, FollowedKey, ReadPlan, TagList};
use smallvec::SmallVec;

/// Rows of a result in which keys are looked for; a longer one depends on the guard.
const ROWS_MAX: usize = 512;

/// What was captured before the query was sent.
pub(crate) struct Captured {
    always: Stamps,
    /// `None` where a write of it was in flight: then a result without rows is not stored.
    unless_found: Option<Stamps>,
    /// The guard of each key that the result is followed by, in the order of the plan.
    guards: SmallVec<[Watch; 2]>,
}

impl Captured {
    /// Captures all that the result may depend on. **Must be called before the query is sent.** `None` where a write of
    /// what it depends on in any case is in flight.
    pub(crate) fn before(slots: &SlotArray, found: &Dependencies) -> Option<Self> {
        let first = |tags: &[Tag]| slots.capture_first(tags.iter().copied());
        let then = |tags: &[Tag]| slots.capture(tags.iter().copied());
        let guards = found.guards.iter();
        let guards: Option<SmallVec<[Watch; 2]>> = guards
            .map(|guard| slots.watch(guard.unknown.iter().copied(), guard.known.iter().copied()))
            .collect();
        let unless_found = first(&found.unknown.unless_found).zip(then(&found.known.unless_found));
        Some(Self {
            always: first(&found.unknown.always)?.join(then(&found.known.always)?),
            unless_found: unless_found.map(|(unknown, known)| unknown.join(known)),
            guards: guards?,
        })
    }

    /// Everything on which the result may depend, whatever it will be; `None` where a write of some of it was in flight.
    pub(crate) fn of_flight(&self) -> Option<Stamps> {
        let stamps = self.always.clone().join(self.unless_found.clone()?);
        let mut guards = self.guards.iter();
        guards.try_fold(stamps, |stamps, guard| Some(stamps.join(guard.stamps()?.clone())))
    }

    /// The stamps of the result, or `None` where it must not be stored.
    pub(crate) fn complete(self, slots: &SlotArray, plan: &ReadPlan, result: &RowSet) -> Option<Stamps> {
        let mut stamps = self.always;
        if result.is_empty() {
            stamps = stamps.join(self.unless_found?);
        }
        for (key, guard) in plan.followed().zip(self.guards) {
            stamps = stamps.join(match keys_of(key, result) {
                Some(keys) => {
                    let keys = slots.capture(keys.into_iter())?;
                    // Nobody has written a row that may be in the result since before the query, but for those who
                    // still hold it: then the keys' slots are as good as captured before.
                    let is_quiet = slots.is_unchanged(&guard);
                    #[cfg(feature = "planted-faults")]
                    let is_quiet = is_quiet || planted::is(Fault::SkipGuards);
                    if !is_quiet {
                        return None;
                    }
                    keys
                }
                None => guard.stamps()?.clone(),
            });
        }
        Some(stamps)
    }
}

/// The tags of the keys that a result names; `None` where they are too many or cannot be told apart.
fn keys_of(key: &FollowedKey, result: &RowSet) -> Option<TagList> {
    if result.len() > ROWS_MAX {
        return None;
    }
    let mut tags = TagList::new();
    let mut tags_a_key = 1;
    for row in result {
        let before = tags.len();
        let value = row.get::<ValueRef<'_>>(key.column()).ok()?;
        if !key.add_tags(value, &mut tags) {
            return None;
        }
        tags_a_key = tags_a_key.max(tags.len() - before);
    }
    tags.sort_unstable();
    tags.dedup();
    (tags.len() <= FollowedKey::KEYS_MAX * tags_a_key).then_some(tags)
}
