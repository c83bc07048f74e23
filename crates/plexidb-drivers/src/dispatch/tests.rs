//! Which driver a URL reaches.

use plexidb_core::{Dialect, ErrorKind};

use super::connector;
use crate::options::ConnectOptions;

fn dialect(url: &str) -> Dialect {
    connector(url, &ConnectOptions::default()).unwrap().dialect()
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_urls_reach_the_sqlite_driver() {
    assert_eq!(dialect("sqlite::memory:"), Dialect::Sqlite);
    assert_eq!(dialect("SQLITE:chat.db"), Dialect::Sqlite);
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_urls_reach_the_postgres_driver() {
    assert_eq!(dialect("postgres://u@h/d"), Dialect::Postgres);
    assert_eq!(dialect("PostgreSQL://u@h/d"), Dialect::Postgres);
}

#[test]
fn a_path_without_scheme_is_told_how_to_write_it() {
    for path in ["chat.db", "/var/lib/chat.db", "C:\\data\\chat.db"] {
        let error = connector(path, &ConnectOptions::default()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(&format!("sqlite:{path}")), "{error}");
    }
}
