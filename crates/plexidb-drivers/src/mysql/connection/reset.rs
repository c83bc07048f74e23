//! Making a session as a new one again.
//!
//! Invariant: the connection is busy, and so broken, from before the first step until the server has confirmed all of them.
//! What the server does not take back by itself (the default database, a role) is compared with what the login gave.

use mysql_async::prelude::Queryable;
use plexidb_core::{ConnectionStatus, DriverError};

use super::MySqlConnection;
use crate::mysql::failure;

impl MySqlConnection {
    pub(super) fn may_reset(&self) -> bool {
        !self.link.is_broken() && !self.session.has_init_connect
    }

    /// `COM_RESET_CONNECTION` rolls back, and drops temporary tables, locks, variables, settings and prepared statements.
    pub(super) async fn make_new(&mut self) -> Result<(), DriverError> {
        self.close_open_cursor().await?;
        if !self.may_reset() {
            return Err(unsupported("the server runs init_connect for new sessions alone"));
        }
        self.begin()?;
        self.statements.drain();
        self.outdated.clear();
        match self.link.reset().await {
            Ok(true) => {}
            Ok(false) => {
                return Err(unsupported(
                    "the server is older than MySQL 5.7.3 or MariaDB 10.2.4",
                ));
            }
            Err(error) => return Err(self.refused(error)),
        }
        let renewed = match self.dialer.set_up(&mut self.link).await {
            Ok(session) => session,
            Err(error) => return Err(self.refused(error)),
        };
        if renewed.role != self.session.role {
            return Err(unsupported("the session has kept another role"));
        }
        if renewed.database != self.session.database {
            self.use_database().await?;
        }
        self.settle();
        if self.current_status() != ConnectionStatus::Idle {
            self.link.is_busy = true;
            return Err(unsupported("a transaction is open all the same"));
        }
        Ok(())
    }

    /// Takes the session back to the database of the login.
    async fn use_database(&mut self) -> Result<(), DriverError> {
        let Some(database) = &self.session.database else {
            return Err(unsupported(
                "a session that has chosen a database cannot be without one again",
            ));
        };
        let statement = format!("USE `{}`", database.replace('`', "``"));
        let used = self.link.query_drop(statement).await;
        used.map_err(|error| self.refused(error))
    }

    fn refused(&self, error: mysql_async::Error) -> DriverError {
        failure::of_statement(error, &self.dialer.settings().target, false)
    }
}

fn unsupported(why: &str) -> DriverError {
    DriverError::Unsupported {
        what: format!("resetting this session ({why}); open a new connection instead"),
    }
}
