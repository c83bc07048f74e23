//! Transactions, savepoints, and what others see of them.

use plexidb::{Error, Isolation, Source, TransactionOptions, params};

use crate::databases::{NONE, TestDatabase, assert_fresh, on_each_database, prime};

on_each_database! {
    nobody_sees_a_write_before_its_commit
    a_dropped_transaction_is_rolled_back
    savepoints_undo_a_part
    reads_in_a_transaction_see_its_writes_and_fill_nothing
    transaction_statements_as_sql_are_refused
    a_failed_statement_spoils_a_commit_or_not_as_the_database_says
}

const NAMES: &str = "SELECT name FROM members ORDER BY id";

async fn nobody_sees_a_write_before_its_commit(database: TestDatabase) {
    let db = database.with_schema().await;
    prime(&db, NAMES).await;
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute(
            "UPDATE members SET name = 'Kurt' WHERE id = :id",
            params! { id: 1 },
        )
        .await
        .unwrap();
    // Not committed: the cached result is still what the database would say.
    let rows = db.query(NAMES, NONE).await.unwrap();
    assert_eq!(
        (rows.source(), rows[0].get::<&str>(0).unwrap()),
        (Source::L1, "Ada")
    );
    transaction.commit().await.unwrap();
    assert_eq!(assert_fresh(&db, NAMES).await, Source::Database);
    assert_eq!(
        db.query(NAMES, NONE).await.unwrap()[0].get::<&str>(0).unwrap(),
        "Kurt"
    );
}

async fn a_dropped_transaction_is_rolled_back(database: TestDatabase) {
    let db = database.with_schema().await;
    for _ in 0..30 {
        let mut transaction = db.begin().await.unwrap();
        transaction
            .execute("UPDATE members SET name = 'Kurt' WHERE id = 1", NONE)
            .await
            .unwrap();
        drop(transaction);
    }
    // More often than there are connections: each one came back.
    let rows = db.select(NAMES).no_cache().fetch().await.unwrap();
    assert_eq!(rows[0].get::<&str>(0).unwrap(), "Ada");
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("UPDATE members SET name = 'Emmy' WHERE id = 1", NONE)
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    assert_fresh(&db, NAMES).await;
}

async fn savepoints_undo_a_part(database: TestDatabase) {
    let db = database.with_schema().await;
    prime(&db, NAMES).await;
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("UPDATE members SET name = 'kept' WHERE id = 1", NONE)
        .await
        .unwrap();
    let mut savepoint = transaction.savepoint().await.unwrap();
    savepoint
        .execute("UPDATE members SET name = 'undone' WHERE id = 2", NONE)
        .await
        .unwrap();
    let mut inner = savepoint.savepoint().await.unwrap();
    inner
        .execute("UPDATE members SET name = 'undone too' WHERE id = 3", NONE)
        .await
        .unwrap();
    drop(inner);
    savepoint.rollback().await.unwrap();
    let mut savepoint = transaction.savepoint().await.unwrap();
    savepoint
        .execute("UPDATE members SET score = 99 WHERE id = 3", NONE)
        .await
        .unwrap();
    savepoint.release().await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(assert_fresh(&db, NAMES).await, Source::Database);
    let rows = db
        .query("SELECT name, score FROM members ORDER BY id", NONE)
        .await
        .unwrap();
    let rows: Vec<(String, Option<i64>)> = rows.deserialize().unwrap();
    assert_eq!(
        rows,
        [
            ("kept".into(), Some(10)),
            ("Grace".into(), Some(20)),
            ("Edsger".into(), Some(99))
        ]
    );
}

async fn reads_in_a_transaction_see_its_writes_and_fill_nothing(database: TestDatabase) {
    let db = database.with_schema().await;
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("DELETE FROM members WHERE id = 3", NONE)
        .await
        .unwrap();
    let seen = transaction.query(NAMES, NONE).await.unwrap();
    assert_eq!((seen.len(), seen.source()), (2, Source::Database));
    transaction.rollback().await.unwrap();
    assert_eq!(db.query(NAMES, NONE).await.unwrap().len(), 3);
}

async fn transaction_statements_as_sql_are_refused(database: TestDatabase) {
    let db = database.with_schema().await;
    for sql in ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a"] {
        let error = db.execute(sql, NONE).await.unwrap_err();
        assert!(
            matches!(error, Error::TransactionControl { .. }),
            "{sql}: {error}"
        );
        assert!(error.to_string().contains("begin()"), "{error}");
    }
    let options = TransactionOptions {
        isolation: Some(Isolation::Serializable),
        read_only: false,
        ..TransactionOptions::default()
    };
    let mut transaction = db.begin_with(options).await.unwrap();
    let error = transaction.execute("COMMIT", NONE).await.unwrap_err();
    assert!(matches!(error, Error::TransactionControl { .. }), "{error}");
    transaction
        .execute("UPDATE members SET score = 7 WHERE id = 1", NONE)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

