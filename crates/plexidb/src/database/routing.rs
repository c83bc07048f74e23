//! Which server may run a read.
//!
//! Invariant: what is not known to read tables alone, at any server with the same result, goes to the primary; what reads by a
//! server's clock goes elsewhere only where its reader has asked for that.

use std::sync::Arc;

use plexidb_core::{Dialect, RowSet, ValueRef};
use plexidb_sql::{Cacheability, Elsewhere, ReadPlan, Reason};

use super::read::has_time_word;
use super::{Execution, Inner};
use crate::endpoints::{Freshness, Replicas, Route};
use crate::schema::{Statement, Way};
use crate::scope::ScopeSettings;

/// A result, and what is known of the server that gave it.
pub(super) struct Fetched {
    pub(super) set: RowSet,
    /// Whether it shows every write that was acknowledged, to what it depends on, before its route was chosen.
    pub(super) is_strict: bool,
    /// The server's name, where there are several.
    pub(super) endpoint: Option<Arc<String>>,
}

impl Inner {
    /// Which server may run a read that is about to be sent.
    //
    // Why a result from a replica may be stored under stamps that were captured before this. Let W be a write through this
    // manager that touches what the result depends on. If W's slots were still held at the capture, there are no
    // stamps and nothing is stored. If W let go of them later, the stamps do not match any more. So W let go before the
    // capture, and had its number in the log before that (see `Claim::end_but_certain`): the number that is looked up here,
    // after the capture, is at least W's. A replica serves a strict read only where it has replayed a position of the primary
    // that was asked for after so many writes were acknowledged: it shows W. The dependencies are those of the stamps, with all
    // on which the result may depend, so that a write which is not looked up does not change the result.
    pub(crate) fn route(
        &self,
        statement: &Statement,
        values: &[ValueRef<'_>],
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Route {
        let Some(set) = self.endpoints.replicas() else {
            return Route::Primary(None);
        };
        let tag = execution.tag;
        let lag_max = match execution.replicas.unwrap_or_else(|| set.reads()) {
            Replicas::Never => return Route::Primary(tag),
            // Another process may have written what no log here has a number of.
            Replicas::Strict if self.tier().is_some_and(|tier| !tier.may_read_replicas()) => {
                return Route::Primary(tag);
            }
            Replicas::Strict => None,
            Replicas::Lag(lag_max) => Some(lag_max),
        };
        let is_asked_for = lag_max.is_some() || tag.is_some();
        let acknowledged = match Reach::of(statement, scope, self.connector.dialect()) {
            Reach::Anywhere(plan) if is_asked_for || !has_time_word(values) => {
                set.newest_write(&plan.dependencies(values))
            }
            Reach::ByItsClock(plan, _) if is_asked_for => set.newest_write(&plan.dependencies(values)),
            Reach::ByAnyRows(_) if is_asked_for => set.every_write(),
            _ => return Route::Primary(tag),
        };
        Route::Replica(Freshness {
            acknowledged,
            lag_max,
            tag,
        })
    }

    /// Which server may run a read-only transaction, whose statements are not known yet: it must show every write.
    pub(crate) fn route_of_transaction(&self, execution: Execution) -> Route {
        let tag = execution.tag;
        let (Some(set), Some(replicas)) = (self.endpoints.replicas(), execution.replicas) else {
            return Route::Primary(tag);
        };
        let lag_max = match replicas {
            Replicas::Never => return Route::Primary(tag),
            // Another process may have written what no log here has a number of.
            Replicas::Strict if self.tier().is_some_and(|tier| !tier.may_read_replicas()) => {
                return Route::Primary(tag);
            }
            Replicas::Strict => None,
            Replicas::Lag(lag_max) => Some(lag_max),
        };
        Route::Replica(Freshness {
            acknowledged: set.every_write(),
            lag_max,
            tag,
        })
    }
}

/// How far a statement may be run by another server than the primary.
pub(crate) enum Reach<'a> {
    /// By any server that shows what it depends on.
    Anywhere(&'a ReadPlan),
    /// So too, but the result is by the server's clock.
    ByItsClock(&'a ReadPlan, &'a Reason),
    /// By a server that shows everything: what it reads is not known.
    ByAnyRows(&'a Reason),
    /// By the primary alone, as it changes something, or for this reason.
    Primary(Option<&'a Reason>),
}

impl<'a> Reach<'a> {
    pub(crate) fn of(statement: &'a Statement, scope: Option<&Arc<ScopeSettings>>, dialect: Dialect) -> Self {
        if statement.way() != Way::Read {
            return Self::Primary(None);
        }
        if let Some(plan) = statement.read_plan(scope) {
            return Self::Anywhere(plan);
        }
        let footprint = &statement.footprint;
        let Cacheability::Not(reason) = &footprint.cacheability else {
            return Self::Primary(None);
        };
        match reason.elsewhere() {
            Elsewhere::Alike => Self::Anywhere(&footprint.reads),
            Elsewhere::ByItsClock => Self::ByItsClock(&footprint.reads, reason),
            // PostgreSQL refuses writes in functions that are declared to be stable; MySQL believes the declaration.
            Elsewhere::ByAnyRows if dialect == Dialect::Postgres => Self::ByAnyRows(reason),
            Elsewhere::ByAnyRows | Elsewhere::Never => Self::Primary(Some(reason)),
        }
    }
}
