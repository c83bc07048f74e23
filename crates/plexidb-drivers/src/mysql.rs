//! The MySQL/MariaDB driver behind core's ports, on the connections (not the pool) of `mysql_async`.
//!
//! Invariant: a session always has the settings of `dial/session_setup.rs`; statements go by the binary protocol,
//! but those that cannot be prepared and those that control the session. Decimals are sent as text, which MySQL
//! compares with a decimal column as a float: `CAST(? AS DECIMAL(65,30))` compares exactly.

use std::sync::Arc;

use plexidb_core::{BoxFuture, ConnectProgress, Connection, Connector, Dialect, DriverError, SessionId};
use secrecy::SecretString;

use crate::options::ConnectOptions;
use crate::url::DatabaseUrl;

mod cancel;
mod catalog;
mod columns;
mod connection;
mod decode;
mod dial;
mod failure;
mod link;
mod parameters;
mod replication;
mod results;
mod settings;
mod statements;
mod tls;
mod verbatim;

use connection::MySqlConnection;
use dial::Dialer;
use settings::Settings;

/// Makes connections to a MySQL/MariaDB database.
pub(crate) struct MySqlConnector {
    dialer: Arc<Dialer>,
}

impl MySqlConnector {
    /// A connector for `mysql://user:password@host:port/database?…`. Options: `ssl-mode`, `ssl-ca`, `ssl-cert`,
    /// `ssl-key`, `connect_timeout` (seconds), `socket`, `charset` (utf8mb4), `session_variables`. `localhost` is reached by TCP unless a
    /// socket is given.
    pub(crate) fn from_url(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Self, DriverError> {
        let dialer = Arc::new(Dialer::new(Settings::from_url(url, options)?));
        Ok(Self { dialer })
    }

    async fn open(&self, progress: &ConnectProgress) -> Result<Box<dyn Connection>, DriverError> {
        let (conn, session) = self.dialer.connect(progress).await?;
        Ok(Box::new(MySqlConnection::new(
            conn,
            session,
            Arc::clone(&self.dialer),
        )))
    }
}

impl Connector for MySqlConnector {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn target(&self) -> &str {
        &self.dialer.settings().target
    }

    fn user(&self) -> Option<&str> {
        Some(&self.dialer.settings().user)
    }

    fn set_password(&self, password: SecretString) -> Result<(), DriverError> {
        self.dialer.settings().password.set(password);
        Ok(())
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, DriverError>> {
        Box::pin(async { self.open(&ConnectProgress::new()).await })
    }

    fn connect_telling<'a>(
        &'a self,
        progress: &'a ConnectProgress,
    ) -> BoxFuture<'a, Result<Box<dyn Connection>, DriverError>> {
        Box::pin(self.open(progress))
    }

    fn terminate(&self, session: SessionId) -> BoxFuture<'_, Result<bool, DriverError>> {
        Box::pin(cancel::kill_session(&self.dialer, session.0))
    }
}
