//! Statements that return their keys: texts for each dialect, and SQLite as the judge of what they return.

use std::collections::HashMap;

use plexidb_core::{Catalog, Dialect};
use rusqlite::{Connection, types::Value};

use super::{extended, has_returning};

use Dialect::{MySql, Postgres, Sqlite};

#[test]
fn the_list_stands_behind_the_last_token() {
    for (dialect, sql, expected) in [
        (
            Postgres,
            "UPDATE users SET name = $1 WHERE id = $2",
            "UPDATE users SET name = $1 WHERE id = $2 RETURNING \"id\", \"a \"\" b\"",
        ),
        (
            Postgres,
            "delete from users where id = 1 returning *; -- done",
            "delete from users where id = 1 returning *, \"id\", \"a \"\" b\"; -- done",
        ),
        (
            Postgres,
            "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 2 WHERE t.b IS DISTINCT FROM 3",
            "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 2 WHERE t.b IS DISTINCT FROM 3 RETURNING \"id\", \"a \"\" b\"",
        ),
        (
            Postgres,
            "UPDATE t SET a = 1 WHERE b IS NOT DISTINCT FROM $1 RETURNING a AS returning",
            "UPDATE t SET a = 1 WHERE b IS NOT DISTINCT FROM $1 RETURNING a AS returning, \"id\", \"a \"\" b\"",
        ),
        (
            Sqlite,
            "REPLACE INTO t VALUES (?, ?) /* end */",
            "REPLACE INTO t VALUES (?, ?) RETURNING `id`, `a \" b` /* end */",
        ),
        (
            MySql,
            "INSERT INTO t SET a = 'returning', b = 2",
            "INSERT INTO t SET a = 'returning', b = 2 RETURNING `id`, `a \" b`",
        ),
        (
            MySql,
            "DELETE QUICK FROM t WHERE a = 1 ORDER BY a LIMIT 1",
            "DELETE QUICK FROM t WHERE a = 1 ORDER BY a LIMIT 1 RETURNING `id`, `a \" b`",
        ),
        (
            MySql,
            "REPLACE INTO t (a) VALUES (1), (2) RETURNING a, (SELECT 1)",
            "REPLACE INTO t (a) VALUES (1), (2) RETURNING a, (SELECT 1), `id`, `a \" b`",
        ),
    ] {
        assert_eq!(
            extended(sql, dialect, &["id", "a \" b"]).as_deref(),
            Some(expected),
            "{sql}"
        );
    }
    assert_eq!(
        extended("DELETE FROM t", MySql, &["a`b"]).as_deref(),
        Some("DELETE FROM t RETURNING `a``b`")
    );
}

#[test]
fn what_is_not_certain_stays_as_it_is() {
    for (dialect, statements) in [
        (
            Postgres,
            &[
                "SELECT 1",
                "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
                "WITH d AS (SELECT 1) DELETE FROM t WHERE a IN (SELECT * FROM d)",
                "UPDATE t SET a = u.a FROM u WHERE u.id = t.id",
                "DELETE FROM t USING u WHERE u.id = t.id",
                "INSERT INTO t SELECT * FROM u",
                "INSERT INTO t TABLE u",
                "MERGE INTO t USING u ON u.id = t.id WHEN MATCHED THEN DELETE",
                "UPDATE t SET a = 1; DELETE FROM t",
                "UPDATE t SET a = 'open",
                "UPDATE t SET a = (1 WHERE id = 1",
                "UPDATE t SET a = 1) WHERE id = 1",
                "UPDATE t SET a = 1 WHERE b = returning",
                "DELETE FROM t RETURNING a RETURNING b",
                "DELETE FROM t RETURNING",
                "EXPLAIN DELETE FROM t",
                "REPLACE INTO t VALUES (1)",
                "COPY t FROM STDIN",
                "",
                ";",
            ][..],
        ),
        (
            Sqlite,
            &[
                "UPDATE t SET a = 1 ORDER BY id LIMIT 1",
                "DELETE FROM t ORDER BY id LIMIT 1",
                "DELETE FROM t WHERE id = 1 RETURNING id LIMIT 1",
                "UPDATE t SET a = u.a FROM u WHERE u.id = t.id",
                "INSERT INTO t SELECT 1, 2",
            ],
        ),
        (
            MySql,
            &[
                "UPDATE t SET a = 1 WHERE id = 1",
                "UPDATE t, u SET t.a = u.a",
                "DELETE t FROM t JOIN u ON u.id = t.id",
                "DELETE FROM t USING t JOIN u ON u.id = t.id",
                "DELETE t, u FROM t, u",
                "DELETE FROM t, u USING t JOIN u ON u.id = t.id",
                "DELETE IGNORE t FROM t, u WHERE u.id = t.id",
                "INSERT DELAYED INTO t VALUES (1)",
                "INSERT INTO t SELECT * FROM u ON DUPLICATE KEY UPDATE a = VALUES(a)",
                "DELETE FROM t /*! WHERE id = 1 */",
            ],
        ),
    ] {
        for sql in statements {
            assert_eq!(extended(sql, dialect, &["id"]), None, "{sql}");
        }
    }
    assert_eq!(extended("DELETE FROM t", Sqlite, &[]), None);
}

