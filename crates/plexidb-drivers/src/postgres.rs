//! The PostgreSQL driver behind core's ports.

use plexidb_core::{BoxFuture, Connection, Connector, Dialect, DriverError, SessionId};

use crate::options::ConnectOptions;
use crate::url::DatabaseUrl;

/// Makes connections to a PostgreSQL database.
pub(crate) struct PostgresConnector;

impl PostgresConnector {
    pub(crate) fn from_url(url: &DatabaseUrl, _options: &ConnectOptions) -> Result<Self, DriverError> {
        Err(unsupported(url.scheme_name()))
    }
}

fn unsupported(scheme: &str) -> DriverError {
    DriverError::Unsupported {
        what: format!("{scheme} databases, in this version"),
    }
}

impl Connector for PostgresConnector {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn target(&self) -> &str {
        ""
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, DriverError>> {
        Box::pin(async { Err(unsupported("such")) })
    }

    fn terminate(&self, _session: SessionId) -> BoxFuture<'_, Result<bool, DriverError>> {
        Box::pin(async { Err(unsupported("such")) })
    }
}
