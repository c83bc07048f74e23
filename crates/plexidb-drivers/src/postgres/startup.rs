//! From settings to a session that is ready: the attempts that `sslmode` allows, the login, the first questions.
//!
//! Invariant: a weaker attempt follows a stronger one only where the URL left the choice to us.

use std::sync::Arc;

use plexidb_core::{ConnectPhase, ConnectProgress, DriverError};

use super::dial::{Dialler, Encryption};
use super::login::{BackendKey, Login};
use super::settings::{Address, SessionRole, Settings, TlsMode};
use super::text_query::text_query;
use super::tls::TlsClient;
use super::wire::Wire;

/// A session that is ready.
pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) key: BackendKey,
    pub(super) transaction: u8,
    /// When the server's process started, which tells it from a later one of the same number.
    pub(super) started_at: Option<String>,
}

/// When this session's process started, whether it is a standby, and whether it takes writes.
const FIRST_QUESTIONS: &str = "SELECT pg_catalog.to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), \
     pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') \
     FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())";

/// Connects and sets the session up.
pub(super) async fn connect(
    settings: &Settings,
    tls: &TlsClient,
    target: Arc<str>,
    progress: &ConnectProgress,
) -> Result<Session, DriverError> {
    let dialler = Dialler::new(settings, tls, target, progress);
    let attempts = attempts(settings);
    let (last, earlier) = attempts.split_last().unwrap_or((&Encryption::None, &[]));
    for encryption in earlier {
        match attempt(&dialler, *encryption).await {
            Err(failure) if failure.may_differ && !dialler.is_late() => {
                tracing::debug!(error = %failure.error, "trying again with the other encryption");
            }
            result => return result.map_err(|failure| failure.error),
        }
    }
    attempt(&dialler, *last).await.map_err(|failure| failure.error)
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

async fn attempt(dialler: &Dialler<'_>, encryption: Encryption) -> Result<Session, AttemptFailure> {
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
    let login = Login::new(dialler, &mut wire);
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
    let mut facts = results.take(0).into_iter().flatten();
    let started_at = facts.next().flatten();
    let is_standby = facts.next().flatten().as_deref() == Some("t");
    let is_read_only = is_standby || facts.next().flatten().as_deref() == Some("on");
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
            });
        }
    };
    Err(failure(format!(
        "the server {missing}, against target_session_attrs"
    )))
}
