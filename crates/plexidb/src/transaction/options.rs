//! How a transaction begins.

use plexidb_core::{Dialect, DriverError};

/// An isolation level of the SQL standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All statements see one snapshot.
    RepeatableRead,
    /// As if transactions ran one after the other.
    Serializable,
}

/// Options of [`Database::begin_with`](crate::Database::begin_with).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionOptions {
    /// The isolation level; the database's default where there is none. SQLite is always serializable.
    pub isolation: Option<Isolation>,
    /// Refuse writes.
    pub read_only: bool,
}

impl TransactionOptions {
    /// The statements that begin such a transaction.
    pub(super) fn statements(self, dialect: Dialect) -> Result<Vec<String>, DriverError> {
        let isolation = self.isolation.map(|isolation| match isolation {
            Isolation::ReadCommitted => "READ COMMITTED",
            Isolation::RepeatableRead => "REPEATABLE READ",
            Isolation::Serializable => "SERIALIZABLE",
        });
        Ok(match (dialect, self.read_only) {
            // SQLite cannot wait for its write lock once a transaction has read: the lock is taken at the start.
            (Dialect::Sqlite, false) => vec!["BEGIN IMMEDIATE".into()],
            (Dialect::Sqlite, true) => {
                return Err(DriverError::Unsupported {
                    what: "read-only transactions on SQLite; open the file with ?mode=ro instead".into(),
                });
            }
            (Dialect::Postgres, read_only) => {
                let isolation = isolation
                    .map(|level| format!(" ISOLATION LEVEL {level}"))
                    .unwrap_or_default();
                vec![format!(
                    "BEGIN{isolation}{}",
                    if read_only { " READ ONLY" } else { "" }
                )]
            }
            (Dialect::MySql, read_only) => isolation
                .map(|level| format!("SET TRANSACTION ISOLATION LEVEL {level}"))
                .into_iter()
                .chain([format!(
                    "START TRANSACTION{}",
                    if read_only { " READ ONLY" } else { "" }
                )])
                .collect(),
        })
    }
}
