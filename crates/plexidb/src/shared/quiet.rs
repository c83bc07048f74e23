//! Waiting for what a server has received and not finished: who settles a new epoch of the shared tier does so once.
//!
//! Invariant: a statement that was under way when it is asked first has ended when it answers.

use std::collections::HashSet;
use std::time::Duration;

use plexidb_core::{Connection, Dialect, DriverError, Limits};

const PAUSE_FIRST: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// How long the server may take to tell what it runs.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// The other sessions of this database that run a statement: each with what tells this statement from its next. Of other users'
/// sessions nothing is shown but their locks, as a rule: each transaction holds that of its own number, and outside of one an idle session holds none.
const POSTGRES: &str = "SELECT a.pid::text || ' ' || coalesce(a.query_start::text, l.virtualtransaction, '') \
     FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_locks l ON l.pid = a.pid AND l.locktype = 'virtualxid' \
     AND l.granted AND l.mode = 'ExclusiveLock' \
     WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.usesysid IS NOT NULL \
     AND (a.backend_type = 'client backend' AND a.state NOT IN ('idle', 'idle in transaction') \
     OR a.state IS NULL AND l.pid IS NOT NULL)";
/// MariaDB numbers its statements.
const MARIADB: &str = "SELECT concat(ID, ' ', QUERY_ID) FROM information_schema.PROCESSLIST \
     WHERE DB = database() AND ID <> connection_id() AND COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID')";
/// MySQL does not: who runs the same text again and again is waited for until he pauses.
const MYSQL: &str = "SELECT concat(ID, ' ', coalesce(INFO, '')) FROM information_schema.PROCESSLIST \
     WHERE DB = database() AND ID <> connection_id() AND COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID')";

/// Waits until every statement of other sessions that runs now has ended.
///
/// # Errors
///
/// The server cannot be asked.
pub(super) async fn wait(connection: &mut dyn Connection, dialect: Dialect) -> Result<(), DriverError> {
    let (sql, mut waited_for) = match dialect {
        Dialect::Sqlite => return Ok(()),
        Dialect::Postgres => (POSTGRES, running(connection, POSTGRES).await?),
        Dialect::MySql => match running(connection, MARIADB).await {
            Err(DriverError::Sql(_)) => (MYSQL, running(connection, MYSQL).await?),
            statements => (MARIADB, statements?),
        },
    };
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
    let asked = tokio::time::timeout(ASK_TIMEOUT, connection.query(sql, &[], Limits::default()));
    let timed_out = DriverError::Timeout {
        phase: "statements under way",
        after: ASK_TIMEOUT,
    };
    let rows = asked.await.unwrap_or(Err(timed_out))?;
    let statements = rows.rows().iter().map(|row| row.get::<String>(0));
    // A cell of another type is no statement that could be waited for.
    Ok(statements.filter_map(Result::ok).collect())
}