#[test]
fn versions_without_returning_are_told_apart() {
    for (dialect, version, expected) in [
        (Sqlite, "3.34.1", false),
        (Sqlite, "3.35.0", true),
        (Sqlite, "3.50.4", true),
        (Sqlite, "", false),
        (Postgres, "15.3 (Debian 15.3-1)", true),
        (MySql, "8.4.0", false),
        (MySql, "10.4.32-MariaDB", false),
        (MySql, "10.11.6-MariaDB-0+deb12u1", true),
        (MySql, "5.5.5-10.6.16-MariaDB-log", true),
        (MySql, "11.4.2-mariadb", true),
    ] {
        let catalog = Catalog::new(dialect, version.into(), Vec::new(), Vec::new(), HashMap::new());
        assert_eq!(has_returning(&catalog), expected, "{version}");
    }
}

const SCHEMA: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT DEFAULT 'nobody', \"odd `key\" INT);
    INSERT INTO users VALUES (1, 'a@x', 'Ann', 10), (2, 'b@x', 'Bob', 20), (3, NULL, 'Cid', 30);";

/// The keys of a row of users: id, email, the odd one.
type Keys = Vec<Value>;

fn rows(connection: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = connection
        .prepare(sql)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let width = statement.column_count();
    let found = statement.query_map([], |row| (0..width).map(|index| row.get(index)).collect());
    let rows: Result<Vec<Vec<Value>>, _> = found.unwrap().collect();
    rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn contents(connection: &Connection) -> Vec<Vec<Value>> {
    rows(connection, "SELECT * FROM users ORDER BY id")
}

/// The keys of the rows that are in one and not in the other.
fn keys_besides(these: &[Vec<Value>], those: &[Vec<Value>]) -> Vec<Keys> {
    let other = these.iter().filter(|row| !those.contains(row));
    other
        .map(|row| vec![row[0].clone(), row[1].clone(), row[3].clone()])
        .collect()
}

#[test]
fn sqlite_returns_the_users_columns_and_the_keys_of_the_rows_that_it_wrote() {
    let statements = [
        "INSERT INTO users (email) VALUES ('c@x')",
        "INSERT INTO users VALUES (NULL, 'c@x', 'Eve', 1), (9, 'd@x', NULL, NULL)",
        "INSERT INTO main.users AS u (id, email) VALUES (2, 'new') ON CONFLICT (id) DO UPDATE SET email = u.email || 'y'",
        "INSERT OR IGNORE INTO users (email) VALUES ('a@x'), ('e@x')",
        "INSERT INTO users (email) VALUES ('a@x') ON CONFLICT DO NOTHING",
        "INSERT INTO users DEFAULT VALUES",
        "UPDATE users SET name = 'x' WHERE email = 'a@x'",
        "UPDATE users AS u SET name = 'x', \"odd `key\" = \"odd `key\" + 1 WHERE u.id IN (1, 3)",
        "UPDATE users SET name = CASE WHEN id = 1 THEN 'one' ELSE 'more' END",
        "UPDATE users SET name = 'x' WHERE name IS NOT DISTINCT FROM 'Bob'",
        "UPDATE users SET name = 'x' WHERE id = 77",
        "DELETE FROM users WHERE id = 3",
        "DELETE FROM users INDEXED BY sqlite_autoindex_users_1 WHERE email = 'b@x'",
        "DELETE FROM users",
    ];
    let lists = [
        "",
        " -- a comment",
        " RETURNING *",
        " RETURNING name AS n, 1 + 1 two, (SELECT count(*) FROM sqlite_schema);",
        " returning id /* here */ ;;",
        " RETURNING \"name\", 'returning', id IS NULL",
    ];
    let mut extended_count = 0;
    for statement in statements {
        for list in lists {
            let sql = format!("{statement}{list}");
            let learning =
                extended(&sql, Sqlite, &["id", "email", "odd `key"]).unwrap_or_else(|| panic!("{sql}"));
            let (plain, learnt) = (
                Connection::open_in_memory().unwrap(),
                Connection::open_in_memory().unwrap(),
            );
            plain.execute_batch(SCHEMA).unwrap();
            learnt.execute_batch(SCHEMA).unwrap();
            let before = contents(&plain);
            let expected = rows(&plain, &sql);
            let found = rows(&learnt, &learning);
            let after = contents(&learnt);
            assert_eq!(contents(&plain), after, "{learning}");

            let width = found.first().map_or(0, |row| row.len() - 3);
            let user: Vec<Vec<Value>> = found.iter().map(|row| row[..width].to_vec()).collect();
            if list.to_uppercase().contains("RETURNING") {
                assert_eq!(user, expected, "{learning}");
            } else {
                assert_eq!((width, expected.len()), (0, 0), "{learning}");
            }
            let mut learnt_keys: Vec<Keys> = found.iter().map(|row| row[width..].to_vec()).collect();
            let mut changed = if statement.starts_with("DELETE") {
                keys_besides(&before, &after)
            } else {
                keys_besides(&after, &before)
            };
            for keys in [&mut learnt_keys, &mut changed] {
                keys.sort_by_key(|key| format!("{key:?}"));
            }
            assert_eq!(learnt_keys, changed, "{learning}");
            extended_count += 1;
        }
    }
    assert_eq!(extended_count, statements.len() * lists.len());
}

#[test]
fn a_column_that_is_gone_is_an_error_and_no_literal() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let learning = extended("DELETE FROM users", Sqlite, &["gone"]).unwrap();
    assert!(connection.prepare(&learning).is_err(), "{learning}");
}
