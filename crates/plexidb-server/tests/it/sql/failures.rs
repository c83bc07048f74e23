//! What goes wrong, how it is told, and the exit code.

use insta::assert_snapshot;

use crate::program::{Sample, command, finish, run, run_with_input};

#[test]
fn an_error_shows_its_place_and_stops_the_script() {
    let sample = Sample::new();
    let output = sample.sql(&[
        "-c",
        "SELECT 1 AS one;\nSELECT id,\n  nam\nFROM users;\nSELECT 2 AS two",
    ]);
    assert_snapshot!(output.failure(1), @r#"
    error: no such column: nam (code 1, at character 14)
    line 2:   nam
              ^
    "#);
    assert!(
        output.stdout.contains("one") && !output.stdout.contains("two"),
        "{}",
        output.stdout
    );
}

#[test]
fn keep_going_runs_the_rest_and_still_fails() {
    let sample = Sample::new();
    let words = [
        "--keep-going",
        "--format",
        "csv",
        "-c",
        "SELEC 1; SELECT 2 AS two",
        "-c",
        "SELECT 3 AS three",
    ];
    let output = sample.sql(&words);
    output.failure(1);
    assert_eq!(output.stdout, "two\n2\nthree\n3\n");
}

#[test]
fn the_answers_before_an_error_are_there_in_every_format() {
    let sample = Sample::new();
    for format in ["table", "csv", "json", "jsonl", "vertical"] {
        let output = sample.sql(&[
            "--format",
            format,
            "-c",
            "SELECT 4711 AS n; SELECT * FROM nowhere",
        ]);
        assert!(
            output.failure(1).contains("no such table: nowhere"),
            "{}",
            output.stderr
        );
        assert!(output.stdout.contains("4711"), "{format}: {}", output.stdout);
    }
}

#[test]
fn wrong_usage_is_code_2() {
    let sample = Sample::new();
    assert!(
        run(&["sql", "-c", "SELECT 1"])
            .failure(2)
            .contains("DATABASE_URL")
    );
    assert!(
        run(&["sql", "oracle://me:geheim@host/x", "-c", "SELECT 1"])
            .failure(2)
            .contains("sqlite:")
    );
    assert!(
        sample
            .sql(&["-f", "missing.sql"])
            .failure(2)
            .contains("missing.sql")
    );
    sample.sql(&["--timeout", "soon", "-c", "SELECT 1"]).failure(2);
    sample.sql(&["--format", "xml", "-c", "SELECT 1"]).failure(2);
    sample.sql(&["-c", "SELECT 1", "-f", "x.sql"]).failure(2);
    let latin = sample.path().join("latin.sql");
    std::fs::write(&latin, b"SELECT '\xe4'").unwrap();
    assert!(
        sample
            .sql(&["-f", latin.to_str().unwrap()])
            .failure(2)
            .contains("UTF-8")
    );
}

#[test]
fn no_connection_is_code_3() {
    let sample = Sample::new();
    let missing = format!("{}.not", sample.url);
    assert!(
        run(&["sql", &missing, "-c", "SELECT 1"])
            .failure(3)
            .contains("no such file")
    );
    let refused = run(&["sql", "postgres://me:geheim@127.0.0.1:1/none", "-c", "SELECT 1"]);
    assert!(refused.failure(3).contains("127.0.0.1:1"), "{}", refused.stderr);
    let file = sample.file(
        "no.db",
        &"this is no database, but long enough to be one. ".repeat(100),
    );
    run(&["sql", &format!("sqlite:{}", file.display()), "-c", "SELECT 1"]).failure(3);
}

#[test]
fn passwords_are_never_printed() {
    let database = plexidb_testkit::postgres().fresh_database();
    let wrong = database
        .url()
        .replace(plexidb_testkit::postgres().password(), "geheim");
    let refused = run(&["sql", &wrong, "-c", "SELECT 1"]);
    assert!(
        refused.failure(3).contains("refused the login"),
        "{}",
        refused.stderr
    );
    for url in [
        wrong.as_str(),
        "postgres://me:geheim@127.0.0.1:1/none",
        "oracle://me:geheim@host/x",
        "geheim",
    ] {
        let output = run(&["sql", url, "-c", "SELECT 1"]);
        assert!(!output.stderr.contains("geheim"), "{}", output.stderr);
    }
    let mut help = command(&["sql", "--help"]);
    help.env("DATABASE_URL", &wrong);
    assert!(!finish(help).success().contains("geheim"));
}

#[test]
fn a_statement_that_takes_too_long_is_cancelled() {
    let sample = Sample::new();
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
    for format in ["table", "csv"] {
        let output = sample.sql(&["--timeout", "200ms", "--format", format, "-c", endless]);
        assert!(
            output.failure(1).contains("timed out after 200ms"),
            "{}",
            output.stderr
        );
    }
    let output = run_with_input(
        &["sql", &sample.url, "--timeout", "200ms"],
        &format!("BEGIN; {endless}; SELECT 1"),
    );
    assert!(
        output.failure(1).contains("the transaction was rolled back"),
        "{}",
        output.stderr
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_cancels_and_is_code_130() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let sample = Sample::new();
    let script = "SELECT 1 AS one; WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c";
    let mut command = command(&["sql", &sample.url, "-c", script]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("(1 row)")));
    // Between two statements the signal is of no effect, so it is sent until it meets the second.
    let status = loop {
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        std::thread::sleep(Duration::from_millis(50));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    let mut complaint = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut complaint)
        .unwrap();
    assert_eq!(status.code(), Some(130), "{complaint}");
    assert!(complaint.contains("cancelled"), "{complaint}");
}
