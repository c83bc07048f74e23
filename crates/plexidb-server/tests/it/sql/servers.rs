//! PostgreSQL and MariaDB behind the same command.

use insta::assert_snapshot;

use crate::program::{run, run_with_input};

#[test]
fn the_types_of_postgres_keep_their_kind_in_json() {
    let database = plexidb_testkit::postgres().fresh_database();
    let sql = r#"
        SELECT true AS b, 12345678901234567890.5::numeric AS n, 'NaN'::float8 AS nan, ARRAY[[1,2],[3,NULL]] AS grid,
               '{"a": [1, "ä"],
                 "b": null}'::json AS doc, 'infinity'::timestamptz AS forever, '\x00ff'::bytea AS bytes, ARRAY[]::text[] AS none,
               DATE '2024-02-29' AS day, NULL::int AS nothing"#;
    let output = run(&["sql", &database.url(), "--format", "jsonl", "-c", sql]);
    let line = output.success();
    assert_eq!(line.lines().count(), 1, "{line}");
    let row: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(row["b"], true);
    assert_eq!(row["n"], "12345678901234567890.5");
    assert_eq!(row["nan"], "NaN");
    assert_eq!(row["grid"], serde_json::json!([[1, 2], [3, null]]));
    assert_eq!(row["doc"], serde_json::json!({ "a": [1, "ä"], "b": null }));
    assert_eq!(row["forever"], "infinity");
    assert_eq!(row["bytes"], "\\x00ff");
    assert_eq!(row["none"], serde_json::json!([]));
    assert_eq!(row["day"], "2024-02-29");
    assert!(row["nothing"].is_null());
}

#[test]
fn an_error_of_postgres_keeps_its_sqlstate_and_place() {
    let database = plexidb_testkit::postgres().fresh_database();
    let output = run(&["sql", &database.url(), "-c", "SELECT 'ä',\n       nowhere"]);
    assert_snapshot!(output.failure(1), @r#"
    error: column "nowhere" does not exist (SQLSTATE 42703, at character 20)
    line 2:        nowhere
                   ^
    "#);
}

#[test]
fn procedures_of_mariadb_come_with_their_delimiter() {
    let database = plexidb_testkit::mariadb().fresh_database();
    let script = "\
DELIMITER //
CREATE PROCEDURE double_it(n INT) BEGIN SELECT n * 2 AS twice; END//
DELIMITER ;
CALL double_it(21);";
    let output = run_with_input(&["sql", &database.url(), "--format", "csv"], script);
    assert_eq!(output.success(), "twice\n42\n");
}

#[test]
fn an_error_of_mariadb_keeps_its_number() {
    let database = plexidb_testkit::mariadb().fresh_database();
    let output = run(&["sql", &database.url(), "-c", "SELECT * FROM nowhere"]);
    assert!(
        output.failure(1).contains("SQLSTATE 42S02, code 1146"),
        "{}",
        output.stderr
    );
}
