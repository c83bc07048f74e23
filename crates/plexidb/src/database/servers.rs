//! What is told of a database's servers from outside while statements run: another password.
//!
//! Invariant: it interrupts no statement.

use secrecy::SecretString;

use super::Database;
use crate::error::Error;

impl Database {
    /// Changes the password, because it was changed at the servers. New connections log in with it, those for checks and cancellations
    /// too, at the server of the database's URL and at each of its replicas with the same user; waiting for the next attempt after
    /// refused logins ends at once. Connections that are there go on. A login that is under way may still fail.
    ///
    /// It is not written anywhere: change the configuration as well. Other databases of the same server keep theirs.
    ///
    /// ```no_run
    /// # async fn rotate(db: plexidb::Manager) -> Result<(), plexidb::Error> {
    /// db.database("chat")?.set_password("the new one")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] where the database knows no passwords (SQLite).
    pub fn set_password(&self, password: impl Into<SecretString>) -> Result<(), Error> {
        Ok(self.inner.endpoints.set_password(&password.into())?)
    }
}
