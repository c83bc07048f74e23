//! How results look.

use insta::assert_snapshot;

use crate::program::{Sample, command};

const ALL: &str = "SELECT * FROM users ORDER BY id";

#[test]
fn a_table_is_for_people() {
    let sample = Sample::new();
    let output = sample.sql(&["-c", ALL]);
    assert_snapshot!(output.success(), @r#"
    ┌────┬──────────────────────┬───────┬────────┬──────────────────┐
    │ id ┆ name                 ┆ score ┆ photo  ┆              big │
    ╞════╪══════════════════════╪═══════╪════════╪══════════════════╡
    │  1 ┆ Ada                  ┆   1.5 ┆ \x00ff ┆ 9007199254740993 │
    │  2 ┆ 'NULL'               ┆ NULL  ┆ NULL   ┆ 9007199254740991 │
    │  3 ┆ O'Hara, "Tab"    and ┆ -0.25 ┆ \x     ┆ NULL             │
    │    ┆ two lines            ┆       ┆        ┆                  │
    └────┴──────────────────────┴───────┴────────┴──────────────────┘
    (3 rows)
    "#);
}

#[test]
fn csv_is_read_back_by_any_reader() {
    let sample = Sample::new();
    assert_snapshot!(sample.sql(&["--format", "csv", "-c", ALL]).success(), @r#"
    id,name,score,photo,big
    1,Ada,1.5,\x00ff,9007199254740993
    2,NULL,,,9007199254740991
    3,"O'Hara, ""Tab""	and
    two lines",-0.25,\x,
    "#);
    let marked = sample.sql(&[
        "--format",
        "csv",
        "--null",
        "\\N",
        "-c",
        "SELECT NULL AS a, '' AS b",
    ]);
    assert_eq!(marked.success(), "a,b\n\\N,\n");
}

#[test]
fn json_rounds_no_number_and_keeps_null() {
    let sample = Sample::new();
    let output = sample.sql(&["--format", "json", "-c", ALL]);
    let rows: serde_json::Value = serde_json::from_str(output.success()).unwrap();
    assert_eq!(
        rows[0]["big"], "9007199254740993",
        "a reader with 64-bit floats would round it"
    );
    assert_eq!(rows[1]["big"], 9_007_199_254_740_991_u64);
    assert_eq!(rows[0]["score"], 1.5);
    assert_eq!(rows[0]["photo"], "\\x00ff");
    assert_eq!(rows[1]["name"], "NULL");
    assert!(rows[1]["score"].is_null());
    assert_eq!(rows[2]["name"], "O'Hara, \"Tab\"\tand\ntwo lines");
}

#[test]
fn jsonl_is_an_object_a_line_with_unique_keys() {
    let sample = Sample::new();
    let sql = "SELECT id, id AS id, name FROM users ORDER BY id; SELECT 1 AS \"quoted \"\" name\"";
    assert_snapshot!(sample.sql(&["--format", "jsonl", "-c", sql]).success(), @r#"
    {"id":1,"id_2":1,"name":"Ada"}
    {"id":2,"id_2":2,"name":"NULL"}
    {"id":3,"id_2":3,"name":"O'Hara, \"Tab\"\tand\ntwo lines"}
    {"quoted \" name":1}
    "#);
}

#[test]
fn vertical_has_a_line_for_each_column() {
    let sample = Sample::new();
    let sql = "SELECT id, name, score FROM users WHERE id > 1 ORDER BY id";
    assert_snapshot!(sample.sql(&["--format", "vertical", "-c", sql]).success(), @r#"
    ─[ 1 ]────────
    id    │ 2
    name  │ 'NULL'
    score │ NULL
    ─[ 2 ]────────
    id    │ 3
    name  │ O'Hara, "Tab"    and
          │ two lines
    score │ -0.25
    (2 rows)
    "#);
}

#[test]
fn results_without_rows_keep_their_shape() {
    let sample = Sample::new();
    let none = |format| {
        sample.sql(&[
            "--format",
            format,
            "-c",
            "SELECT id, name FROM users WHERE id > 9",
        ])
    };
    assert_eq!(none("csv").success(), "id,name\n");
    assert_eq!(none("json").success(), "[]\n");
    assert_eq!(none("jsonl").success(), "");
    assert_eq!(none("vertical").success(), "(0 rows)\n");
    assert!(none("table").success().contains("│ id ┆ name │"));
}

#[test]
fn what_has_no_rows_says_what_it_did_to_people_only() {
    let sample = Sample::new();
    let sql = "UPDATE users SET score = 0; DELETE FROM users WHERE id = 1; CREATE TABLE t (a)";
    assert_eq!(
        sample.sql(&["-c", sql]).success(),
        "(3 rows changed)\n(1 row changed)\n(done)\n"
    );
    let sql = "UPDATE users SET score = 0; DROP TABLE t";
    assert_eq!(sample.sql(&["--format", "csv", "-c", sql]).success(), "");
}

#[test]
fn returning_gives_rows() {
    let sample = Sample::new();
    let sql = "INSERT INTO users (id, name) VALUES (9, 'Eve') RETURNING id, name";
    assert_eq!(
        sample.sql(&["--format", "csv", "-c", sql]).success(),
        "id,name\n9,Eve\n"
    );
    assert_eq!(
        sample
            .sql(&["--format", "csv", "-c", "SELECT count(*) AS n FROM users"])
            .success(),
        "n\n4\n"
    );
}

#[test]
fn data_cannot_steer_the_terminal() {
    let sample = Sample::new();
    let output = sample.sql(&["-c", "SELECT char(27) || '[2J' AS \"clear\""]);
    assert!(output.success().contains("\\x1b[2J"), "{}", output.stdout);
    assert!(!output.stdout.contains('\x1b'));
}

#[test]
fn timing_tells_where_a_result_came_from() {
    let sample = Sample::new();
    let twice = ["-c", "SELECT id FROM users; SELECT id FROM users"];
    let footers = |words: &[&str]| {
        let output = sample.sql(&[&["--timing"], words, &twice].concat());
        output
            .success()
            .lines()
            .filter(|line| line.starts_with('('))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let cached = footers(&[]);
    assert!(
        cached[0].starts_with("(3 rows, ") && cached[0].ends_with(", from database)"),
        "{cached:?}"
    );
    assert!(cached[1].ends_with(", from L1)"), "{cached:?}");
    assert!(footers(&["--no-cache"])[1].ends_with(", from database)"));
}

#[test]
fn a_large_result_can_be_cut_off_by_its_reader() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::Stdio;

    let sample = Sample::new();
    let endless =
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x, 'some text' FROM c";
    for format in ["csv", "jsonl", "json", "vertical"] {
        let mut command = command(&["sql", &sample.url, "--format", format, "-c", endless]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        // Rows arrive although the statement never ends; then the reader goes away.
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        assert!(!first.is_empty());
        let mut complaint = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut complaint)
            .unwrap();
        assert_eq!(
            (child.wait().unwrap().code(), complaint.as_str()),
            (Some(0), ""),
            "{format}"
        );
    }
}
