//! The server's part in a replication: role, position as GTIDs, lag. MariaDB and MySQL tell it in different words.
//!
//! Invariant: of a replica only what came by replication counts as its position, not what was written to it directly.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row};
use plexidb_core::{DriverError, MalformedPosition, Position, ReplicationRole, ReplicationState};

use super::failure;

#[cfg(test)]
mod tests;

/// Which words the server understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vendor {
    pub(super) is_mariadb: bool,
    pub(super) version: (u16, u16, u16),
}

/// What the server said, as text.
#[derive(Debug, Default)]
pub(super) struct Answers {
    facts: Facts,
    /// A row for each server that this one follows; `None` where the user may not ask for them.
    sources: Option<Vec<Source>>,
}

#[derive(Debug, Default)]
struct Facts {
    read_only: Option<String>,
    transaction_read_only: Option<String>,
    /// MariaDB's `log_bin`, MySQL's `gtid_mode`.
    log: Option<String>,
    /// What this server has in its binary log (MariaDB), or all that it has executed (MySQL).
    written: Option<String>,
    /// MariaDB: what it has replayed.
    replayed: Option<String>,
    /// MariaDB: how many servers it follows at the moment, which anybody may ask.
    sources_running: Option<String>,
}

#[derive(Debug)]
struct Source {
    /// Seconds, where replication runs.
    lag: Option<String>,
}

/// The questions, in one round trip; those of a MySQL server hold for 5.7 and later.
fn questions(vendor: Vendor, asks_for_sources: bool) -> String {
    let facts = if vendor.is_mariadb {
        let transaction = if vendor.version >= (11, 1, 0) {
            "transaction_read_only"
        } else {
            "tx_read_only"
        };
        format!(
            "SELECT @@global.read_only, @@session.{transaction}, @@global.log_bin, @@global.gtid_binlog_pos, \
             @@global.gtid_slave_pos, (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS \
             WHERE VARIABLE_NAME = 'SLAVES_RUNNING')"
        )
    } else {
        let transaction = if vendor.version >= (8, 0, 0) {
            "transaction_read_only"
        } else {
            "tx_read_only"
        };
        format!(
            "SELECT @@global.read_only, @@session.{transaction}, @@global.gtid_mode, @@global.gtid_executed, NULL, NULL"
        )
    };
    let sources = match vendor {
        _ if !asks_for_sources => "",
        Vendor { is_mariadb: true, .. } => "; SHOW ALL SLAVES STATUS",
        Vendor { version, .. } if version >= (8, 0, 22) => "; SHOW REPLICA STATUS",
        Vendor { .. } => "; SHOW SLAVE STATUS",
    };
    facts + sources
}

/// Asks the server. The inner error is that the user may not ask for the servers that this one follows, and comes with
/// all the rest; the connection needs a look at its state then.
pub(super) async fn ask(
    conn: &mut Conn,
    vendor: Vendor,
    asks_for_sources: bool,
) -> Result<(Answers, Option<Error>), Error> {
    let mut result = conn.query_iter(questions(vendor, asks_for_sources)).await?;
    let facts = result.collect::<Row>().await?;
    let mut answers = Answers {
        facts: facts.first().map(Facts::read).unwrap_or_default(),
        sources: None,
    };
    if !asks_for_sources {
        result.drop_result().await?;
        return Ok((answers, None));
    }
    match result.collect_and_drop::<Row>().await {
        Ok(rows) => answers.sources = Some(rows.iter().map(Source::read).collect()),
        Err(error) if failure::is_no_right(&error) => return Ok((answers, Some(error))),
        Err(error) => return Err(error),
    }
    Ok((answers, None))
}

impl Facts {
    fn read(row: &Row) -> Self {
        let text = |position: usize| row.get_opt::<Option<String>, usize>(position)?.ok()?;
        Self {
            read_only: text(0),
            transaction_read_only: text(1),
            log: text(2),
            written: text(3),
            replayed: text(4),
            sources_running: text(5),
        }
    }
}

