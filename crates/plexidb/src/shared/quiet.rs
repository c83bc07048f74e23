//! Waiting for what a server has received and not finished: who settles a new epoch of the shared tier does so once.
//!
//! Invariant: a statement that was under way when it is asked first has ended when it answers.

use std::collections::HashSet;
use std::time::Duration;

use plexidb_core::{Connection, Dialect, DriverError, Limits};

const PAUSE_FIRST: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// The other sessions of this database that run a statement: each with what tells this statement from its next.
const POSTGRES: &str = "SELECT pid::text || ' ' || coalesce(query_start::text, '') FROM pg_catalog.pg_stat_activity \
     WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid() \
     AND backend_type = 'client backend' AND state IS DISTINCT FROM 'idle' AND state IS DISTINCT FROM 'idle in transaction'";
/// `STATE` is empty only before a statement; a thread of replication never ends.
const MYSQL: &str = "SELECT concat(ID, ' ', coalesce(INFO, '')) FROM information_schema.PROCESSLIST \
     WHERE DB = database() AND ID <> connection_id() AND COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID')";

/// Waits until every statement of other sessions that runs now has ended.
///
/// # Errors
///
/// The server cannot be asked.
pub(super) async fn wait(connection: &mut dyn Connection, dialect: Dialect) -> Result<(), DriverError> {
    let sql = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::MySql => MYSQL,
        Dialect::Sqlite => return Ok(()),
    };
    let mut waited_for = running(connection, sql).await?;
    let mut pause = PAUSE_FIRST;
    while !waited_for.is_empty() {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
        let still = running(connection, sql).await?;
        waited_for.retain(|statement| still.contains(statement));
    }
    Ok(())
}

async fn running(connection: &mut dyn Connection, sql: &str) -> Result<HashSet<String>, DriverError> {
    let rows = connection.query(sql, &[], Limits::default()).await?;
    let statements = rows.rows().iter().map(|row| row.get::<String>(0));
    // A cell of another type is no statement that could be waited for.
    Ok(statements.filter_map(Result::ok).collect())
}
