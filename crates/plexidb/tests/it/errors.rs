//! Bad input: each gets a typed error that says what to do, and the process goes on.

use plexidb::{Error, ErrorKind, params};

use crate::databases::{NONE, TestDatabase, on_each_database};

on_each_database! {
    sql_errors_keep_the_server_s_own_words
    wrong_parameters_are_told
    a_result_beyond_its_bound_is_an_error_and_the_connection_goes_on
    names_and_placeholders_must_fit
    an_unknown_database_name_lists_those_that_there_are
    writes_are_not_streamed
}

fn kind(error: &Error) -> Option<ErrorKind> {
    error.driver().map(plexidb::DriverError::kind)
}

async fn sql_errors_keep_the_server_s_own_words(database: TestDatabase) {
    let db = database.with_schema().await;
    let error = db.query("SELECT nmae FROM members", NONE).await.unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::Sql), "{error}");
    assert!(error.to_string().contains("nmae"), "{error}");
    let details = error.driver().and_then(|error| error.sql_error()).unwrap();
    match db.databases()[0].dialect() {
        plexidb::Dialect::Postgres => {
            assert_eq!(
                (details.sqlstate.as_deref(), details.position),
                (Some("42703"), Some(8))
            );
        }
        plexidb::Dialect::MySql => {
            assert_eq!(
                (details.sqlstate.as_deref(), details.code),
                (Some("42S22"), Some(1054))
            );
        }
        plexidb::Dialect::Sqlite => assert_eq!(details.position, Some(8)),
    }
    let error = db.query("SELEKT 1", NONE).await.unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::Sql), "{error}");
    // Everything goes on.
    assert_eq!(db.query("SELECT name FROM members", NONE).await.unwrap().len(), 3);
}

async fn wrong_parameters_are_told(database: TestDatabase) {
    let db = database.with_schema().await;
    let sql = match db.databases()[0].dialect() {
        plexidb::Dialect::Postgres => "SELECT name FROM members WHERE id = $1",
        _ => "SELECT name FROM members WHERE id = ?",
    };
    for wrong in [params![], params![1, 2]] {
        let error = db.query(sql, wrong).await.unwrap_err();
        assert_eq!(kind(&error), Some(ErrorKind::Parameters), "{error}");
    }
    if db.databases()[0].dialect() == plexidb::Dialect::Postgres {
        let error = db.query(sql, params![1_u64 << 40]).await.unwrap_err();
        assert_eq!(kind(&error), Some(ErrorKind::Parameters), "{error}");
    }
    assert_eq!(db.query(sql, params![1]).await.unwrap().len(), 1);
}

async fn a_result_beyond_its_bound_is_an_error_and_the_connection_goes_on(database: TestDatabase) {
    let db = database.with_schema().await;
    let error = db
        .select("SELECT name FROM members")
        .limits(2, 1 << 20)
        .fetch()
        .await
        .unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::ResultTooLarge), "{error}");
    let error = db
        .select("SELECT name FROM members")
        .limits(100, 4)
        .fetch()
        .await
        .unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::ResultTooLarge), "{error}");
    assert_eq!(
        db.select("SELECT name FROM members")
            .limits(3, 1 << 20)
            .fetch()
            .await
            .unwrap()
            .len(),
        3
    );
}

async fn names_and_placeholders_must_fit(database: TestDatabase) {
    let db = database.with_schema().await;
    let error = db
        .query("SELECT name FROM members WHERE id = :id", params! { idd: 1 })
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Names(_)), "{error}");
    assert!(error.to_string().contains("id"), "{error}");
}

async fn an_unknown_database_name_lists_those_that_there_are(database: TestDatabase) {
    let db = database.connect().await;
    let error = db
        .select("SELECT 1")
        .on("reporting")
        .fetch()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("\"reporting\"") && error.contains("default"),
        "{error}"
    );
}

async fn writes_are_not_streamed(database: TestDatabase) {
    let db = database.with_schema().await;
    let error = db
        .stream("DELETE FROM members RETURNING id", NONE)
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, Error::NotARead), "{error}");
}

#[tokio::test]
async fn urls_and_logins_that_do_not_work_say_why() {
    let postgres = plexidb_testkit::postgres();
    let mariadb = plexidb_testkit::mariadb();
    let refused = "postgres://user:hunter2@127.0.0.1:1/db";
    for (url, wanted) in [
        ("oracle://host/db".to_owned(), ErrorKind::Unsupported),
        ("sqlite:/no/such/folder/file.db".to_owned(), ErrorKind::File),
        (refused.to_owned(), ErrorKind::Connect),
        (
            postgres.url().replace(postgres.password(), "hunter2"),
            ErrorKind::Authentication,
        ),
        (
            mariadb.url().replace(mariadb.password(), "hunter2"),
            ErrorKind::Authentication,
        ),
        (
            format!("{}_missing", postgres.fresh_database().url()),
            ErrorKind::UnknownDatabase,
        ),
    ] {
        let error = plexidb::connect(&url).await.map(drop).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hunter2"), "a password is printed: {text}");
        if !matches!(error, Error::Config(_)) {
            assert_eq!(kind(&error), Some(wanted), "{url}: {error}");
        }
    }
}

#[tokio::test]
async fn a_read_only_file_reads_and_refuses_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.db");
    let db = plexidb::connect(&format!("sqlite:{}?mode=rwc", path.display()))
        .await
        .unwrap();
    db.execute("CREATE TABLE t (a INTEGER)", NONE).await.unwrap();
    db.close().await;
    let db = plexidb::connect(&format!("sqlite:{}?mode=ro", path.display()))
        .await
        .unwrap();
    assert_eq!(db.query("SELECT a FROM t", NONE).await.unwrap().len(), 0);
    let error = db.execute("INSERT INTO t VALUES (1)", NONE).await.unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::ReadOnly), "{error}");
}
