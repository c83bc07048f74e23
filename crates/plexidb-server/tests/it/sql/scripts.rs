//! Where statements come from, and the shell's own commands in scripts.

use insta::assert_snapshot;

use crate::program::{Sample, command, finish, run_with_input};

#[test]
fn statements_come_from_files_standard_input_and_the_command_line() {
    let sample = Sample::new();
    let file = sample.file("a.sql", "SELECT 'file' AS origin;\n-- the end\n");
    let path = file.to_str().unwrap();
    let csv = ["sql", &sample.url, "--format", "csv"];
    assert_eq!(
        sample.sql(&["--format", "csv", "-f", path]).success(),
        "origin\nfile\n"
    );
    assert_eq!(
        run_with_input(&csv, "SELECT 'input' AS origin").success(),
        "origin\ninput\n"
    );
    let both = run_with_input(
        &[&csv[..], &["-f", path, "-f", "-"]].concat(),
        "SELECT 'input' AS origin",
    );
    assert_eq!(both.success(), "origin\nfile\norigin\ninput\n");
    assert_eq!(run_with_input(&csv, " -- nothing\n;;").success(), "");
}

#[test]
fn the_environment_names_the_database() {
    let sample = Sample::new();
    let mut command = command(&["sql", "--format", "csv", "-c", "SELECT count(*) AS n FROM users"]);
    command.env("DATABASE_URL", &sample.url);
    assert_eq!(finish(command).success(), "n\n3\n");
}

#[test]
fn triggers_are_one_statement() {
    let sample = Sample::new();
    let script = "\
CREATE TRIGGER t AFTER INSERT ON users BEGIN
    INSERT INTO posts (author, body) VALUES (new.id, 'first; post');
END;
INSERT INTO users (id, name) VALUES (7, 'Grace');
SELECT author, body FROM posts;";
    let output = run_with_input(&["sql", &sample.url, "--format", "csv"], script);
    assert_eq!(output.success(), "author,body\n7,first; post\n");
}

#[test]
fn a_write_is_seen_by_the_next_read() {
    let sample = Sample::new();
    let read = "SELECT name FROM users WHERE id = 1";
    let script = format!("{read}; {read}; UPDATE users SET name = 'Augusta' WHERE id = 1; {read};");
    let output = sample.sql(&["--timing", "-c", &script]);
    let text = output.success();
    assert!(text.contains("from L1"), "{text}");
    let last_table = text.rsplit("row changed").next().unwrap();
    assert!(
        last_table.contains("Augusta") && last_table.contains("from database"),
        "{text}"
    );
}

#[test]
fn tables_are_listed_and_described() {
    let sample = Sample::new();
    assert_snapshot!(sample.sql(&["-c", "\\d"]).success(), @r#"
    ┌────────┬───────┬───────┐
    │ schema ┆ name  ┆ kind  │
    ╞════════╪═══════╪═══════╡
    │ main   ┆ names ┆ view  │
    │ main   ┆ posts ┆ table │
    │ main   ┆ users ┆ table │
    └────────┴───────┴───────┘
    "#);
    assert_snapshot!(sample.sql(&["-c", "\\d posts"]).success(), @r#"
    table main.posts
    ┌────────┬─────────┬──────┬───────────┐
    │ column ┆ type    ┆ null ┆ default   │
    ╞════════╪═════════╪══════╪═══════════╡
    │ id     ┆ INTEGER ┆ no   ┆           │
    │ author ┆ INTEGER ┆ no   ┆           │
    │ body   ┆ TEXT    ┆ yes  ┆ 'nothing' │
    └────────┴─────────┴──────┴───────────┘
    primary key (id)
    unique posts_by_author (author, id)
    foreign key (author) references main.users (id) on delete cascade
    "#);
    assert!(
        sample
            .sql(&["-c", "\\d users"])
            .success()
            .contains("referenced by main.posts (author)")
    );
    assert!(
        sample
            .sql(&["-c", "\\d names"])
            .success()
            .contains("SELECT id, name FROM users")
    );
    assert!(sample.sql(&["-c", "\\d nowhere"]).failure(1).contains("nowhere"));
}

#[test]
fn commands_change_what_follows() {
    let sample = Sample::new();
    let file = sample.file("inner.sql", "SELECT 'from the file' AS text;");
    let script = format!(
        "\\x on\n\\i {}\n\\x off\nSELECT 1 AS one;\n\\q\nSELECT 2 AS two;",
        file.display()
    );
    let output = run_with_input(&["sql", &sample.url], &script);
    let text = output.success();
    assert!(
        text.contains("text     │ from the file") || text.contains("text │ from the file"),
        "{text}"
    );
    assert!(text.contains("┌─────┐\n│ one │"), "{text}");
    assert!(!text.contains("two"), "{text}");
}

#[test]
fn the_cache_can_be_watched_and_cleared() {
    let sample = Sample::new();
    let script = "SELECT id FROM users;\nSELECT id FROM users;\n\\cache\n\\clear\n\\cache\n\\explain SELECT random()\n";
    let output = run_with_input(&["sql", &sample.url], script);
    let text = output.success();
    assert!(text.contains("1 hits, 1 misses"), "{text}");
    assert!(
        text.contains("1 results in") && text.contains("0 results in"),
        "{text}"
    );
    assert!(text.contains("cacheable    no: "), "{text}");
}

#[test]
fn files_that_include_themselves_end() {
    let sample = Sample::new();
    let path = sample.path().join("loop.sql");
    std::fs::write(&path, format!("\\i {}\n", path.display())).unwrap();
    assert!(
        sample
            .sql(&["-f", path.to_str().unwrap()])
            .failure(1)
            .contains("include each other")
    );
}

#[test]
fn who_changes_a_setting_learns_how_long_it_holds() {
    let database = plexidb_testkit::postgres().fresh_database();
    let outside = run_with_input(
        &["sql", &database.url(), "--format", "csv"],
        "SET work_mem = '7MB'; SHOW work_mem;",
    );
    assert!(!outside.success().contains("7MB"), "{}", outside.stdout);
    assert!(
        outside.stderr.contains("for this statement only"),
        "{}",
        outside.stderr
    );
    let script = "BEGIN; SET work_mem = '7MB'; SHOW work_mem; COMMIT;";
    let inside = run_with_input(&["sql", &database.url(), "--format", "csv"], script);
    assert_eq!(
        (inside.success(), inside.stderr.as_str()),
        ("work_mem\n7MB\n", "")
    );
}
