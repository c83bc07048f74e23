//! `plexidb demo` on SQLite, PostgreSQL and MariaDB.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn demo(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plexidb"));
    command
        .arg("demo")
        .args(words)
        .env("XDG_CACHE_HOME", folder)
        .env("HOME", folder);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn figures(output: &Output) -> serde_json::Value {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

const QUICK: [&str; 6] = ["--small", "--seconds", "0.5", "--check", "500", "--json"];

#[test]
fn sqlite_needs_nothing_and_is_reused() {
    let folder = tempfile::tempdir().unwrap();
    let first = demo(folder.path(), &QUICK);
    let document = figures(&first);
    assert_eq!(document["database"]["kind"], "sqlite");
    assert_eq!(document["check"]["is_equal"], true);
    assert!(document["check"]["reads_from_cache"].as_u64().unwrap() > 0);
    assert!(document["plexidb"]["hits"].as_u64().unwrap() > 0);
    assert_eq!(document["direct"]["hits"], 0);
    assert!(document["generated_in_seconds"].is_number());
    assert!(folder.path().join("plexidb/demo-small.db").is_file());
    assert!(
        !text(&first.stderr).contains('\x1b'),
        "no control codes outside of a terminal"
    );

    let second = demo(folder.path(), &QUICK);
    assert!(figures(&second)["generated_in_seconds"].is_null());
    assert!(
        text(&second.stderr).contains("--fresh"),
        "{}",
        text(&second.stderr)
    );

    let third = demo(folder.path(), &[&QUICK[..], &["--seed", "2"]].concat());
    assert!(
        figures(&third)["generated_in_seconds"].is_number(),
        "another seed is another database"
    );
}

#[test]
fn the_report_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(
        folder.path(),
        &["--small", "--seconds", "0.3", "--check", "200", "--reads", "90"],
    );
    let report = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for part in [
        "channel history",
        "join/leave",
        "hit ratio",
        "database time saved",
        "all equal",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    assert!(!report.contains('\x1b'));
}

#[test]
fn a_damaged_file_of_the_demo_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("plexidb")).unwrap();
    fs::write(
        folder.path().join("plexidb/demo-small.db"),
        "no database at all, but long enough to be one".repeat(100),
    )
    .unwrap();
    let output = demo(folder.path(), &QUICK);
    assert!(figures(&output)["generated_in_seconds"].is_number());
    assert!(
        text(&output.stderr).contains("damaged"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn postgres_and_mariadb_get_tables_of_their_own() {
    let postgres = plexidb_testkit::postgres().fresh_database();
    let mariadb = plexidb_testkit::mariadb().fresh_database();
    for (kind, url) in [("postgres", postgres.url()), ("mysql", mariadb.url())] {
        let folder = tempfile::tempdir().unwrap();
        let words = [&QUICK[..], &["--db", &url, "--reads", "90"]].concat();
        let output = demo(folder.path(), &words);
        let document = figures(&output);
        assert_eq!(document["database"]["kind"], kind);
        assert_eq!(document["check"]["is_equal"], true);
        assert!(
            text(&output.stderr).contains("making the tables"),
            "{}",
            text(&output.stderr)
        );
        assert!(figures(&demo(folder.path(), &words))["generated_in_seconds"].is_null());
    }
}

#[test]
fn tables_of_others_stop_it() {
    let database = plexidb_testkit::postgres().fresh_database();
    database.client("CREATE TABLE users (id int); INSERT INTO users VALUES (1)");
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--small", "--db", &database.url()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("users"), "{}", text(&output.stderr));
    assert_eq!(database.client("SELECT count(*) FROM users").trim(), "1");
}

#[test]
fn what_cannot_be_reached_ends_with_code_3_and_what_is_wrong_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--db", "postgres://me:geheim@127.0.0.1:1/none"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("geheim"));
    let output = demo(folder.path(), &["--db", "oracle://localhost/x"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let output = demo(folder.path(), &["--seconds", "never"]);
    assert_eq!(output.status.code(), Some(2));

    let file = folder.path().join("a file");
    fs::write(&file, "").unwrap();
    let output = demo(folder.path(), &["--dir", file.join("below").to_str().unwrap()]);
    assert_ne!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("--dir"), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn an_interrupted_generation_leaves_nothing_behind() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_plexidb"))
        .args(["demo", "--dir", folder.path().to_str().unwrap()])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // The first progress line comes from the middle of the generation.
    assert!(lines.any(|line| line.unwrap().contains(" rows, ")));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(lines.any(|line| line.unwrap().contains("interrupted")));
    assert!(!folder.path().join("demo-full.db").exists());
}
