//! Results in Redis: taken under this process' own stamps, kept with the record's versions of the same slots.
//!
//! Invariant: what is taken counts as of the moment at which its slots were looked at, under a lease that was valid then; what is
//! kept was read after the versions were that it is kept under.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plexidb_cache::{SlotArray, Stamps};
use plexidb_core::{RowSet, ValueRef};
use plexidb_shared::store::{EntryKey, Fill, KeyParts, L2, L2Stats, Origin};

use super::Tier;
use crate::scope::ScopeSettings;

/// The results of one database in Redis.
pub(crate) struct Results {
    pub(super) l2: L2,
    /// The database's name, which all processes share.
    pub(super) database: String,
    /// What of the login the answers depend on.
    pub(super) login: String,
}

/// A result that was taken.
pub(crate) struct Taken {
    /// The stamps of this process under which it holds.
    pub(crate) stamps: Stamps,
    pub(crate) rows: RowSet,
    /// What the database took for it.
    pub(crate) cost: Duration,
}

/// A result to be kept.
pub(crate) struct Kept<'a> {
    pub(crate) key: EntryKey,
    /// What was captured before the query was sent.
    pub(crate) stamps: &'a Stamps,
    pub(crate) rows: &'a RowSet,
    pub(crate) cost: Duration,
}

impl Results {
    /// What a result is kept under: everything that can change the answer.
    pub(crate) fn key(
        &self,
        catalog: u128,
        scope: Option<&ScopeSettings>,
        sql: &str,
        params: &[ValueRef<'_>],
    ) -> EntryKey {
        let mut session = self.login.clone().into_bytes();
        for (name, value) in scope.into_iter().flat_map(ScopeSettings::pairs) {
            for part in [name, value] {
                session.push(0);
                session.extend_from_slice(part.as_bytes());
            }
        }
        EntryKey::new(&KeyParts {
            database: &self.database,
            catalog,
            scope: &session,
            sql,
            params,
        })
    }

    /// The result of this key, where it is what the database would answer now.
    pub(crate) async fn get(&self, tier: &Tier, slots: &SlotArray, key: &EntryKey) -> Option<Taken> {
        let judge = |origin: &Origin| {
            let stamps = judge(tier, slots, origin)?;
            Some((stamps, Duration::from_micros(origin.cost_us)))
        };
        let ((stamps, cost), rows) = self.l2.get(key, judge).await?;
        Some(Taken { stamps, rows, cost })
    }

    /// Keeps a result in the background, unless a write has overtaken it.
    pub(crate) fn keep(&self, tier: &Tier, slots: &SlotArray, kept: &Kept<'_>) {
        let Kept { stamps, rows, .. } = *kept;
        let versions = |slots: Vec<u32>| tier.node.versions(&slots);
        let first = versions(stamps.first_slots().collect());
        let then = versions(stamps.other_slots().collect());
        let Some(((epoch, first), (epoch_then, then))) = first.zip(then) else {
            return;
        };
        // A write that the record has ended since the capture has raised a slot here, after its versions were mirrored: where the
        // stamps hold, the versions are those of the capture.
        if epoch != epoch_then || !slots.holds(stamps) {
            return;
        }
        let origin = Origin {
            epoch: epoch.0,
            first,
            then,
            cost_us: u64::try_from(kept.cost.as_micros()).unwrap_or(u64::MAX),
            filled_at_ms: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        };
        self.l2.fill(Fill {
            key: kept.key.clone(),
            origin,
            rows: rows.clone(),
            ttl: None,
        });
    }

    pub(crate) fn stats(&self) -> L2Stats {
        self.l2.stats()
    }
}

/// The stamps of this process for an entry that counts.
//
// The grant first, then the words, then the versions, then the clock. Under a valid lease everything that was announced before has raised
// its words: a write that might be visible, and is not in the entry, has either a word with a writer (nothing is captured) or has ended
// (its versions, which are mirrored before the words are let go, are not the entry's). The result counts as of the capture.
fn judge(tier: &Tier, slots: &SlotArray, origin: &Origin) -> Option<Stamps> {
    let grant = tier.grant();
    let slots_of = |stamped: &[(u32, u64)]| stamped.iter().map(|&(slot, _)| slot).collect::<Vec<_>>();
    let stamps = slots.capture_slots(&slots_of(&origin.first), &slots_of(&origin.then))?;
    // After the capture: what was owed before its slots were let go is seen here.
    if tier.owed.is_owing() {
        return None;
    }
    let counts = tier
        .node
        .is_current(origin.epoch, origin.first.iter().chain(&origin.then).copied());
    (counts && grant.is_valid_at(tier.node.now())).then_some(stamps)
}
