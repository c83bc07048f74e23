//! A SQLite connection with what it remembers, as one piece that moves to a thread and back.
//!
//! Invariant: its registration ends after its connection is closed, since fields are dropped in order.

use std::sync::Arc;
use std::time::Instant;

use plexidb_core::{DriverError, SessionId, ValueRef};
use rusqlite::Connection;

use super::alteration::Alteration;
use super::commits::Commits;
use super::keyword::{Control, Kind, may_change_commits};
use super::profile::{Profile, Profiles};
use super::registry::Registration;
use super::run::{self, Run};
use super::settings::Settings;
use super::signals::Signals;

/// One session.
pub(super) struct Session {
    pub(super) database: Connection,
    pub(super) profiles: Profiles,
    pub(super) commits: Commits,
    pub(super) signals: Arc<Signals>,
    pub(super) settings: Arc<Settings>,
    pub(super) alteration: Arc<Alteration>,
    pub(super) registration: Registration,
}

impl Session {
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

    /// Runs a statement on the present thread, which is none of the runtime's own, however long it takes.
    pub(super) fn run<T>(
        &mut self,
        sql: &str,
        statement: impl FnOnce(Run<'_>) -> Result<T, DriverError>,
    ) -> Result<T, DriverError> {
        let kind = self.kind(sql)?;
        if !matches!(kind, Kind::Read | Kind::ReadSetting) {
            self.commits.leave_inline(&self.database);
        }
        if kind == Kind::Other && may_change_commits(sql) {
            self.commits.distrust();
        }
        self.run_here(sql, statement)
    }

    fn run_here<T>(
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
        self.alteration.note(profile.kind, sql);
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
        params: &[ValueRef<'_>],
        statement: impl FnOnce(Run<'_>) -> Result<T, DriverError>,
    ) -> Option<Result<T, DriverError>> {
        let profile = self.profiles.get_mut(sql).filter(|profile| profile.is_quick())?;
        let may_run = match profile.kind {
            Kind::Read => true,
            Kind::Insert | Kind::Change => self.commits.may_write(&self.database, params),
            Kind::ReadSetting | Kind::Other => false,
        };
        if !may_run {
            return None;
        }
        // What a write takes depends on what others do to the disk: each is timed.
        let is_timed = profile.is_inline_run_timed() || profile.kind != Kind::Read;
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

    /// Runs a statement that controls a transaction inline, where it neither waits for a lock nor commits much.
    pub(super) fn attempt_control(&mut self, sql: &str) -> Option<Result<(), DriverError>> {
        match Control::of(sql) {
            Control::Start if self.database.is_autocommit() => self.commits.begin(&self.database),
            Control::Start => {}
            Control::Lock if self.commits.may_lock() => self.commits.begin(&self.database),
            Control::End if self.commits.may_end(&self.database) => {}
            Control::Lock | Control::End | Control::Other => return None,
        }
        self.signals.begin(true);
        let outcome = self.run_here(sql, |run| run.execute(sql, std::iter::once(&[][..])));
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
    let was_in_transaction = !database.is_autocommit();
    let is_read = profile.kind == Kind::Read;
    let is_write = matches!(profile.kind, Kind::Insert | Kind::Change);
    // SQLite undoes a write by itself where it is stopped; within a transaction it undoes that too.
    signals.set_nature(is_read, is_read || is_write && !was_in_transaction);
    let since = is_timed.then(Instant::now);
    let outcome = statement(Run {
        database,
        profile: &mut *profile,
        signals,
        target,
    });
    if let Some(since) = since {
        profile.record(since.elapsed().saturating_sub(signals.lock_wait()));
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
        // SQLite looks for cancellations after the last instruction, too.
        DriverError::Cancelled { message } if was_in_transaction && is_write => DriverError::Cancelled {
            message: format!("{message}; it may have taken effect within its transaction: roll that back"),
        },
        other => other,
    })
}
