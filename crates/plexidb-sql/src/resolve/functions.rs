//! Functions: whether a call leaves the result fixed by the data, and whether it may write.
//!
//! Invariant: a function that neither the catalog nor a list of the database's own vouches for may do anything.

use plexidb_core::{Catalog, Dialect, Volatility};

use super::builtin::{self, Builtin};
use crate::profile::FunctionCall;
use crate::reason::Reason;

/// What a call means for the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Why the result may not be cached.
    pub(super) refusal: Option<Reason>,
    /// Whether it may write tables.
    pub(super) may_write: bool,
}

impl Verdict {
    fn harmless() -> Self {
        Self {
            refusal: None,
            may_write: false,
        }
    }

    fn refused(reason: Reason, may_write: bool) -> Self {
        Self {
            refusal: Some(reason),
            may_write,
        }
    }
}

/// Judges a call.
pub(super) fn judge(call: &FunctionCall, catalog: &Catalog) -> Verdict {
    match catalog.dialect() {
        Dialect::Postgres => postgres(call, catalog),
        Dialect::MySql => mysql(call, catalog),
        Dialect::Sqlite => listed(builtin::sqlite(call), call).unwrap_or_else(|| unknown(call)),
    }
}

/// The catalog holds all functions of PostgreSQL, with the worst volatility of all that share a name.
fn postgres(call: &FunctionCall, catalog: &Catalog) -> Verdict {
    let is_own = call.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    let known = if is_own { builtin::postgres(call) } else { None };
    let volatility = catalog.function(&call.name);
    match (volatility, known) {
        (Some(Volatility::Immutable), _) | (None, Some(Builtin::Pure)) => Verdict::harmless(),
        (Some(Volatility::Stable), Some(Builtin::Pure)) => Verdict::harmless(),
        (Some(Volatility::Stable), None) => Verdict::refused(Reason::FunctionReads(call.to_string()), false),
        // A user's function that shares the name of a harmless one may do anything.
        (Some(Volatility::Volatile), Some(Builtin::Pure)) => volatile(call),
        (Some(Volatility::Volatile), None) if !builtin::is_silent_extension(&call.name) => volatile(call),
        (Some(Volatility::Volatile), None) => {
            Verdict::refused(Reason::VolatileFunction(call.to_string()), false)
        }
        (_, Some(builtin)) => listed(Some(builtin), call).unwrap_or_else(|| unknown(call)),
        (None, None) => unknown(call),
    }
}

/// The catalog holds the user's functions; a name of the database's own always means its own.
fn mysql(call: &FunctionCall, catalog: &Catalog) -> Verdict {
    let known = if call.schema.is_none() {
        builtin::mysql(call)
    } else {
        None
    };
    listed(known, call).unwrap_or_else(|| match catalog.function(&call.name) {
        Some(Volatility::Immutable) => Verdict::harmless(),
        Some(Volatility::Stable) => Verdict::refused(Reason::FunctionReads(call.to_string()), false),
        Some(Volatility::Volatile) => volatile(call),
        None => unknown(call),
    })
}

fn listed(builtin: Option<Builtin>, call: &FunctionCall) -> Option<Verdict> {
    let name = || format!("{call}()");
    Some(match builtin? {
        Builtin::Pure => Verdict::harmless(),
        Builtin::Time => Verdict::refused(Reason::TimeDependent(name()), false),
        Builtin::Session => Verdict::refused(Reason::SessionState(name()), false),
        Builtin::Volatile => Verdict::refused(Reason::VolatileFunction(call.to_string()), false),
    })
}

fn volatile(call: &FunctionCall) -> Verdict {
    Verdict::refused(Reason::VolatileFunction(call.to_string()), true)
}

fn unknown(call: &FunctionCall) -> Verdict {
    let reason = if call.is_table {
        Reason::UnknownTableFunction
    } else {
        Reason::UnknownFunction
    };
    Verdict::refused(reason(call.to_string()), true)
}
