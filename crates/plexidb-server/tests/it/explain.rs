//! `plexidb explain`.

use insta::assert_snapshot;

use crate::program::{Sample, command, finish, run, run_with_input};

#[test]
fn a_cacheable_statement_tells_what_it_depends_on() {
    let sample = Sample::new();
    let sql = "SELECT n.name FROM names n JOIN posts p ON p.author = n.id WHERE p.id = 7";
    assert_snapshot!(run(&["explain", &sample.url, sql]).success(), @r#"
    kind         read
    cacheable    yes
    depends on   main.users, main.posts
                 main.posts where id = 7: new rows unless found, author, id
                 main.users: all rows and columns
    normalised   select n.name from names n join posts p on p.author = n.id where p.id = ?
    fingerprint  28b44c05d78f88eb
    "#);
}

#[test]
fn programs_get_stable_keys() {
    let sample = Sample::new();
    assert_snapshot!(run(&["explain", &sample.url, "--json", "SELECT random() FROM users"]).success(), @r#"
    {
      "cacheable": false,
      "depends_on": [
        "main.users"
      ],
      "fingerprint": "88a0690a4e172805",
      "kind": "read",
      "normalised": "select random() from users",
      "reads": [],
      "reason": {
        "code": "volatile_function",
        "text": "the function random() is volatile"
      },
      "writes": {
        "extent": "nothing"
      }
    }
    "#);
    let write = run(&["explain", &sample.url, "DELETE FROM users;", "--json"]);
    let document: serde_json::Value = serde_json::from_str(write.success()).unwrap();
    assert_eq!(document["kind"], "write");
    assert_eq!(document["writes"]["extent"], "tables");
    assert_eq!(
        document["writes"]["tables"],
        serde_json::json!(["main.users", "main.posts"])
    );
}

#[test]
fn ci_can_demand_that_a_statement_stays_cacheable() {
    let sample = Sample::new();
    let check = |sql| run(&["explain", "--fail-if-uncacheable", &sample.url, sql]);
    check("SELECT * FROM users").success();
    assert!(check("SELECT random()").failure(1).is_empty());
    run(&["explain", &sample.url, "SELECT random()"]).success();
}

#[test]
fn nothing_is_run() {
    let sample = Sample::new();
    run(&["explain", &sample.url, "DELETE FROM posts"]).success();
    run(&["explain", &sample.url, "DELETE FROM users"]).success();
    assert_eq!(
        sample
            .sql(&["--format", "csv", "-c", "SELECT count(*) AS n FROM users"])
            .success(),
        "n\n3\n"
    );
}

#[test]
fn the_statement_and_the_database_can_come_from_elsewhere() {
    let sample = Sample::new();
    let output = run_with_input(&["explain", &sample.url, "-"], "SELECT *\nFROM users;\n");
    assert!(output.success().contains("cacheable    yes"), "{}", output.stdout);
    let mut command = command(&["explain", "SELECT 1 FROM users"]);
    command.env("DATABASE_URL", &sample.url);
    assert!(finish(command).success().contains("main.users"));
    assert!(run(&["explain", "SELECT 1"]).failure(2).contains("DATABASE_URL"));
    assert!(
        run_with_input(&["explain", &sample.url, "-"], " \n")
            .failure(2)
            .contains("no statement")
    );
}
