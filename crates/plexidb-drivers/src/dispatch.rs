//! From a database URL to the driver that speaks its scheme.
//!
//! Invariant: nothing is opened or resolved here; a connector only knows how to connect.

use std::sync::Arc;

use plexidb_core::{Connector, DriverError};

use crate::options::ConnectOptions;
use crate::url::{DatabaseUrl, Scheme};

#[cfg(test)]
mod tests;

/// The connector for a database URL: `sqlite:PATH`, `postgres://…`, `postgresql://…`, `mysql://…` or
/// `mariadb://…`. Nothing is connected yet.
///
/// # Errors
///
/// [`DriverError::InvalidUrl`] for a URL that names no database or has an unknown option, and
/// [`DriverError::Unsupported`] for a driver that this build was made without.
///
/// ```
/// # use plexidb_drivers::{connector, ConnectOptions};
/// # #[cfg(feature = "sqlite")] {
/// let memory = connector("sqlite::memory:", &ConnectOptions::default()).unwrap();
/// assert_eq!(memory.target(), ":memory:");
/// # }
/// assert!(connector("chat.db", &ConnectOptions::default()).is_err());
/// ```
pub fn connector(url: &str, options: &ConnectOptions) -> Result<Arc<dyn Connector>, DriverError> {
    let url: DatabaseUrl = url.parse()?;
    match url.scheme() {
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => Ok(Arc::new(crate::sqlite::SqliteConnector::from_url(&url, options)?)),
        #[cfg(feature = "postgres")]
        Scheme::Postgres => Ok(Arc::new(crate::postgres::PostgresConnector::from_url(
            &url, options,
        )?)),
        #[cfg(feature = "mysql")]
        Scheme::MySql => Ok(Arc::new(crate::mysql::MySqlConnector::from_url(&url, options)?)),
        #[allow(
            unreachable_patterns,
            reason = "with all features on, every scheme has its arm"
        )]
        scheme => {
            let _ = options;
            let feature = scheme.feature();
            Err(DriverError::Unsupported {
                what: format!(
                    "{} databases: this build was made without the driver; build plexidb-drivers with the \
                     feature \"{feature}\"",
                    scheme.database()
                ),
            })
        }
    }
}
