//! Connection pool: checkout, checkin, limits.
//!
//! Invariant: never more connections than allowed, whatever is cancelled and when; a connection whose state is not
//! known to be clean is never handed out again. Nothing here knows SQL or a particular database.

mod closing;
mod config;
mod error;
mod idle;
mod lease;
mod pool;
mod slot;
mod stats;

pub use config::PoolConfig;
pub use error::{CheckoutPhase, CheckoutTimeout, PoolError};
pub use lease::Lease;
pub use pool::Pool;
pub use stats::PoolStats;
