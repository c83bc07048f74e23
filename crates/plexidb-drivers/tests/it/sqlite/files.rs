//! Files that are missing, locked, damaged or not to be written, and the settings of a session.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use plexidb_core::{Connection, DriverError, ErrorKind, ReplicationState, ValueRef};
use plexidb_drivers::{ConnectOptions, connector};

use super::{Home, at, number, query, run};

async fn refusal(path: &Path, options: &str) -> DriverError {
    at(path, options).connect().await.err().unwrap()
}

async fn word(connection: &mut Box<dyn Connection>, sql: &str) -> String {
    query(connection, sql, &[]).await.unwrap()[0].get(0).unwrap()
}

#[tokio::test]
async fn a_missing_file_is_not_made_unless_asked_for() {
    let home = Home::new();
    let error = refusal(&home.path(), "").await;
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(
        error.to_string().contains("no such file") && error.to_string().contains("?mode=rwc"),
        "{error}"
    );
    assert!(!home.path().exists());
    home.connect().await.close().await;
    assert!(home.path().exists());
    home.connector("").connect().await.unwrap();
}

#[tokio::test]
async fn a_missing_folder_and_a_folder_are_told() {
    let home = Home::new();
    let folder = home.path().join("sub");
    let error = refusal(&folder.join("a.db"), "?mode=rwc").await;
    assert!(
        error.to_string().contains("there is no folder") && error.to_string().contains("sub"),
        "{error}"
    );
    for options in ["", "?mode=rwc", "?mode=ro"] {
        let error = refusal(home.folder.path(), options).await;
        assert_eq!(error.kind(), ErrorKind::File, "{options}");
        assert!(error.to_string().contains("this is a folder"), "{error}");
    }
}

#[tokio::test]
async fn sessions_are_set_up_alike() {
    let home = Home::new();
    let mut connection = home.connect().await;
    for (pragma, value) in [
        ("foreign_keys", 1),
        ("synchronous", 1),
        ("temp_store", 2),
        ("trusted_schema", 0),
        ("cache_size", -8192),
        ("mmap_size", 0),
    ] {
        assert_eq!(
            number(&mut connection, &format!("PRAGMA {pragma}")).await,
            value,
            "{pragma}"
        );
    }
    assert_eq!(word(&mut connection, "PRAGMA journal_mode").await, "wal");
}

#[tokio::test]
async fn the_url_sets_the_session_up() {
    let home = Home::new();
    let options = "?mode=rwc&journal_mode=truncate&synchronous=extra&foreign_keys=off&cache_size=-100";
    let mut connection = home.connector(options).connect().await.unwrap();
    assert_eq!(word(&mut connection, "PRAGMA journal_mode").await, "truncate");
    assert_eq!(number(&mut connection, "PRAGMA synchronous").await, 3);
    assert_eq!(number(&mut connection, "PRAGMA foreign_keys").await, 0);
    assert_eq!(number(&mut connection, "PRAGMA cache_size").await, -100);
    connection.close().await;
    // Without a WAL, NORMAL could lose the file to a power cut.
    let mut connection = home.connector("?journal_mode=delete").connect().await.unwrap();
    assert_eq!(number(&mut connection, "PRAGMA synchronous").await, 2);
}

#[tokio::test]
async fn foreign_keys_are_enforced() {
    let home = Home::new();
    let mut connection = home.connect().await;
    run(&mut connection, "CREATE TABLE a (id INTEGER PRIMARY KEY)").await;
    run(&mut connection, "CREATE TABLE b (a REFERENCES a)").await;
    let error = connection
        .execute("INSERT INTO b VALUES (7)", &[])
        .await
        .unwrap_err();
    assert_eq!(
        error.sql_error().unwrap().message,
        "FOREIGN KEY constraint failed"
    );
}

#[tokio::test]
async fn a_read_only_connection_reads_and_refuses_writes() {
    let home = Home::new();
    home.oracle()
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (7)")
        .unwrap();
    for options in ["?mode=ro", "?immutable=1", "?mode=ro&immutable=1"] {
        let mut connection = home.connector(options).connect().await.unwrap();
        assert_eq!(number(&mut connection, "SELECT a FROM t").await, 7, "{options}");
        let error = connection.execute("DELETE FROM t", &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{options}: {error}");
        assert!(
            !error.retires_endpoint(),
            "another connection would not help: {error}"
        );
        let state = connection.replication().await.unwrap();
        assert_eq!(state, ReplicationState::of_single(true), "{options}");
    }
    let mut writer = home.connector("?journal_mode=delete").connect().await.unwrap();
    let state = writer.replication().await.unwrap();
    assert_eq!(state, ReplicationState::of_single(false));
    assert_eq!(
        home.oracle()
            .query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0))
            .unwrap(),
        "delete",
        "no WAL was forced on a file that is only read"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_without_write_permission_opens_for_reading() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.oracle()
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (7)")
        .unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o444)).unwrap();
    let mut connection = home.connector("").connect().await.unwrap();
    assert_eq!(number(&mut connection, "SELECT a FROM t").await, 7);
    // The superuser may write to any file: then it is a write like others.
    let may_write = fs::OpenOptions::new().append(true).open(home.path()).is_ok();
    match connection.execute("DELETE FROM t", &[]).await {
        Ok(executed) => assert!(may_write && executed.rows_affected == 1),
        Err(error) => assert!(!may_write && error.kind() == ErrorKind::ReadOnly, "{error}"),
    }
}

