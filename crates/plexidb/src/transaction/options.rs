//! How a transaction begins.

use plexidb_core::{Dialect, DriverError};

use crate::database::Execution;
use crate::endpoints::{Replicas, ServerTag};

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
    /// Whether a replica may serve it, where it is read-only: one that shows every write which was acknowledged before it began
    /// ([`Replicas::Strict`]), or lags no more than this. The default is the primary, since nobody knows what its statements
    /// will be: what they say of their session, locks and clock is the replica's own. PostgreSQL's replicas have no
    /// serializable transactions, which go to the primary.
    pub replicas: Option<Replicas>,
    /// Only servers with this tag may serve it, or the primary where that is allowed, where it is read-only; see
    /// [`Database::tag`](crate::Database::tag). Without `replicas` it stands for [`Replicas::Strict`].
    pub tag: Option<ServerTag>,
}

impl TransactionOptions {
    /// What it asks of the server that runs it.
    pub(super) fn execution(self) -> Result<Execution, DriverError> {
        let replicas = self.replicas.or(self.tag.map(|_| Replicas::Strict));
        if !self.read_only && replicas.is_some_and(|replicas| replicas != Replicas::Never) {
            return Err(DriverError::Unsupported {
                what: "transactions that may write on replicas; set `read_only`, or leave `replicas` and `tag` out".into(),
            });
        }
        let is_serializable = self.isolation == Some(Isolation::Serializable);
        Ok(Execution {
            replicas: if is_serializable {
                Some(Replicas::Never)
            } else {
                replicas
            },
            tag: self.tag,
            ..Execution::default()
        })
    }

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
