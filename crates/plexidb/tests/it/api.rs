//! The face of the library, as its documentation promises it.

use std::time::Duration;

use plexidb::{Config, DatabaseConfig, Error, Manager, Source, params};
use serde::Deserialize;

use crate::databases::{NONE, TestDatabase, on_each_database};

on_each_database! {
    rows_become_structs
    a_large_result_streams
    a_statement_has_settings_of_its_own
    scripts_run_statement_by_statement
    explain_tells_why
    closing_refuses_what_comes_after
}

#[derive(Debug, Deserialize, PartialEq)]
struct Member {
    id: u32,
    name: String,
    score: Option<i32>,
}

async fn rows_become_structs(database: TestDatabase) {
    let db = database.with_schema().await;
    let members: Vec<Member> = db
        .query("SELECT id, name, score FROM members ORDER BY id", NONE)
        .await
        .unwrap()
        .deserialize()
        .unwrap();
    assert_eq!(
        members[2],
        Member {
            id: 3,
            name: "Edsger".into(),
            score: None
        }
    );
    let name: String = db
        .select("SELECT name FROM members WHERE id = 1")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(name, "Ada");
    let none: Option<String> = db
        .select("SELECT name FROM members WHERE id = 77")
        .fetch_optional()
        .await
        .unwrap();
    assert_eq!(none, None);
    let error = db
        .select("SELECT name FROM members")
        .fetch_one::<String>()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::RowCount { found: 3 }), "{error}");
}

async fn a_large_result_streams(database: TestDatabase) {
    let db = database.with_schema().await;
    let rows: Vec<Vec<plexidb::Value>> = (10..5_010_i64).map(|id| vec![id.into(), "text".into()]).collect();
    let sql = match db.databases()[0].dialect() {
        plexidb::Dialect::Postgres => "INSERT INTO notes VALUES ($1, $2)",
        _ => "INSERT INTO notes VALUES (?, ?)",
    };
    db.execute_many(sql, &rows).await.unwrap();
    let mut stream = db
        .stream("SELECT id FROM notes WHERE id >= 10 ORDER BY id", NONE)
        .await
        .unwrap();
    let mut expected = 10;
    while let Some(row) = stream.next().await.unwrap() {
        assert_eq!(row.get::<i64>("id").unwrap(), expected);
        expected += 1;
    }
    assert_eq!(expected, 5_010);
    // Streams that are dropped half-way, more of them than there are connections.
    for _ in 0..25 {
        let mut stream = db.stream("SELECT id FROM notes ORDER BY id", NONE).await.unwrap();
        stream.next().await.unwrap();
    }
    assert_eq!(
        db.query("SELECT name FROM members WHERE id = 1", NONE)
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn a_statement_has_settings_of_its_own(database: TestDatabase) {
    let db = database.with_schema().await;
    let sql = "SELECT name FROM members WHERE id = :id";
    for _ in 0..2 {
        let rows = db
            .select(sql)
            .bind_named("id", 1)
            .no_cache()
            .fetch()
            .await
            .unwrap();
        assert_eq!(rows.source(), Source::Database);
    }
    db.select(sql)
        .bind_named("id", 1)
        .ttl(Duration::from_millis(1))
        .fetch()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let rows = db
        .select(sql)
        .bind_named("id", 1)
        .on("default")
        .fetch()
        .await
        .unwrap();
    assert_eq!(rows.source(), Source::Database, "its time to live is over");
    assert_eq!(
        db.query(sql, params! { id: 1 }).await.unwrap().source(),
        Source::L1
    );
}

async fn scripts_run_statement_by_statement(database: TestDatabase) {
    let db = database.with_schema().await;
    let script = "INSERT INTO notes VALUES (5, 'a; b'); -- a comment; with a semicolon\n INSERT INTO notes VALUES (6, 'c');";
    db.execute_script(script).await.unwrap();
    assert_eq!(
        db.query("SELECT body FROM notes WHERE id IN (5, 6)", NONE)
            .await
            .unwrap()
            .len(),
        2
    );
}

async fn explain_tells_why(database: TestDatabase) {
    let db = database.with_schema().await;
    let explanation = db.explain("SELECT title FROM rosters");
    assert!(explanation.is_cacheable());
    let mut tables: Vec<&str> = explanation
        .depends_on
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    tables.sort_unstable();
    assert_eq!(tables, ["members", "teams"]);
    let text = db
        .explain("SELECT name FROM members WHERE id = 1 FOR UPDATE")
        .to_string();
    assert!(text.contains("cacheable    no: "), "{text}");
    let text = db.explain("DELETE FROM teams WHERE id = 1").to_string();
    assert!(text.contains("members") && text.contains("teams"), "{text}");
}

async fn closing_refuses_what_comes_after(database: TestDatabase) {
    let db = database.with_schema().await;
    let other = db.clone();
    db.close().await;
    let error = other
        .query("SELECT name FROM members WHERE id = 1", NONE)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
}

#[tokio::test]
async fn several_databases_share_one_cache_and_no_results() {
    let (left, right) = (TestDatabase::sqlite(), TestDatabase::sqlite());
    let config = Config::builder()
        .database(DatabaseConfig::from_url("left", left.url.as_str()))
        .database(DatabaseConfig::from_url("right", right.url.as_str()))
        .build()
        .unwrap();
    let manager = Manager::from_config(config).await.unwrap();
    for name in ["left", "right"] {
        let db = manager.database(name).unwrap();
        db.execute("CREATE TABLE t (a TEXT)", NONE).await.unwrap();
        db.execute("INSERT INTO t VALUES (:name)", params! { name: name })
            .await
            .unwrap();
    }
    for name in ["left", "right", "left", "right"] {
        let rows = manager.select("SELECT a FROM t").on(name).fetch().await.unwrap();
        assert_eq!(rows[0].get::<&str>(0).unwrap(), name);
    }
    assert_eq!(manager.cache_stats().hits, 2);
}
