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