async fn a_failed_statement_spoils_a_commit_or_not_as_the_database_says(database: TestDatabase) {
    let db = database.with_schema().await;
    prime(&db, NAMES).await;
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("UPDATE members SET name = 'Kurt' WHERE id = 1", NONE)
        .await
        .unwrap();
    transaction
        .execute("INSERT INTO members VALUES (1, 'a duplicate', 0, 1)", NONE)
        .await
        .unwrap_err();
    let committed = transaction.commit().await;
    match db.databases()[0].dialect() {
        plexidb::Dialect::Postgres => assert!(matches!(committed, Err(Error::TransactionFailed))),
        _ => committed.unwrap(),
    }
    assert_fresh(&db, NAMES).await;
}

/// The database has rolled the transaction back by itself: what is sent through it afterwards would commit by itself.
#[tokio::test]
async fn a_transaction_that_the_database_has_ended_takes_no_more_statements_on_sqlite() {
    let database = TestDatabase::sqlite();
    let db = database.with_schema().await;
    let notes = "SELECT body FROM notes ORDER BY id";
    let before = prime(&db, notes).await.into_set();
    for is_committed in [true, false] {
        let mut transaction = db.begin().await.unwrap();
        transaction
            .execute("UPDATE notes SET body = 'undone'", NONE)
            .await
            .unwrap();
        let refused = transaction
            .execute(
                "INSERT OR ROLLBACK INTO members VALUES (1, 'a duplicate', 0, 1)",
                NONE,
            )
            .await;
        refused.unwrap_err();
        let refused = transaction
            .execute("UPDATE notes SET body = 'visible at once'", NONE)
            .await;
        assert!(matches!(refused, Err(Error::TransactionEnded)), "{refused:?}");
        assert!(matches!(
            transaction.query(notes, NONE).await,
            Err(Error::TransactionEnded)
        ));
        if is_committed {
            assert!(matches!(transaction.commit().await, Err(Error::TransactionEnded)));
        } else {
            transaction.rollback().await.unwrap();
        }
        assert_fresh(&db, notes).await;
        assert_eq!(db.query(notes, NONE).await.unwrap().into_set(), before);
    }
}

/// MySQL's DDL commits what came before it; the transaction goes on, and each write counts at once.
#[tokio::test]
async fn a_transaction_goes_on_after_an_implicit_commit_on_mariadb() {
    let database = TestDatabase::mariadb();
    let db = database.with_schema().await;
    prime(&db, NAMES).await;
    let mut transaction = db.begin().await.unwrap();
    transaction
        .execute("CREATE TABLE extras (id INTEGER PRIMARY KEY)", NONE)
        .await
        .unwrap();
    transaction
        .execute("UPDATE members SET name = 'at once' WHERE id = 1", NONE)
        .await
        .unwrap();
    assert_fresh(&db, NAMES).await;
    assert_eq!(
        db.query(NAMES, NONE).await.unwrap()[0].get::<&str>(0).unwrap(),
        "at once"
    );
    transaction.commit().await.unwrap();
    assert_fresh(&db, NAMES).await;
    assert_eq!(db.stats().slots[0].1.abandoned, 0);
}

#[tokio::test]
async fn a_deadlock_ends_the_transaction_on_mariadb() {
    let database = TestDatabase::mariadb();
    let db = database.with_schema().await;
    let (mut left, mut right) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    let update = |id: i64| format!("UPDATE members SET score = 77 WHERE id = {id}");
    left.execute(&update(1), NONE).await.unwrap();
    right.execute(&update(2), NONE).await.unwrap();
    let (to_left, to_right) = (update(2), update(1));
    let (of_left, of_right) = tokio::join!(left.execute(&to_left, NONE), right.execute(&to_right, NONE));
    let (victim, survivor) = if of_left.is_err() {
        (left, right)
    } else {
        (right, left)
    };
    assert!(of_left.is_err() != of_right.is_err(), "{of_left:?} {of_right:?}");
    let mut victim = victim;
    let refused = victim
        .execute("UPDATE members SET score = 78 WHERE id = 3", NONE)
        .await;
    assert!(matches!(refused, Err(Error::TransactionEnded)), "{refused:?}");
    victim.rollback().await.unwrap();
    survivor.commit().await.unwrap();
    let scores = "SELECT score FROM members ORDER BY id";
    let rows = db.query(scores, NONE).await.unwrap();
    let scores: Vec<Option<i64>> = rows.deserialize().unwrap();
    assert_eq!(scores, [Some(77), Some(77), None]);
}
