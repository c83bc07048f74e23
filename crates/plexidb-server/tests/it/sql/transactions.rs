//! BEGIN, COMMIT, ROLLBACK and savepoints in scripts.

use crate::program::{Sample, run_with_input};

/// Runs a script and returns the exit code, the error stream, and the names that are left.
fn run(script: &str) -> (Option<i32>, String, String) {
    let sample = Sample::new();
    let seed = "DELETE FROM users; INSERT INTO users (name) VALUES ('a'); ";
    let output = run_with_input(
        &["sql", &sample.url, "--format", "csv"],
        &format!("{seed}{script}"),
    );
    let left = sample.sql(&[
        "--format",
        "csv",
        "-c",
        "SELECT coalesce(group_concat(name, ''), '') AS names FROM users",
    ]);
    let names = left
        .success()
        .lines()
        .nth(1)
        .unwrap_or_default()
        .trim_matches('"')
        .to_owned();
    (output.code, output.stderr, names)
}

fn names_after(script: &str) -> String {
    let (code, stderr, names) = run(script);
    assert_eq!(code, Some(0), "{stderr}");
    names
}

const B: &str = "INSERT INTO users (name) VALUES ('b');";
const C: &str = "INSERT INTO users (name) VALUES ('c');";

#[test]
fn commit_keeps_and_rollback_undoes() {
    assert_eq!(names_after(&format!("BEGIN; {B} COMMIT;")), "ab");
    assert_eq!(
        names_after(&format!("BEGIN TRANSACTION; {B} ROLLBACK; {C}")),
        "ac"
    );
    assert_eq!(names_after(&format!("BEGIN IMMEDIATE; {B} END;")), "ab");
}

#[test]
fn savepoints_undo_a_part() {
    assert_eq!(
        names_after(&format!("BEGIN; SAVEPOINT s; {B} ROLLBACK TO s; {C} COMMIT;")),
        "ac"
    );
    assert_eq!(
        names_after(&format!("BEGIN; SAVEPOINT s; {B} RELEASE s; {C} COMMIT;")),
        "abc"
    );
    assert_eq!(names_after(&format!("BEGIN; SAVEPOINT s; {B} COMMIT;")), "ab");
    // The outer one takes the inner along, and outlives being rolled back to.
    let nested =
        format!("BEGIN; SAVEPOINT s; {B} SAVEPOINT t; {C} ROLLBACK TO s; {C} ROLLBACK TO s; {B} COMMIT;");
    assert_eq!(names_after(&nested), "ab");
    assert_eq!(
        names_after(&format!(
            "BEGIN; SAVEPOINT s; {B} SAVEPOINT t; {C} RELEASE s; COMMIT;"
        )),
        "abc"
    );
}

#[test]
fn what_is_not_committed_is_rolled_back_and_told() {
    let (code, stderr, names) = run(&format!("BEGIN; {B}"));
    assert_eq!((code, names.as_str()), (Some(0), "a"));
    assert!(stderr.contains("rolled back"), "{stderr}");
    let (code, _, names) = run(&format!("BEGIN; {B} SELECT nowhere; COMMIT;"));
    assert_eq!(
        (code, names.as_str()),
        (Some(1), "a"),
        "the script ends at the error, before COMMIT"
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (script, reason) in [
        ("COMMIT;", "no transaction is open"),
        ("BEGIN; BEGIN;", "open already"),
        ("BEGIN; RELEASE s;", "no savepoint s"),
        ("BEGIN; SAVEPOINT s; RELEASE s; ROLLBACK TO s;", "no savepoint s"),
        ("BEGIN EXCLUSIVE;", "not supported"),
    ] {
        let (code, stderr, _) = run(script);
        assert_eq!(code, Some(1), "{script}");
        assert!(stderr.contains(reason), "{script}: {stderr}");
    }
}

#[test]
fn a_failed_transaction_of_postgres_is_not_committed() {
    let database = plexidb_testkit::postgres().fresh_database();
    database.client("CREATE TABLE t (a int)");
    let url = database.url();
    let script = "BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s; SELECT nowhere; COMMIT;";
    let output = run_with_input(&["sql", &url, "--keep-going"], script);
    output.failure(1);
    assert_eq!(database.client("SELECT count(*) FROM t").trim(), "0");
    let script = "BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s; SELECT nowhere; ROLLBACK TO s; COMMIT;";
    run_with_input(&["sql", &url, "--keep-going"], script).failure(1);
    assert_eq!(database.client("SELECT count(*) FROM t").trim(), "1");
}
