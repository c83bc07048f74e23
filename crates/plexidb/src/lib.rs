//! plexidb stands between an application and its SQLite, PostgreSQL or MySQL/MariaDB databases and makes reads
//! fast without ever making them wrong: results are cached in the process and dropped by the writes that
//! touch what they depend on.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), plexidb::Error> {
//! use plexidb::{Source, params};
//!
//! let db = plexidb::connect("sqlite::memory:").await?;
//! db.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)", params![]).await?;
//! db.execute("INSERT INTO users VALUES (?, ?)", params![7, "Ada"]).await?;
//!
//! let sql = "SELECT name FROM users WHERE id = ?";
//! assert_eq!(db.query(sql, params![7]).await?.source(), Source::Database);
//! assert_eq!(db.query(sql, params![7]).await?.source(), Source::L1);
//!
//! db.execute("UPDATE users SET name = ? WHERE id = ?", params!["Grace", 7]).await?;
//! let rows = db.query(sql, params![7]).await?;
//! assert_eq!(rows[0].get::<&str>("name")?, "Grace");
//! # Ok(())
//! # }
//! ```

mod config;
mod database;
mod endpoints;
mod error;
mod explain;
mod flight;
mod in_doubt;
mod interest;
mod learning;
mod manager;
mod pool_size;
mod request;
mod rows;
mod schema;
mod scope;
mod select;
mod shared;
mod statistics;
mod stats;
mod stream;
mod touched;
mod transaction;

pub use config::{
    Coherence, Config, ConfigBuilder, ConfigErrors, ConfigProblem, DatabaseConfig, OnPartition, RedisConfig,
    ReplicaConfig, Role, TableConfig, config_reference,
};
pub use database::{Database, Execution};
pub use endpoints::{Replicas, ServerStats, ServerTag};
pub use error::Error;
pub use explain::{Explanation, Placement};
pub use learning::KeyLearning;
pub use manager::{Manager, ManagerBuilder, connect};
pub use plexidb_cache::CacheStats;
#[cfg(feature = "planted-faults")]
pub use plexidb_core::planted;
pub use plexidb_core::{
    Array, ArrayRef, Bits, Catalog, CatalogColumn, Column, ColumnIndex, Comparison, ConnectPhase, Date,
    Dialect, DriverError, ErrorKind, Executed, ForeignKey, ForeignKeyAction, FromValue, Interval, Key,
    KeyKind, Limits, Params, Row, RowError, RowSet, SessionId, SqlError, Table, TableKind, TableName, Time,
    TimeTz, Timestamp, ToParam, Trigger, TriggerTiming, Value, ValueRef, params,
};
pub use plexidb_pool::{
    Balance, BreakerState, CheckinEvent, CheckoutEvent, CheckoutPhase, CheckoutTimeout, CloseEvent,
    CloseReason, ConnectEvent, EndpointStats, GroupError, GroupStats, InvalidateEvent, Overload, PoolError,
    PoolHooks, PoolSize, PoolStats, Priority, ResetEvent, Role as ObservedRole, Unfit,
};
pub use plexidb_sql::{
    Cacheability, Elsewhere, Precision, Reason, StatementEnd, StatementKind, TransactionControl, Unbounded,
    WriteExtent, split_statements,
};
pub use rows::{Rows, Source};
pub use scope::{ScopeError, Scoped};
pub use select::Select;
pub use shared::{Invalidated, RedisStatus, SharedError, SharedStats};
pub use statistics::{Miss, StatementPolicy, StatementStats};
pub use stats::{SlotStats, Stats};
pub use stream::RowStream;
pub use transaction::{Isolation, Savepoint, Transaction, TransactionOptions};
