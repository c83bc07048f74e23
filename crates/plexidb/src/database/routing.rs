//! Which server may run a read.
//!
//! Invariant: what is not known to read tables alone, at any server with the same result, goes to the primary.

use std::sync::Arc;

use plexidb_core::{RowSet, ValueRef};

use super::read::has_time_word;
use super::{Execution, Inner};
use crate::endpoints::{Freshness, Replicas, Route};
use crate::schema::Statement;
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
    pub(super) fn route(
        &self,
        statement: &Statement,
        values: &[ValueRef<'_>],
        execution: Execution,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Route {
        let Some(set) = self.endpoints.replicas() else {
            return Route::Primary;
        };
        if self.tier().is_some_and(|tier| !tier.may_read_replicas()) {
            // Another process may have written what no log here has a number of.
            return Route::Primary;
        }
        let lag_max = match execution.replicas.unwrap_or_else(|| set.reads()) {
            Replicas::Never => return Route::Primary,
            Replicas::Strict => None,
            Replicas::Lag(lag_max) => Some(lag_max),
        };
        match statement.read_plan(scope) {
            Some(plan) if !has_time_word(values) => Route::Replica(Freshness {
                acknowledged: set.newest_write(&plan.dependencies(values)),
                lag_max,
            }),
            _ => Route::Primary,
        }
    }
}
