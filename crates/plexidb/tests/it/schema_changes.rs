//! DDL, through the layer and past it.

use plexidb::Source;

use crate::databases::{NONE, TestDatabase, assert_fresh, on_each_database, prime};

on_each_database! {
    a_new_column_shows_in_what_was_cached
    a_view_that_changes_its_tables_is_followed
    ddl_in_a_transaction_counts_from_its_commit
    a_table_that_others_made_is_found
    an_open_transaction_keeps_the_old_schema_s_writes_covered
}

async fn a_new_column_shows_in_what_was_cached(database: TestDatabase) {
    let db = database.with_schema().await;
    let sql = "SELECT * FROM notes";
    assert_eq!(prime(&db, sql).await.columns().len(), 2);
    db.execute(
        "ALTER TABLE notes ADD COLUMN colour VARCHAR(10) DEFAULT 'red'",
        NONE,
    )
    .await
    .unwrap();
    assert_eq!(assert_fresh(&db, sql).await, Source::Database);
    assert_eq!(prime(&db, sql).await.columns().len(), 3);
}

async fn a_view_that_changes_its_tables_is_followed(database: TestDatabase) {
    let db = database.with_schema().await;
    db.execute(
        "CREATE VIEW current_things AS SELECT name AS thing FROM members",
        NONE,
    )
    .await
    .unwrap();
    let sql = "SELECT thing FROM current_things ORDER BY thing";
    prime(&db, sql).await;
    db.execute("DROP VIEW current_things", NONE).await.unwrap();
    db.execute(
        "CREATE VIEW current_things AS SELECT body AS thing FROM notes",
        NONE,
    )
    .await
    .unwrap();
    assert_eq!(assert_fresh(&db, sql).await, Source::Database);
    prime(&db, sql).await;
    db.execute("UPDATE notes SET body = 'changed'", NONE)
        .await
        .unwrap();
    assert_eq!(assert_fresh(&db, sql).await, Source::Database);
}

async fn ddl_in_a_transaction_counts_from_its_commit(database: TestDatabase) {
    let db = database.with_schema().await;
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("CREATE TABLE extras (id INTEGER PRIMARY KEY)", NONE)
        .await
        .unwrap();
    transaction
        .execute("INSERT INTO extras VALUES (1)", NONE)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let sql = "SELECT id FROM extras ORDER BY id";
    prime(&db, sql).await;
    db.execute("INSERT INTO extras VALUES (2)", NONE).await.unwrap();
    assert_eq!(assert_fresh(&db, sql).await, Source::Database);
}

async fn a_table_that_others_made_is_found(database: TestDatabase) {
    let db = database.with_schema().await;
    let other = database.connect().await;
    other
        .execute("CREATE TABLE late (id INTEGER PRIMARY KEY)", NONE)
        .await
        .unwrap();
    let sql = "SELECT id FROM late ORDER BY id";
    assert_eq!(db.query(sql, NONE).await.unwrap().len(), 0);
    // Unknown at first, then found in the background.
    for _ in 0..200 {
        if db.explain(sql).is_cacheable() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    prime(&db, sql).await;
    db.execute("INSERT INTO late VALUES (1)", NONE).await.unwrap();
    assert_eq!(assert_fresh(&db, sql).await, Source::Database);
}

/// A transaction plans its write, then the schema changes so that this write touches more, then it commits.
async fn an_open_transaction_keeps_the_old_schema_s_writes_covered(database: TestDatabase) {
    let db = database.with_schema().await;
    if db.databases()[0].dialect() == plexidb::Dialect::Sqlite {
        // SQLite has one writer: DDL waits for the transaction.
        return;
    }
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("UPDATE members SET score = 5 WHERE id = 1", NONE)
        .await
        .unwrap();
    db.execute("CREATE TABLE others (id INTEGER PRIMARY KEY)", NONE)
        .await
        .unwrap();
    let notes = "SELECT body FROM notes";
    for _ in 0..3 {
        assert_eq!(
            assert_fresh(&db, notes).await,
            Source::Database,
            "reads bypass the cache while it is open"
        );
    }
    transaction.commit().await.unwrap();
    prime(&db, notes).await;
}

/// A plain INSERT deletes the row that is in its way, and the child goes with it.
#[tokio::test]
async fn a_constraint_that_replaces_rows_is_followed_on_sqlite() {
    let database = TestDatabase::sqlite();
    let db = database.connect().await;
    db.execute_script(
        "CREATE TABLE parents (id INTEGER PRIMARY KEY, code TEXT UNIQUE ON CONFLICT REPLACE);
         CREATE TABLE children (parent_id INTEGER REFERENCES parents (id) ON DELETE CASCADE);
         INSERT INTO parents VALUES (1, 'a');
         INSERT INTO children VALUES (1);",
    )
    .await
    .unwrap();
    let sql = "SELECT parent_id FROM children";
    assert_eq!(prime(&db, sql).await.len(), 1);
    db.execute("INSERT INTO parents VALUES (2, 'a')", NONE)
        .await
        .unwrap();
    assert_eq!(assert_fresh(&db, sql).await, Source::Database);
    assert_eq!(db.query(sql, NONE).await.unwrap().len(), 0);
}

/// The name is that of a built-in function whose results are known to be stable; this one reads a table.
#[tokio::test]
async fn a_function_with_a_built_in_name_is_not_trusted_on_postgres() {
    let database = TestDatabase::postgres();
    let db = database.with_schema().await;
    let sql = "SELECT format(id) AS n FROM teams WHERE id = 1";
    db.execute(
        "CREATE FUNCTION format(integer) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM notes'",
        NONE,
    )
    .await
    .unwrap();
    assert!(!db.explain(sql).is_cacheable(), "{}", db.explain(sql));
    assert!(db.explain("SELECT lower(title) FROM teams").is_cacheable());
}

/// MariaDB commits before and after DDL: what the new schema makes others' writes touch counts at once, and for good.
#[tokio::test]
async fn ddl_that_commits_implicitly_counts_at_once_on_mariadb() {
    let database = TestDatabase::mariadb();
    let db = database.with_schema().await;
    let notes = "SELECT body FROM notes ORDER BY id";
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute(
            "CREATE TRIGGER noted AFTER UPDATE ON members FOR EACH ROW UPDATE notes SET body = CONCAT(body, '!')",
            NONE,
        )
        .await
        .unwrap();
    for transaction in [Some(transaction), None] {
        db.query(notes, NONE).await.unwrap();
        db.execute("UPDATE members SET score = score + 1 WHERE id = 1", NONE)
            .await
            .unwrap();
        assert_fresh(&db, notes).await;
        if let Some(transaction) = transaction {
            transaction.rollback().await.unwrap();
        }
    }
    prime(&db, notes).await;
    db.execute("UPDATE members SET score = score + 1 WHERE id = 1", NONE)
        .await
        .unwrap();
    assert_eq!(assert_fresh(&db, notes).await, Source::Database);
}
