//! The drivers as a caller sees them: real files, real servers.

mod comparison;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod messages;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod progress;
#[cfg(feature = "sqlite")]
mod sqlite;
mod url;
