//! A SQLite connection with what it remembers, as one piece that moves to a thread and back.
//!
//! Invariant: its registration ends after its connection is closed, since fields are dropped in order.

use std::sync::Arc;
use std::time::Instant;

use plexidb_core::{DriverError, SessionId};
use rusqlite::{Connection, TransactionState};

use super::keyword::{Control, Kind};
use super::profile::{Profile, Profiles};
use super::registry::Registration;
use super::run::{self, Run};
use super::settings::Settings;
use super::signals::Signals;

/// One session.
pub(super) struct Session {
    pub(super) database: Connection,
    profiles: Profiles,
    pub(super) signals: Arc<Signals>,
    pub(super) settings: Arc<Settings>,
    registration: Registration,
}

impl Session {
    /// A session on an open connection.
    pub(super) fn new(
        database: Connection,
        statement_cache_size: usize,
        signals: Arc<Signals>,
        settings: Arc<Settings>,
        registration: Registration,
    ) -> Self {
        database.set_prepared_statement_cache_capacity(statement_cache_size);
        Self {
            database,
            profiles: Profiles::new(statement_cache_size),
            signals,
            settings,
            registration,
        }
    }

    pub(super) fn id(&self) -> SessionId {
        self.registration.id()
    }

    /// The kind of a statement, if it was seen before.
    pub(super) fn known_kind(&mut self, sql: &str) -> Option<Kind> {
        self.profiles.get_mut(sql).map(|profile| profile.kind)
    }

    /// The kind of a statement; prepares it where it is new.
    pub(super) fn kind(&mut self, sql: &str) -> Result<Kind, DriverError> {
        if let Some(kind) = self.known_kind(sql) {
            return Ok(kind);
        }
        let kind = run::kind(&self.database, sql, self.settings.target())?;
        self.profiles.insert(sql, Profile::new(kind));
        Ok(kind)
    }

    /// Runs a statement on the present thread, however long it takes.
    pub(super) fn run<T>(
        &mut self,
        sql: &str,
        statement: impl FnOnce(Run<'_>) -> Result<T, DriverError>,
    ) -> Result<T, DriverError> {
        let profile = match self.profiles.get_mut(sql) {
            Some(profile) => profile,
            None => {
                let kind = run::kind(&self.database, sql, self.settings.target())?;
                self.profiles.insert(sql, Profile::new(kind))
            }
        };
        measure(
            Run {
                database: &self.database,
                profile,
                signals: &self.signals,
                target: self.settings.target(),
            },
            true,
            statement,
        )
    }

    /// Runs a statement inline if it is known to be quick and can neither wait for the disk nor for a lock; `None`
    /// where it belongs on a thread, also when that turned out half-way, without effect.
    pub(super) fn attempt_inline<T>(
        &mut self,
        sql: &str,
        statement: impl FnOnce(Run<'_>) -> Result<T, DriverError>,
    ) -> Option<Result<T, DriverError>> {
        let profile = self.profiles.get_mut(sql).filter(|profile| profile.is_quick())?;
        let may_run = match profile.kind {
            Kind::Read => true,
            // A transaction that holds the write lock writes to its page cache until it commits.
            Kind::Insert | Kind::Change => self.settings.is_memory() || holds_write_lock(&self.database),
            Kind::ReadSetting | Kind::Other => false,
        };
        if !may_run {
            return None;
        }
        let is_timed = profile.is_inline_run_timed();
        self.signals.begin(true);
        let outcome = measure(
            Run {
                database: &self.database,
                profile,
                signals: &self.signals,
                target: self.settings.target(),
            },
            is_timed,
            statement,
        );
        self.signals.end();
        self.unless_overrun(outcome)
    }

    /// Runs a statement that controls a transaction inline, where it neither takes a lock nor commits a write.
    pub(super) fn attempt_control(&mut self, sql: &str) -> Option<Result<(), DriverError>> {
        let is_quick = match Control::of(sql) {
            Control::Start => true,
            Control::End => self.settings.is_memory() || !holds_write_lock(&self.database),
            Control::Other => false,
        };
        if !is_quick {
            return None;
        }
        self.signals.begin(true);
        let outcome = self.run(sql, |run| run.execute(sql, std::iter::once(&[][..])));
        self.signals.end();
        self.unless_overrun(outcome.map(|_| ()))
    }

    fn unless_overrun<T>(&self, outcome: Result<T, DriverError>) -> Option<Result<T, DriverError>> {
        (outcome.is_ok() || !self.signals.has_overrun()).then_some(outcome)
    }

    /// Lets SQLite renew its statistics where that pays, and closes.
    pub(super) fn close(self) {
        let is_read_only = self.database.is_readonly(rusqlite::MAIN_DB).unwrap_or(true);
        // A wait for a lock is not worth it: inline, so to say.
        self.signals.begin(true);
        if !is_read_only && self.database.is_autocommit() {
            let outcome = self
                .database
                .execute_batch("PRAGMA analysis_limit=400; PRAGMA optimize;");
            if let Err(error) = outcome {
                tracing::debug!(%error, "PRAGMA optimize failed");
            }
        }
        self.signals.end();
    }
}

fn holds_write_lock(database: &Connection) -> bool {
    matches!(
        database.transaction_state(rusqlite::DEFAULT_NAME),
        Ok(TransactionState::Write)
    )
}

/// Runs a statement, notes how long it took if it is timed, and says what SQLite leaves out of an error.
fn measure<T>(
    run: Run<'_>,
    is_timed: bool,
    statement: impl FnOnce(Run<'_>) -> Result<T, DriverError>,
) -> Result<T, DriverError> {
    let Run {
        database,
        profile,
        signals,
        target,
    } = run;
    signals.set_read(profile.kind == Kind::Read);
    let was_in_transaction = !database.is_autocommit();
    let since = is_timed.then(Instant::now);
    let outcome = statement(Run {
        database,
        profile: &mut *profile,
        signals,
        target,
    });
    if let Some(since) = since {
        profile.record(since.elapsed());
    }
    outcome.map_err(|error| match error {
        DriverError::Locked { message } if signals.is_cancelled() => DriverError::Cancelled {
            message: format!("{message}, while it waited for the lock"),
        },
        DriverError::Cancelled { message } if was_in_transaction && database.is_autocommit() => {
            DriverError::Cancelled {
                message: format!("{message}; SQLite has rolled back the transaction"),
            }
        }
        other => other,
    })
}
