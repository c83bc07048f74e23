//! Poolers that hand the server's sessions on after each transaction, such as PgBouncer in transaction mode.
//!
//! Invariant: what only a session of one's own can keep is refused there, and never runs on somebody else's.

use std::sync::atomic::{AtomicBool, Ordering};

use plexidb_core::{DriverError, SqlError};

use super::settings::{PoolerMode, Settings};

#[cfg(test)]
mod tests;

/// The startup parameter that PgBouncer before 1.20 refuses and that can be done without: the role has it as well.
pub(super) const INTERVAL_STYLE: &str = "IntervalStyle";

/// `protocol_violation`.
const VIOLATION: &str = "08P01";
const REFUSED_PARAMETER: &str = "unsupported startup parameter";

/// What was learnt of the pooler.
#[derive(Debug, Default)]
pub(super) struct Pooler {
    refuses_interval_style: AtomicBool,
}

impl Pooler {
    pub(super) fn refuses_interval_style(&self) -> bool {
        self.refuses_interval_style.load(Ordering::Relaxed)
    }

    /// Whether this error is the refusal of a parameter that can be done without; it is left out from now on.
    pub(super) fn learn(&self, error: &DriverError) -> bool {
        let is_refusal = matches!(error, DriverError::Connect { reason, .. }
            if reason.contains(REFUSED_PARAMETER) && reason.contains(INTERVAL_STYLE));
        let is_news = is_refusal && !self.refuses_interval_style();
        if is_news {
            self.refuses_interval_style.store(true, Ordering::Relaxed);
        }
        is_news
    }
}

/// The SQLSTATE that the server itself would give: PgBouncer's own refusals all have that of a protocol violation.
pub(super) fn sqlstate_of(error: &SqlError) -> Option<&'static str> {
    if error.sqlstate.as_deref() != Some(VIOLATION) {
        return None;
    }
    let says = |words: &str| error.message.contains(words);
    if says("authentication failed") || says("auth failed") || says("no such user") {
        Some("28P01")
    } else if says("no such database") || says("database \"") && says("does not exist") {
        Some("3D000")
    } else {
        None
    }
}

/// What to do about a pooler's refusal, to be read behind its own words.
pub(super) fn advice_on(error: &SqlError) -> &'static str {
    if error.sqlstate.as_deref() == Some(VIOLATION) && error.message.contains(REFUSED_PARAMETER) {
        "; the pooler does not pass it on: leave it out of the URL, and set what it sets with ALTER ROLE … SET"
    } else {
        ""
    }
}

/// Whether a pooler hands sessions on: it makes up the process number of the login, which then is not the session's.
pub(super) fn hands_sessions_on(settings: &Settings, login_pid: i32, session_pid: Option<&str>) -> bool {
    match settings.pooler {
        PoolerMode::Session => false,
        PoolerMode::Transaction => true,
        PoolerMode::Auto => session_pid.is_some_and(|pid| pid.parse() != Ok(login_pid)),
    }
}

/// Why a session behind a pooler is not as the URL and this driver want it.
pub(super) fn objection(settings: &Settings, interval_style: Option<&str>) -> Option<String> {
    if settings.startup.iter().any(|(name, _)| *name == "options") {
        return Some(
            "a pooler that hands sessions on does not give all of them the URL's options; set them with ALTER ROLE … SET, or \
             add pooler=session to the URL where it keeps sessions"
                .to_owned(),
        );
    }
    match interval_style {
        None | Some("postgres") => None,
        Some(other) => Some(format!(
            "the server's IntervalStyle is {other}, and the pooler does not let it be chosen; use ALTER ROLE … SET \
             IntervalStyle = postgres"
        )),
    }
}

/// What a statement is called that needs a session of its own, and what to do instead.
type Need = (&'static str, &'static str);

const LOCAL: &str = "use SET LOCAL in a transaction, or ALTER ROLE … SET";

/// Refuses a statement that works on its session rather than on data. What functions of the user do is not seen.
pub(super) fn check(sql: &str, is_in_transaction: bool) -> Result<(), DriverError> {
    let lower = sql.to_ascii_lowercase();
    let need = need_of_verb(&lower, is_in_transaction).or_else(|| need_of_calls(&lower, is_in_transaction));
    match need {
        None => Ok(()),
        Some((what, instead)) => Err(DriverError::Unsupported {
            what: format!(
                "{what} through a pooler that hands sessions on after each transaction (as PgBouncer in transaction mode); \
                 {instead}; or connect to the server, or to a pooler that keeps sessions with pooler=session in the URL"
            ),
        }),
    }
}

fn need_of_verb(sql: &str, is_in_transaction: bool) -> Option<Need> {
    let mut words = words(sql);
    let verb = words.next()?;
    let second = words.next().unwrap_or_default();
    match verb {
        "set" if matches!(second, "local" | "transaction" | "constraints") => None,
        "set" | "reset" | "discard" | "load" => Some(("changing the session", LOCAL)),
        "listen" | "unlisten" => Some(("LISTEN", "use a connection of its own")),
        "prepare" if second == "transaction" => None,
        "prepare" | "execute" | "deallocate" => Some(("PREPARE and EXECUTE", "send the statement itself")),
        "declare" if words.any(|word| word == "hold") => {
            Some(("a cursor WITH HOLD", "fetch it in a transaction"))
        }
        "create" => {
            let is_temporary = |word: &str| matches!(word, "temp" | "temporary");
            let is_named_so = is_temporary(second)
                || matches!(second, "local" | "global") && words.next().is_some_and(is_temporary);
            let ends_with_transaction = is_in_transaction && sql.contains("on commit drop");
            (is_named_so && !ends_with_transaction).then_some((
                "a temporary table",
                "make it in a transaction with ON COMMIT DROP",
            ))
        }
        _ => None,
    }
}

fn need_of_calls(sql: &str, is_in_transaction: bool) -> Option<Need> {
    let calls = |name: &str| sql.contains(name);
    if calls("pg_advisory_lock") || calls("pg_try_advisory_lock") || calls("pg_advisory_unlock") {
        return Some((
            "an advisory lock of the session",
            "use pg_advisory_xact_lock in a transaction",
        ));
    }
    let is_local = is_in_transaction && sql.contains("true");
    if calls("set_config") && !is_local {
        return Some(("set_config", "call it in a transaction with true for is_local"));
    }
    if (calls("currval") || calls("lastval")) && !is_in_transaction {
        return Some(("currval and lastval", "use RETURNING"));
    }
    if calls("into temp") {
        return Some((
            "a temporary table",
            "make it in a transaction with ON COMMIT DROP",
        ));
    }
    None
}

/// The words of a statement; comments before it are skipped.
fn words(mut sql: &str) -> impl Iterator<Item = &str> {
    loop {
        sql = sql.trim_start();
        let behind = if let Some(comment) = sql.strip_prefix("--") {
            comment.split_once('\n')
        } else if let Some(comment) = sql.strip_prefix("/*") {
            comment.split_once("*/")
        } else {
            None
        };
        match behind {
            Some((_, rest)) => sql = rest,
            None => break,
        }
    }
    sql.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| !word.is_empty())
}