impl Source {
    fn read(row: &Row) -> Self {
        let lag = ["Seconds_Behind_Master", "Seconds_Behind_Source"]
            .into_iter()
            .find_map(|name| row.get_opt::<Option<String>, &str>(name)?.ok()?);
        Self { lag }
    }
}

/// The state that the answers describe.
pub(super) fn assemble(
    vendor: Vendor,
    answers: &Answers,
    target: &str,
) -> Result<ReplicationState, DriverError> {
    let Answers { facts, sources } = answers;
    let is_read_only = is_on(facts.read_only.as_deref());
    let position = |is_replica| {
        let position = if vendor.is_mariadb {
            mariadb_position(facts, is_replica)
        } else {
            mysql_position(facts)
        };
        position.map_err(|error| DriverError::Protocol {
            target: target.to_owned(),
            message: error.to_string(),
        })
    };
    let is_replica = match sources {
        Some(sources) => !sources.is_empty(),
        None => looks_like_a_replica(vendor, facts, is_read_only),
    };
    let refuses_writes = is_read_only || is_on(facts.transaction_read_only.as_deref());
    let position = position(is_replica)?;
    if !is_replica {
        return Ok(ReplicationState {
            position,
            ..ReplicationState::of_single(refuses_writes)
        });
    }
    Ok(ReplicationState {
        role: ReplicationRole::Replica,
        refuses_writes,
        position,
        replay_lag: sources.as_deref().and_then(replay_lag),
    })
}

/// For a user without the right to ask (MariaDB: SLAVE MONITOR; MySQL: REPLICATION CLIENT). A MariaDB server that is not
/// read-only, has replayed something and follows nobody at the moment was promoted, most likely.
fn looks_like_a_replica(vendor: Vendor, facts: &Facts, is_read_only: bool) -> bool {
    if !vendor.is_mariadb {
        return is_read_only;
    }
    let follows = facts.sources_running.as_deref().is_some_and(|count| count != "0");
    let has_followed = facts.replayed.as_deref().is_some_and(|gtids| !gtids.is_empty());
    follows || is_read_only && has_followed
}

/// Of a primary what it has logged, and what it replayed in an earlier life without logging it. Without a log nobody can
/// follow, and there is no position.
fn mariadb_position(facts: &Facts, is_replica: bool) -> Result<Option<Position>, MalformedPosition> {
    let replayed = facts
        .replayed
        .as_deref()
        .map(Position::from_mariadb)
        .transpose()?;
    if is_replica {
        return Ok(replayed);
    }
    let written = facts.written.as_deref().filter(|_| is_on(facts.log.as_deref()));
    let written = written.map(Position::from_mariadb).transpose()?;
    Ok(match (written, replayed) {
        (Some(written), Some(replayed)) => written.join(&replayed),
        (written, _) => written,
    })
}

/// The same set tells it of both roles: what a server has executed, wherever it was written. Without GTIDs, or with gaps in
/// them, there is none.
fn mysql_position(facts: &Facts) -> Result<Option<Position>, MalformedPosition> {
    let executed = facts.written.as_deref().filter(|_| is_on(facts.log.as_deref()));
    Ok(executed.map(Position::from_mysql).transpose()?.flatten())
}

/// The longest lag of all servers that are followed; `None` where one of them is not, at the moment.
fn replay_lag(sources: &[Source]) -> Option<Duration> {
    let lag = |source: &Source| Some(Duration::from_secs(source.lag.as_deref()?.parse().ok()?));
    let lags: Option<Vec<Duration>> = sources.iter().map(lag).collect();
    lags?.into_iter().max()
}

/// A switch of the server. MariaDB's `read_only` has words for more than one kind of on.
fn is_on(value: Option<&str>) -> bool {
    value.is_some_and(|value| {
        !["0", "OFF", "NO"]
            .iter()
            .any(|off| value.eq_ignore_ascii_case(off))
    })
}
