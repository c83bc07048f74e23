//! Generated databases, on SQLite files.

use plexidb::{Database, Manager, params};

use crate::chat::{GenerateError, Progress, Scale, Step, TABLES, generate, made};

const TINY: Scale = Scale {
    users: 200,
    channels: 10,
    messages: 3_000,
};

async fn open(path: &std::path::Path) -> Manager {
    plexidb::connect(&format!("sqlite:{}?mode=rwc", path.display()))
        .await
        .unwrap()
}

async fn count(database: &Database, table: &str) -> i64 {
    let rows = database
        .query(&format!("SELECT COUNT(*) FROM {table}"), params![])
        .await
        .unwrap();
    rows[0].get(0).unwrap()
}

#[tokio::test]
async fn the_tables_have_the_rows_of_the_scale_and_hold_their_constraints() {
    let folder = tempfile::tempdir().unwrap();
    let manager = open(&folder.path().join("chat.db")).await;
    let database = &manager.databases()[0];
    let mut steps: Vec<Progress> = Vec::new();
    let record = generate(database, TINY, 1, |progress| steps.push(progress))
        .await
        .unwrap();

    assert_eq!(made(database).await.unwrap(), Some(record));
    assert_eq!(count(database, "users").await, 200);
    assert_eq!(count(database, "channels").await, 10);
    assert_eq!(count(database, "messages").await, 3_000);
    let mut total = 3_210;
    for table in ["memberships", "reactions"] {
        let rows = count(database, table).await;
        assert!(rows > 500, "{table}: {rows}");
        total += rows;
    }
    let last = steps.last().unwrap();
    assert_eq!(
        (last.step, last.rows_done, last.rows_total),
        (Step::Indexes, total as u64, total as u64)
    );
    assert!(
        database
            .query("PRAGMA foreign_key_check", params![])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_seed_means_the_same_rows_and_another_seed_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut contents = Vec::new();
    for (name, seed) in [("a", 7), ("b", 7), ("c", 8)] {
        let manager = open(&folder.path().join(name)).await;
        generate(&manager.databases()[0], TINY, seed, |_| {})
            .await
            .unwrap();
        let mut tables = Vec::new();
        for table in TABLES {
            let rows = manager
                .query(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3"), params![])
                .await
                .unwrap();
            tables.push(rows.into_set());
        }
        contents.push(tables);
    }
    assert!(contents[0] == contents[1]);
    for (table, (one, other)) in TABLES.iter().zip(contents[0].iter().zip(&contents[2])) {
        assert!(one != other, "{table}");
    }
}

#[tokio::test]
async fn a_half_made_database_is_recognised_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let manager = open(&path).await;
    let (first, mut rows_seen) = tokio::sync::mpsc::unbounded_channel();
    {
        let generating = generate(&manager.databases()[0], TINY, 1, move |progress| {
            let _ = first.send(progress);
        });
        tokio::select! {
            _ = generating => panic!("it was to be interrupted"),
            _ = rows_seen.recv() => {}
        }
    }
    manager.close().await;

    let manager = open(&path).await;
    let database = &manager.databases()[0];
    assert_eq!(made(database).await.unwrap(), None);
    generate(database, TINY, 1, |_| {}).await.unwrap();
    assert_eq!(count(database, "messages").await, 3_000);
    assert!(made(database).await.unwrap().is_some());
}

#[tokio::test]
async fn tables_of_others_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let manager = open(&folder.path().join("shop.db")).await;
    let database = &manager.databases()[0];
    database
        .execute(
            "CREATE TABLE Users (id INTEGER PRIMARY KEY, login TEXT)",
            params![],
        )
        .await
        .unwrap();
    database
        .execute("INSERT INTO Users VALUES (1, 'ada')", params![])
        .await
        .unwrap();
    let error = generate(database, TINY, 1, |_| {}).await.unwrap_err();
    assert!(
        matches!(&error, GenerateError::Foreign { tables } if tables == &["users"]),
        "{error}"
    );
    assert_eq!(count(database, "Users").await, 1);
    assert_eq!(database.catalog().tables().len(), 1);
}

#[tokio::test]
async fn a_foreign_table_beside_an_old_record_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let manager = open(&folder.path().join("chat.db")).await;
    let database = &manager.databases()[0];
    generate(database, TINY, 1, |_| {}).await.unwrap();
    database.execute("DROP TABLE reactions", params![]).await.unwrap();
    database
        .execute(
            "CREATE TABLE reactions (id INTEGER PRIMARY KEY, rate REAL)",
            params![],
        )
        .await
        .unwrap();
    let error = generate(database, TINY, 2, |_| {}).await.unwrap_err();
    assert!(
        matches!(&error, GenerateError::Foreign { tables } if tables == &["reactions"]),
        "{error}"
    );
    assert_eq!(count(database, "users").await, 200);
}
