//! PostgreSQL's types and collations.

use plexidb_core::Dialect;
use plexidb_drivers::{ConnectOptions, connector};
use plexidb_testkit::postgres;

use super::{check, values};

#[tokio::test]
async fn equal_values_have_one_hash() {
    let database = postgres().fresh_database();
    let connector = connector(&database.url(), &ConnectOptions::default()).unwrap();
    let mut connection = connector.connect().await.unwrap();
    for sql in [
        "CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "CREATE DOMAIN short AS varchar(3)",
        "CREATE DOMAIN caseless_text AS text COLLATE caseless",
        "CREATE TYPE mood AS ENUM ('abc', 'ABC')",
    ] {
        connection.execute(sql, &[]).await.unwrap();
    }
    let types = [
        "int2",
        "int4",
        "int8",
        "numeric",
        "numeric(10, 2)",
        "numeric(10, -1)",
        "float4",
        "float8",
        "bool",
        "text",
        "varchar",
        "varchar(3)",
        "char",
        "char(4)",
        "\"char\"",
        "name",
        "bytea",
        "uuid",
        "mood",
        "short",
        "caseless_text",
        "text COLLATE caseless",
        "varchar(3) COLLATE caseless",
        "char(4) COLLATE caseless",
        "text COLLATE \"C\"",
        "date",
    ];
    let known = check(&mut *connection, Dialect::Postgres, &types, "", &values()).await;
    let expected = [
        "int2",
        "int4",
        "int8",
        "numeric",
        "numeric(10, 2)",
        "bool",
        "text",
        "varchar",
        "varchar(3)",
        "char",
        "char(4)",
        "bytea",
        "uuid",
        "text COLLATE \"C\"",
    ];
    assert_eq!(known, expected);
}
