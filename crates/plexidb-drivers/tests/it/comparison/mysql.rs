//! MariaDB's types and collations.

use plexidb_core::{Dialect, Limits, Value};
use plexidb_drivers::{ConnectOptions, connector};
use plexidb_testkit::mariadb;

use super::{check, values};

#[tokio::test]
async fn equal_values_have_one_hash() {
    let database = mariadb().fresh_database();
    let connector = connector(&database.url(), &ConnectOptions::default()).unwrap();
    let mut connection = connector.connect().await.unwrap();
    let types = [
        "tinyint(1)",
        "int",
        "int unsigned",
        "bigint",
        "bigint unsigned",
        "decimal(10, 2)",
        "decimal(30, 5)",
        "float",
        "double",
        "bit(8)",
        "year",
        "date",
        "varchar(3)",
        "varchar(60)",
        "char(4)",
        "char(4) BINARY",
        "text",
        "varbinary(40)",
        "binary(4)",
        "blob",
        "enum('abc', 'ABCD', '7')",
        "set('abc', '7')",
        "json",
        "uuid",
    ];
    let known = check(&mut *connection, Dialect::MySql, &types, "", &values()).await;
    assert!(known.len() > 10, "{known:?}");
}

#[tokio::test]
async fn equal_texts_have_one_hash_under_each_collation() {
    let database = mariadb().fresh_database();
    let connector = connector(&database.url(), &ConnectOptions::default()).unwrap();
    let mut connection = connector.connect().await.unwrap();
    let collations = connection
        .query(
            "SELECT character_set_name, full_collation_name FROM information_schema.collation_character_set_applicability \
             JOIN information_schema.collations USING (collation_name, character_set_name) \
             WHERE character_set_name IN ('utf8mb3', 'utf8mb4', 'latin1', 'ascii')",
            &[],
            Limits::default(),
        )
        .await
        .unwrap();
    let types: Vec<String> = collations
        .rows()
        .iter()
        .map(|row| {
            let (charset, collation): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
            format!("varchar(40) CHARACTER SET {charset} COLLATE {collation}")
        })
        .collect();
    assert!(types.len() > 50, "{types:?}");
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    let printable = (b' '..=b'~').map(|byte| Value::Text(char::from(byte).to_string()));
    let values: Vec<Value> = values().into_iter().chain(printable).collect();
    let known = check(&mut *connection, Dialect::MySql, &types, "", &values).await;
    assert!(known.len() > 20, "{known:?}");
}
