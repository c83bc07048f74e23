//! Results that other processes have fetched, and those that they may take from this one.
//!
//! Invariant: nothing is taken or given but what this process itself would cache.

use std::sync::Arc;
use std::time::Duration;

use plexidb_cache::{Fill, Stamps};
use plexidb_core::{RowSet, Tag, ValueRef};
use plexidb_shared::store::EntryKey;

use super::{Execution, Inner};
use crate::error::Error;
use crate::schema::{Epoch, Statement};
use crate::scope::ScopeSettings;
use crate::shared::{Invalidated, Kept, Results, Tier};

/// A result in the shared tier: where it would be, and what it is called.
pub(super) struct SharedResult {
    tier: Arc<Tier>,
    key: EntryKey,
}

impl Inner {
    /// Drops what depends on this, here and in all processes that share results.
    pub(super) async fn invalidate(&self, tag: Tag) -> Result<Invalidated, Error> {
        self.endpoints.note_write(&[tag]);
        self.slots.begin_write(&[tag]).end();
        match self.tier() {
            None => Ok(Invalidated::here()),
            Some(tier) => Ok(tier.touch(self.slots.slots_of([tag].into_iter())).await?),
        }
    }

    /// Where the result of a read would be that may be cached; `None` where results are not shared.
    pub(super) fn shared_result(
        &self,
        epoch: &Epoch,
        statement: &Statement,
        values: &[ValueRef<'_>],
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Option<SharedResult> {
        let tier = self.tier()?;
        let results = tier.results()?;
        if execution.limits.is_some() {
            // It may be larger than is asked for.
            return None;
        }
        let scope = scope.map(Arc::as_ref);
        let key = results.key(epoch.fingerprint(), scope, &statement.sql, values);
        Some(SharedResult {
            tier: Arc::clone(tier),
            key,
        })
    }

    /// Takes a result that is what the database would answer now, and keeps it in this process.
    pub(super) async fn take_shared(
        &self,
        shared: &SharedResult,
        statement: &Statement,
        values: &[ValueRef<'_>],
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Option<RowSet> {
        let results = shared.tier.results()?;
        let taken = results.get(&shared.tier, &self.slots, &shared.key).await?;
        let fill = Fill {
            rows: taken.rows.clone(),
            stamps: taken.stamps,
            ttl: self.ttl(statement, execution),
            cost: taken.cost,
            tally: Arc::clone(&statement.record.tally),
            keeps_stale: self.stale_age_max(statement, execution).is_some(),
        };
        let inserted = self
            .l1
            .insert(self.key(statement, values, scope), fill, &self.slots);
        statement.record.filled(inserted);
        Some(taken.rows)
    }

    /// Gives a result to the others that was fetched under these stamps.
    pub(super) fn give_shared(&self, shared: SharedResult, stamps: &Stamps, rows: &RowSet, cost: Duration) {
        let SharedResult { tier, key } = shared;
        let kept = Kept {
            key,
            stamps,
            rows,
            cost,
        };
        tier.results().into_iter().for_each(|results: &Results| {
            results.keep(&tier, &self.slots, &kept);
        });
    }
}
