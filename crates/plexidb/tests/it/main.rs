//! The layer as its users see it, on real databases: SQLite files, PostgreSQL and MariaDB.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(missing_docs, reason = "tests are named after what they show")]

mod admission;
mod api;
mod cancellation;
mod coalescing;
mod concurrency;
mod databases;
mod differential;
mod errors;
mod freshness;
mod hits;
mod learning;
mod pool;
mod pooler;
mod precision;
mod replicas;
mod routing;
mod schema_changes;
mod scope;
mod shared;
mod transactions;
mod triggers;
