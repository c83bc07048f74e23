//! The shared tier against real servers of Redis, in every way in which they can be reached and can fail.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy takes the helpers of an integration test for ordinary code"
)]

mod model;
mod redis_bus;
mod redis_connection;
mod redis_deployments;
mod redis_failures;
mod redis_store;
mod scenery;
