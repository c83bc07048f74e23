//! A connection to Redis that never makes its users wait for a server that is away.
//!
//! Invariant: a call ends within the configured time. After one that did not, all others are refused at once until the connection
//! has been tried in the background. What travels over it is the callers' business.

mod backoff;
mod config;
mod connection;
mod failure;
mod keeper;
mod link;
mod script;
mod subscription;
mod target;
mod url;

pub use config::{RedisAddress, RedisConfig, RedisConfigError, RedisServers, RedisTls, ServerAddress};
pub use connection::{RedisConnection, RedisStatus};
pub use failure::RedisFailure;
pub use script::RedisScript;
pub use subscription::RedisSubscription;
