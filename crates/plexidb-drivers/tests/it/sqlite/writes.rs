//! Writes on the caller's task: that they are there at once, that whatever may wait leaves the task, and that each takes
//! effect once.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use plexidb_core::{Connection, ConnectionStatus, ErrorKind, ValueRef};

use super::{Home, number, query, run};

const INSERT: &str = "INSERT INTO t VALUES (?)";
const COUNT: &str = "SELECT count(*) FROM t";

/// Runs a test in a runtime with a single thread for what blocks.
fn with_one_thread(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(test);
}

/// Runs a future to its end, and tells whether that took a thread. Within [`with_one_thread`].
async fn needs_thread<T>(future: impl Future<Output = T>) -> (bool, T) {
    let (release, held) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || held.recv());
    let mut future = pin!(future);
    let first = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    drop(release);
    match first {
        Poll::Ready(value) => (false, value),
        Poll::Pending => (true, future.await),
    }
}

/// A file with a table of one column, and a connection that knows [`INSERT`] to be quick.
async fn warm(home: &Home, options: &str) -> Box<dyn Connection> {
    let connector = home.connector(options);
    let mut connection = connector.connect().await.unwrap();
    run(&mut connection, "CREATE TABLE t (a)").await;
    // The mean of the running times halves with each: a slow disk at the first does not matter in the end.
    for _ in 0..30 {
        connection.execute(INSERT, &[ValueRef::Int(0)]).await.unwrap();
    }
    run(&mut connection, "DELETE FROM t").await;
    connection
}

/// Attempts for what a busy machine may hinder once: a statement that was slow goes to a thread for a while.
const ATTEMPTS: usize = 50;

#[test]
fn a_quick_write_is_done_at_once() {
    with_one_thread(async {
        let home = Home::new();
        let mut connection = warm(&home, "?mode=rwc").await;
        let mut written = 0;
        for _ in 0..ATTEMPTS {
            let (needs_thread, executed) =
                needs_thread(connection.execute(INSERT, &[ValueRef::Int(7)])).await;
            written += executed.unwrap().rows_affected;
            let seen: i64 = home.oracle().query_row(COUNT, [], |row| row.get(0)).unwrap();
            assert_eq!(seen as u64, written, "others see it");
            if !needs_thread {
                return;
            }
        }
        panic!("each went to a thread");
    });
}

#[test]
fn a_small_transaction_is_done_at_once() {
    with_one_thread(async {
        let home = Home::new();
        let mut connection = warm(&home, "?mode=rwc").await;
        for begin in ["BEGIN", "BEGIN IMMEDIATE"] {
            let mut has_needed_none = false;
            for _ in 0..ATTEMPTS {
                let before = number(&mut connection, COUNT).await;
                let (mut has_needed_one, begun) = needs_thread(connection.control(begin)).await;
                begun.unwrap();
                for number in 0..3 {
                    let (needs_thread, executed) =
                        needs_thread(connection.execute(INSERT, &[ValueRef::Int(number)])).await;
                    executed.unwrap();
                    has_needed_one |= needs_thread;
                }
                let (needs_thread, committed) = needs_thread(connection.control("COMMIT")).await;
                committed.unwrap();
                assert_eq!(connection.status(), ConnectionStatus::Idle);
                assert_eq!(number(&mut connection, COUNT).await, before + 3);
                has_needed_none |= !(has_needed_one || needs_thread);
            }
            assert!(has_needed_none, "{begin}");
        }
    });
}

#[tokio::test]
async fn a_transaction_that_begins_with_a_lock_waits_for_it_on_a_thread() {
    let home = Home::new();
    let mut connection = warm(&home, "?mode=rwc").await;
    let oracle = home.oracle();
    oracle.execute_batch("BEGIN IMMEDIATE").unwrap();
    let release = async { oracle.execute_batch("COMMIT").unwrap() };
    let (begun, ()) = tokio::join!(connection.control("BEGIN IMMEDIATE"), release);
    begun.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::InTransaction);
}

#[test]
fn what_waits_for_the_disk_does_not_hold_up_other_tasks() {
    with_one_thread(async {
        for options in ["?mode=rwc&synchronous=full", "?mode=rwc&journal_mode=delete"] {
            let home = Home::new();
            let mut connection = warm(&home, options).await;
            let row = [ValueRef::Int(7)];
            let write = connection.execute(INSERT, &row);
            assert!(needs_thread(write).await.0, "{options}");
        }
        let home = Home::new();
        let mut connection = warm(&home, "?mode=rwc").await;
        run(&mut connection, "PRAGMA synchronous = FULL").await;
        let row = [ValueRef::Int(7)];
        let write = connection.execute(INSERT, &row);
        assert!(needs_thread(write).await.0, "after a PRAGMA");
    });
}

#[test]
fn large_parameters_do_not_hold_up_other_tasks() {
    with_one_thread(async {
        let home = Home::new();
        let mut connection = warm(&home, "?mode=rwc").await;
        let large = vec![7; 1 << 20];
        let row = [ValueRef::Bytes(&large)];
        let write = connection.execute(INSERT, &row);
        assert!(needs_thread(write).await.0);
    });
}

#[test]
fn the_commit_of_a_large_transaction_does_not_hold_up_other_tasks() {
    with_one_thread(async {
        let home = Home::new();
        let mut connection = warm(&home, "?mode=rwc").await;
        connection.control("BEGIN").await.unwrap();
        for number in 0..1_000 {
            connection
                .execute(INSERT, &[ValueRef::Int(number)])
                .await
                .unwrap();
        }
        let (needs_thread, committed) = needs_thread(connection.control("COMMIT")).await;
        committed.unwrap();
        assert!(needs_thread);
    });
}

