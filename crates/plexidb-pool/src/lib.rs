//! Connection pool: checkout, checkin, limits.
//!
//! Invariant: never more connections than allowed, whatever is cancelled and when; a connection whose state is not
//! known to be clean is never handed out again. Nothing here knows SQL or a particular database.

mod budget;
mod checkin;
mod checkout;
mod closing;
mod config;
mod dial;
mod error;
mod group;
mod health;
mod hooks;
mod idle;
mod lease;
mod ledger;
mod maintenance;
mod out;
mod pool;
mod queue;
mod shedding;
mod stats;

pub use budget::Budget;
pub use config::{ConnectBackoff, PoolConfig, PoolSize, Priority, Shedding};
pub use error::{CheckoutPhase, CheckoutTimeout, Overload, PoolError};
pub use group::{
    Balance, BreakerConfig, BreakerState, Endpoint, EndpointGuard, EndpointId, EndpointStats, Group,
    GroupConfig, GroupError, GroupLease, GroupStats, Intent, InvalidGroup, Mark, Need, Observation, Outcome,
    Role, Unfit,
};
pub use hooks::{
    CheckinEvent, CheckoutEvent, CloseEvent, CloseReason, ConnectEvent, InvalidateEvent, PoolHooks,
    ResetEvent,
};
pub use lease::Lease;
pub use pool::{Pool, PoolBuilder};
pub use stats::PoolStats;
