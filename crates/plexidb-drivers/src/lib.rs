//! Drivers for SQLite, PostgreSQL and MySQL/MariaDB behind core's ports.
//!
//! Invariant: callers reach a driver through [`connector`] and core's traits alone; no driver knows another.

mod dispatch;
#[cfg(feature = "mysql")]
mod mysql;
mod options;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod password;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod url;

pub use dispatch::connector;
pub use options::ConnectOptions;
pub use url::DatabaseUrl;
