//! SQLite's affinities and collations.

use plexidb_core::Dialect;
use plexidb_drivers::{ConnectOptions, connector};

use super::{check, values};

#[tokio::test]
async fn equal_values_have_one_hash() {
    let connector = connector("sqlite::memory:", &ConnectOptions::default()).unwrap();
    let mut connection = connector.connect().await.unwrap();
    let types = [
        "INTEGER",
        "BIGINT",
        "NUMERIC",
        "DECIMAL(10, 2)",
        "BOOLEAN",
        "DATE",
        "REAL",
        "FLOAT",
        "TEXT",
        "VARCHAR(3)",
        "TEXT COLLATE NOCASE",
        "TEXT COLLATE RTRIM",
        "INTEGER COLLATE NOCASE",
        "BLOB",
        "BLOB COLLATE NOCASE",
        "",
        "COLLATE RTRIM",
        "STRING",
        "UUID",
        "JSON",
        "FLOATING POINT",
    ];
    let known = check(&mut *connection, Dialect::Sqlite, &types, "", &values()).await;
    assert_eq!(known.len(), types.len() - 2, "all but floats: {known:?}");
}

#[tokio::test]
async fn equal_values_of_strict_tables_have_one_hash() {
    let connector = connector("sqlite::memory:", &ConnectOptions::default()).unwrap();
    let mut connection = connector.connect().await.unwrap();
    let types = ["INT", "REAL", "TEXT COLLATE NOCASE", "BLOB", "ANY"];
    let known = check(&mut *connection, Dialect::Sqlite, &types, "STRICT", &values()).await;
    assert_eq!(known.len(), types.len() - 1, "all but REAL: {known:?}");
}
