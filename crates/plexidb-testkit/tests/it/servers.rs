//! Each shared server answers its own client, over each of its ways in, and gives every test a database of its own.

use plexidb_testkit::{mariadb, postgres, redis};

#[test]
fn postgres_answers_its_client() {
    let database = postgres().fresh_database();
    database.client("CREATE TABLE words (id int, word text)");
    database.client("INSERT INTO words VALUES (1, 'über'), (2, NULL)");
    assert_eq!(database.client("SELECT * FROM words ORDER BY id"), "1|über\n2|");
}

#[test]
fn mariadb_answers_its_client() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE words (id int, word text)");
    database.client("INSERT INTO words VALUES (1, 'über'), (2, NULL)");
    assert_eq!(
        database.client("SELECT * FROM words ORDER BY id"),
        "1\tüber\n2\tNULL"
    );
}

#[test]
fn redis_answers_its_client() {
    let (mine, other) = (redis().fresh_database(), redis().fresh_database());
    mine.client(&["SET", "word", "über"]);
    assert_eq!(mine.client(&["GET", "word"]), "über");
    assert_eq!(other.client(&["EXISTS", "word"]), "0");
}

#[test]
fn a_fresh_database_is_gone_with_its_handle() {
    let database = postgres().fresh_database();
    let question = format!(
        "SELECT count(*) FROM pg_database WHERE datname = '{}'",
        database.name()
    );
    assert_eq!(postgres().client(&question), "1");
    drop(database);
    assert_eq!(postgres().client(&question), "0");

    let database = mariadb().fresh_database();
    let question = format!(
        "SELECT count(*) FROM information_schema.schemata WHERE schema_name = '{}'",
        database.name()
    );
    assert_eq!(mariadb().client(&question), "1");
    drop(database);
    assert_eq!(mariadb().client(&question), "0");
}

#[test]
fn a_failing_statement_is_an_error_with_the_servers_own_words() {
    let error = postgres()
        .try_client("SELECT 1; SELECT nonsense")
        .unwrap_err()
        .to_string();
    assert!(error.contains("column \"nonsense\" does not exist"), "{error}");
    let error = mariadb().try_client("SELECT nonsense").unwrap_err().to_string();
    assert!(error.contains("Unknown column 'nonsense'"), "{error}");
    let error = redis().try_client(&["NONSENSE"]).unwrap_err();
    assert!(format!("{error:#}").contains("redis-cli"), "{error:#}");
}

#[test]
fn large_input_and_output_pass_through_the_client() {
    let text = "x".repeat(3_000_000);
    assert_eq!(postgres().client(&format!("SELECT '{text}'")).len(), text.len());
}
