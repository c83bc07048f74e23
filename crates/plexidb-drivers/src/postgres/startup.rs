//! From settings to a session that is ready: the attempts that `sslmode` allows, the login, the first questions.
//!
//! Invariant: a weaker attempt follows a stronger one only where the URL left the choice to us.

use plexidb_core::{ConnectPhase, DriverError};

use super::dial::{Dialler, Encryption};
use super::login::{BackendKey, Login};
use super::pooler::{self, Pooler};
use super::settings::{Address, SessionRole, Settings, TlsMode};
use super::text_query::text_query;
use super::wire::Wire;

/// A session that is ready.
pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) key: BackendKey,
    pub(super) transaction: u8,
    /// When the server's process started, which tells it from a later one of the same number.
    pub(super) started_at: Option<String>,
    /// Whether it is one of a pooler's, which hands it on after each transaction.
    pub(super) is_pooled: bool,
}

/// When this session's process started, whether it is a standby, whether it takes writes, the process's number, and the form of
/// intervals.
const FIRST_QUESTIONS: &str = "SELECT pg_catalog.to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), \
     pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only'), \
     pg_catalog.pg_backend_pid(), pg_catalog.current_setting('IntervalStyle') \
     FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())";

/// Connects and sets the session up.
pub(super) async fn connect(dialler: &Dialler<'_>, pooler: &Pooler) -> Result<Session, DriverError> {
    match connect_once(dialler, pooler).await {
        Err(error) if pooler.learn(&error) => connect_once(dialler, pooler).await,
        result => result,
    }
}

async fn connect_once(dialler: &Dialler<'_>, pooler: &Pooler) -> Result<Session, DriverError> {
    let attempts = attempts(dialler.settings);
    let (last, earlier) = attempts.split_last().unwrap_or((&Encryption::None, &[]));
    for encryption in earlier {
        match attempt(dialler, pooler, *encryption).await {
            Err(failure) if failure.may_differ && !dialler.is_late() => {
                tracing::debug!(error = %failure.error, "trying again with the other encryption");
            }
            result => return result.map_err(|failure| failure.error),
        }
    }
    attempt(dialler, pooler, *last)
        .await
        .map_err(|failure| failure.error)
}

/// Encryption by attempt. A Unix socket needs none.
fn attempts(settings: &Settings) -> &'static [Encryption] {
    if matches!(settings.address, Address::Unix { .. }) {
        return &[Encryption::None];
    }
    match settings.tls.mode {
        TlsMode::Disable => &[Encryption::None],
        TlsMode::Allow => &[Encryption::None, Encryption::Required],
        TlsMode::Prefer => &[Encryption::IfOffered, Encryption::None],
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => &[Encryption::Required],
    }
}

struct AttemptFailure {
    error: DriverError,
    /// Whether the other encryption may fare better.
    may_differ: bool,
}

async fn attempt(
    dialler: &Dialler<'_>,
    pooler: &Pooler,
    encryption: Encryption,
) -> Result<Session, AttemptFailure> {
    let opened = dialler.open(encryption).await;
    let mut wire = opened.map_err(|error| AttemptFailure {
        may_differ: matches!(
            error,
            DriverError::Connect {
                phase: ConnectPhase::Tls,
                ..
            }
        ),
        error,
    })?;
    let was_encrypted = wire.socket().is_tls();
    let login = Login::new(dialler, &mut wire, pooler.refuses_interval_style());
    let mut is_refused_by_rules = false;
    let logged_in = dialler
        .step(ConnectPhase::Auth, async {
            login.run().await.map_err(|failure| {
                is_refused_by_rules = failure.is_refused_by_rules;
                failure.error
            })
        })
        .await;
    let (key, transaction) = logged_in.map_err(|error| AttemptFailure {
        error,
        may_differ: is_refused_by_rules && (was_encrypted || encryption == Encryption::None),
    })?;
    let setup = dialler.step(ConnectPhase::Setup, set_up(dialler, wire, key, transaction));
    setup.await.map_err(|error| AttemptFailure {
        error,
        may_differ: false,
    })
}

async fn set_up(
    dialler: &Dialler<'_>,
    mut wire: Wire,
    key: BackendKey,
    transaction: u8,
) -> Result<Session, DriverError> {
    let failure = |reason: String| dialler.failure(ConnectPhase::Setup, reason, None);
    let asked = text_query(&mut wire, FIRST_QUESTIONS).await;
    let (mut results, ended) = asked.map_err(|error| failure(error.to_string()))?;
    if let Err(refused) = ended.outcome {
        return Err(failure(refused.into_error().to_string()));
    }
    let mut facts = results
        .take(0)
        .into_iter()
        .flatten()
        .map(|fact| fact.unwrap_or_default());
    let mut fact = || facts.next();
    let started_at = fact().filter(|at| !at.is_empty());
    let (is_standby, is_read_only) = (fact().as_deref() == Some("t"), fact().as_deref() == Some("on"));
    let (session_pid, interval_style) = (fact(), fact());
    let is_read_only = is_standby || is_read_only;
    let is_pooled = pooler::hands_sessions_on(dialler.settings, key.pid, session_pid.as_deref());
    if is_pooled && let Some(objection) = pooler::objection(dialler.settings, interval_style.as_deref()) {
        return Err(failure(objection));
    }
    let missing = match dialler.settings.session_role {
        SessionRole::ReadWrite if is_read_only => "takes no writes",
        SessionRole::ReadOnly if !is_read_only => "takes writes",
        SessionRole::Primary if is_standby => "is a standby",
        SessionRole::Standby if !is_standby => "is a primary",
        _ => {
            return Ok(Session {
                wire,
                key,
                transaction,
                started_at,
                is_pooled,
            });
        }
    };
    Err(failure(format!(
        "the server {missing}, against target_session_attrs"
    )))
}