#[tokio::test]
async fn a_lock_that_stays_is_told_after_the_busy_timeout() {
    let home = Home::new();
    let oracle = home.oracle();
    oracle
        .execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t (a)")
        .unwrap();
    let mut connection = home.connector("?busy_timeout=100").connect().await.unwrap();
    oracle.execute_batch("BEGIN IMMEDIATE").unwrap();
    let since = std::time::Instant::now();
    let error = connection
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    assert!(
        since.elapsed() >= Duration::from_millis(100),
        "it waited for the lock"
    );
    assert_eq!(
        number(&mut connection, "SELECT count(*) FROM t").await,
        0,
        "reads go on"
    );
    oracle.execute_batch("COMMIT").unwrap();
    run(&mut connection, "INSERT INTO t VALUES (1)").await;
}

#[tokio::test]
async fn a_read_that_meets_a_lock_waits_for_it_on_a_thread() {
    let home = Home::new();
    let oracle = home.oracle();
    oracle
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .unwrap();
    let mut connection = home.connector("?journal_mode=delete").connect().await.unwrap();
    for _ in 0..4 {
        assert_eq!(number(&mut connection, "SELECT a FROM t").await, 1);
    }
    oracle
        .execute_batch("BEGIN EXCLUSIVE; UPDATE t SET a = 2")
        .unwrap();
    // The test's one task thread: if the read slept on it, the lock would never be given back.
    let (value, ()) = tokio::join!(number(&mut connection, "SELECT a FROM t"), async {
        tokio::task::yield_now().await;
        oracle.execute_batch("COMMIT").unwrap();
    });
    assert_eq!(value, 2);
}

#[tokio::test]
async fn a_locked_file_cannot_be_opened() {
    let home = Home::new();
    let oracle = home.oracle();
    oracle
        .execute_batch("CREATE TABLE t (a); BEGIN EXCLUSIVE")
        .unwrap();
    let error = refusal(&home.path(), "?busy_timeout=50").await;
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_at_once() {
    let home = Home::new();
    for content in [&b"hello"[..], &[b'x'; 4096]] {
        fs::write(home.path(), content).unwrap();
        let error = refusal(&home.path(), "").await;
        assert!(
            matches!(error, DriverError::File { is_corrupt: true, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("no SQLite database"), "{error}");
        assert_eq!(fs::read(home.path()).unwrap(), content, "it was left alone");
    }
}

#[tokio::test]
async fn a_damaged_page_is_told_when_it_is_read() {
    let home = Home::new();
    let oracle = home.oracle();
    oracle
        .execute_batch(
            "PRAGMA page_size=1024; CREATE TABLE good (a); INSERT INTO good VALUES (1);
             CREATE TABLE bad (a); INSERT INTO bad VALUES (zeroblob(100));",
        )
        .unwrap();
    let page: u32 = oracle
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'bad'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    drop(oracle);
    let mut file = fs::OpenOptions::new().write(true).open(home.path()).unwrap();
    file.seek(SeekFrom::Start(u64::from(page - 1) * 1024)).unwrap();
    file.write_all(&[0xff; 1024]).unwrap();
    drop(file);
    let mut connection = home.connector("").connect().await.unwrap();
    let error = query(&mut connection, "SELECT * FROM bad", &[])
        .await
        .unwrap_err();
    assert!(
        matches!(error, DriverError::File { is_corrupt: true, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("backup"), "{error}");
    assert_eq!(
        number(&mut connection, "SELECT a FROM good").await,
        1,
        "the rest can be read"
    );
}

#[tokio::test]
async fn a_full_database_is_told_with_advice() {
    let home = Home::new();
    let mut connection = home.connect().await;
    run(&mut connection, "CREATE TABLE t (a)").await;
    query(&mut connection, "PRAGMA max_page_count = 3", &[])
        .await
        .unwrap();
    let sql = "INSERT INTO t VALUES (zeroblob(100000))";
    let error = connection.execute(sql, &[]).await.unwrap_err();
    assert_eq!(error.sql_error().unwrap().code, Some(13));
    assert!(error.to_string().contains("free space"), "{error}");
}

#[tokio::test]
async fn paths_are_taken_literally() {
    let home = Home::new();
    for name in ["a?b.db", "50%.db", "a#b.db", "grüße 世界.db"] {
        let path = home.folder.path().join(name);
        let encoded = path.to_str().unwrap().replace('%', "%25").replace('?', "%3F");
        for options in ["?mode=rwc", "?immutable=1"] {
            let url = format!("sqlite:{encoded}{options}");
            let connector = connector(&url, &ConnectOptions::default()).unwrap();
            connector.connect().await.unwrap().close().await;
        }
        assert!(path.exists(), "{name}");
    }
}

#[tokio::test]
async fn a_journal_mode_that_cannot_be_is_refused_when_it_was_asked_for() {
    let url = "sqlite::memory:?journal_mode=wal";
    let error = connector(url, &ConnectOptions::default())
        .unwrap()
        .connect()
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains("journal_mode=wal"), "{error}");
}

#[tokio::test]
async fn triggers_may_use_full_text_tables_in_spite_of_untrusted_schemas() {
    let home = Home::new();
    let mut connection = home.connect().await;
    run(&mut connection, "CREATE TABLE t (a)").await;
    run(&mut connection, "CREATE VIRTUAL TABLE f USING fts5(a)").await;
    run(
        &mut connection,
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO f VALUES (new.a); END",
    )
    .await;
    connection
        .execute("INSERT INTO t VALUES (?)", &[ValueRef::Text("hello world")])
        .await
        .unwrap();
    assert_eq!(
        number(&mut connection, "SELECT count(*) FROM f WHERE f MATCH 'world'").await,
        1
    );
}