#[tokio::test]
async fn a_quick_write_waits_for_a_lock_on_a_thread() {
    let home = Home::new();
    let mut connection = warm(&home, "?mode=rwc").await;
    let oracle = home.oracle();
    oracle.execute_batch("BEGIN IMMEDIATE").unwrap();
    // There is one task thread: the lock is released only if the write has left it.
    let release = async { oracle.execute_batch("COMMIT").unwrap() };
    let (executed, ()) = tokio::join!(connection.execute(INSERT, &[ValueRef::Int(7)]), release);
    assert_eq!(executed.unwrap().rows_affected, 1);
    assert_eq!(number(&mut connection, COUNT).await, 1);
}

#[tokio::test]
async fn a_transaction_waits_for_its_first_lock_on_a_thread() {
    let home = Home::new();
    let mut connection = warm(&home, "?mode=rwc").await;
    let oracle = home.oracle();
    oracle.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection.control("BEGIN").await.unwrap();
    let release = async { oracle.execute_batch("ROLLBACK").unwrap() };
    let (executed, ()) = tokio::join!(connection.execute(INSERT, &[ValueRef::Int(7)]), release);
    executed.unwrap();
    assert_eq!(connection.status(), ConnectionStatus::InTransaction);
    connection.control("COMMIT").await.unwrap();
    assert_eq!(number(&mut connection, COUNT).await, 1);
}

#[tokio::test]
async fn a_quick_write_that_turns_slow_leaves_the_task_and_runs_once() {
    let home = Home::new();
    let mut connection = warm(&home, "?mode=rwc").await;
    let sql =
        "INSERT INTO t WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?) SELECT x FROM n";
    for _ in 0..20 {
        connection.execute(sql, &[ValueRef::Int(1)]).await.unwrap();
    }
    let has_other_run = AtomicBool::new(false);
    let write = async {
        let executed = connection.execute(sql, &[ValueRef::Int(100_000)]).await.unwrap();
        assert!(has_other_run.load(Ordering::Relaxed), "it held up the other task");
        executed
    };
    let other = async { has_other_run.store(true, Ordering::Relaxed) };
    let (executed, ()) = tokio::join!(write, other);
    assert_eq!(executed.rows_affected, 100_000);
    assert_eq!(number(&mut connection, COUNT).await, 100_020);
}

/// SQLite looks for cancellations also when a statement has committed, after each thousand instructions: here each time.
#[tokio::test]
async fn a_write_that_is_said_to_be_cancelled_has_no_effect() {
    const COLUMNS: usize = 600;
    let each = |text: &dyn Fn(usize) -> String| (0..COLUMNS).map(text).collect::<Vec<_>>().join(", ");
    let home = Home::new();
    let mut connection = home.connect().await;
    let columns = each(&|column| format!("c{column}"));
    run(
        &mut connection,
        &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {columns})"),
    )
    .await;
    let zeros = each(&|_| "0".to_owned());
    run(&mut connection, &format!("INSERT INTO t VALUES (1, {zeros})")).await;
    let sets = each(&|column| format!("c{column} = c{column} + 1"));
    let update = format!("UPDATE t SET {sets} WHERE id = 1");
    let is_done = Arc::new(AtomicBool::new(false));
    let (canceller, stop) = (connection.canceller(), Arc::clone(&is_done));
    let cancelling = std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            let _ = pin!(canceller.cancel()).poll(&mut Context::from_waker(Waker::noop()));
            // Statements take a tenth of a millisecond: this meets them at any point.
            std::thread::sleep(std::time::Duration::from_micros(70));
        }
    });
    let (mut done, mut cancelled) = (0, 0);
    for _ in 0..5_000 {
        match connection.execute(&update, &[]).await {
            Ok(_) => done += 1,
            Err(error) if error.kind() == ErrorKind::Cancelled => cancelled += 1,
            Err(error) => panic!("{error}"),
        }
    }
    is_done.store(true, Ordering::Relaxed);
    cancelling.join().unwrap();
    assert!(done > 0 && cancelled > 0, "{done} done, {cancelled} cancelled");
    assert_eq!(number(&mut connection, "SELECT c7 FROM t").await, done);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wal_stays_bounded_under_writers_that_do_not_pause() {
    const WRITERS: i64 = 3;
    const WRITES: i64 = 10_000;
    let home = Home::new();
    let mut first = warm(&home, "?mode=rwc").await;
    let connector = home.connector("");
    let tasks: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let connector = Arc::clone(&connector);
            tokio::spawn(async move {
                let mut connection = connector.connect().await.unwrap();
                for write in 0..WRITES {
                    let value = writer * WRITES + write;
                    connection.execute(INSERT, &[ValueRef::Int(value)]).await.unwrap();
                }
                connection.close().await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // Each commit is a page of 4 KiB at least: without checkpoints these were 120 MB.
    let wal = home.path().with_extension("db-wal");
    let bytes = std::fs::metadata(wal).unwrap().len();
    assert!(bytes < 60_000_000, "{bytes} bytes");
    let sql = "SELECT count(DISTINCT a) FROM t";
    assert_eq!(number(&mut first, sql).await, WRITERS * WRITES);
    let check = query(&mut first, "PRAGMA integrity_check", &[]).await.unwrap();
    assert_eq!(check[0].get::<String>(0).unwrap(), "ok");
}
