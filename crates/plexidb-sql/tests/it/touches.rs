//! What statements touch, with everything that follows from it.

use plexidb_core::Dialect::{self, MySql, Postgres, Sqlite};
use plexidb_sql::WriteExtent;

use crate::catalog::{DIALECTS, footprint, short};

const NOTHING: &str = "";
const ANY: &str = "*";

/// Statements for all dialects: the tables, nothing, or `*` for the whole database.
const SHARED: &[(&str, &str)] = &[
    ("SELECT * FROM users", NOTHING),
    ("SELECT * FROM nowhere", NOTHING),
    ("SELECT CURRENT_TIMESTAMP", NOTHING),
    ("EXPLAIN UPDATE users SET name = 'x'", NOTHING),
    ("INSERT INTO users (id) VALUES (1)", "users"),
    (
        "INSERT INTO users VALUES (1, 'a', 'b', TRUE, NULL, NULL, NULL), (2, 'a', 'b', FALSE, -1, +2.5, NULL)",
        "users",
    ),
    ("INSERT INTO users (id) SELECT id FROM orders", "users"),
    (
        "INSERT INTO users (id) SELECT no_such_function(id) FROM orders",
        ANY,
    ),
    (
        "INSERT INTO users (id) VALUES ((SELECT max(id) + 1 FROM orders))",
        "users",
    ),
    ("INSERT INTO nowhere VALUES (1)", ANY),
    ("INSERT INTO audit (id) VALUES (1)", ANY),
    ("UPDATE users SET name = 'x' WHERE id = 1", "users"),
    ("UPDATE users SET name = touch_user(1)", ANY),
    (
        "UPDATE users SET name = (SELECT name FROM channels LIMIT 1)",
        "users",
    ),
    ("UPDATE channels SET name = 'x'", "channels"),
    ("UPDATE channels SET id = 5", "channels memberships messages"),
    (
        "UPDATE channels SET name = 'x', id = 5 WHERE id = 1",
        "channels memberships messages",
    ),
    ("UPDATE orders SET id = 1", "order_items orders"),
    ("UPDATE orders SET status = 'x'", "orders"),
    ("UPDATE messages SET id = 1", "messages"),
    ("UPDATE audit SET what = 'x'", ANY),
    ("UPDATE nowhere SET a = 1", ANY),
    ("DELETE FROM users", "channels memberships users"),
    (
        "DELETE FROM channels WHERE id = 1",
        "channels memberships messages reactions",
    ),
    ("DELETE FROM messages", "messages reactions"),
    ("DELETE FROM orders", "orders"),
    ("DELETE FROM reactions", "reactions"),
    ("DELETE FROM audit", ANY),
    ("DELETE FROM nowhere", ANY),
    ("DELETE FROM other.users", "other.users"),
    (
        "INSERT INTO events (id) VALUES (1)",
        "events events_2024 events_2025 events_2025_01",
    ),
    ("INSERT INTO events_2024 (id) VALUES (1)", "events events_2024"),
    (
        "UPDATE events_2025 SET id = 1",
        "events events_2025 events_2025_01",
    ),
    ("DELETE FROM events_2025_01", "events events_2025 events_2025_01"),
    ("UPDATE active_users SET name = 'x'", "users"),
    ("DELETE FROM active_users", "channels memberships users"),
    ("INSERT INTO recent_messages (id) VALUES (1)", "messages"),
    ("UPDATE broken_view SET name = 'x'", ANY),
    ("UPDATE hidden_view SET name = 'x'", ANY),
    ("UPDATE touching_view SET name = 'x'", ANY),
    ("SELECT no_such_function(1)", ANY),
    ("SELECT * FROM touching_view", ANY),
    ("SELECT * FROM no_such_function(1)", ANY),
    ("SELECT \"a", ANY),
    ("SELECT 1; DELETE FROM users", ANY),
    ("WHATEVER", ANY),
    ("CREATE TABLE t AS SELECT * FROM users", ANY),
    ("CREATE TABLE t (a int)", ANY),
    ("DROP TABLE users", ANY),
    ("CREATE TEMPORARY TABLE t (a int)", NOTHING),
    ("CREATE TEMPORARY TABLE t AS SELECT * FROM users", ANY),
    ("BEGIN", NOTHING),
    ("COMMIT", NOTHING),
    ("ROLLBACK TO a", NOTHING),
];
const SQLITE: &[(&str, &str)] = &[
    (
        "INSERT OR REPLACE INTO users (id) VALUES (1)",
        "channels memberships users",
    ),
    ("REPLACE INTO messages (id) VALUES (1)", "messages reactions"),
    ("INSERT OR IGNORE INTO users (id) VALUES (1)", "users"),
    ("INSERT INTO users DEFAULT VALUES", "users"),
    (
        "INSERT INTO channels (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        "channels",
    ),
    (
        "INSERT INTO channels (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2",
        "channels memberships messages",
    ),
    (
        "INSERT INTO channels (id) VALUES (1) ON CONFLICT DO NOTHING",
        "channels",
    ),
    ("UPDATE OR REPLACE messages SET id = 1", "messages reactions"),
    ("UPDATE channels SET rowid = 1", "channels memberships messages"),
    (
        "UPDATE users SET name = o.status FROM orders o WHERE o.user_id = users.id",
        "users",
    ),
    (
        "WITH x AS (SELECT 1 AS id) DELETE FROM orders WHERE id IN (SELECT id FROM x)",
        "orders",
    ),
    ("WITH orders AS (SELECT 1 AS id) DELETE FROM orders", "orders"),
    ("INSERT INTO users (id) VALUES (1) RETURNING id, name", "users"),
    ("UPDATE users SET last_seen = datetime('now')", "users"),
    (
        "INSERT INTO users (id, name) VALUES (random(), hex(randomblob(4)))",
        "users",
    ),
    ("INSERT INTO remote (value) VALUES ('x')", "remote remote_content"),
    ("DELETE FROM sqlite_sequence", ANY),
    ("DELETE FROM temp.x", ANY),
    ("VACUUM", ANY),
    ("ANALYZE", NOTHING),
    ("PRAGMA foreign_keys = ON", NOTHING),
    ("PRAGMA optimize", NOTHING),
    ("SELECT random(), last_insert_rowid()", NOTHING),
    ("EXPLAIN QUERY PLAN DELETE FROM users", NOTHING),
];
const POSTGRES: &[(&str, &str)] = &[
    (
        "INSERT INTO users (id, name) VALUES (nextval('s'), gen_random_uuid()::text) RETURNING *",
        "users",
    ),
    ("INSERT INTO users (id, last_seen) VALUES (1, now())", "users"),
    (
        "INSERT INTO users AS u (id) VALUES (1) ON CONFLICT ON CONSTRAINT k DO UPDATE SET name = u.name",
        "users",
    ),
    (
        "INSERT INTO channels (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET (id, name) = (1, 'x')",
        "channels memberships messages",
    ),
    (
        "INSERT INTO users (id) OVERRIDING SYSTEM VALUE VALUES (1)",
        "users",
    ),
    ("INSERT INTO users (id) TABLE orders", "users"),
    (
        "UPDATE users u SET name = o.status FROM orders o WHERE o.user_id = u.id RETURNING u.id",
        "users",
    ),
    ("UPDATE ONLY users SET name = 'x'", "users"),
    (
        "DELETE FROM orders USING users WHERE users.id = orders.user_id",
        "orders",
    ),
    (
        "WITH x AS (DELETE FROM orders RETURNING *) INSERT INTO users (id) SELECT user_id FROM x",
        "orders users",
    ),
    (
        "WITH x AS (UPDATE channels SET name = 'a' RETURNING id), y AS (DELETE FROM reactions RETURNING 1) SELECT * FROM x, y",
        "channels reactions",
    ),
    (
        "MERGE INTO users u USING orders o ON o.user_id = u.id WHEN MATCHED THEN UPDATE SET name = 'x' WHEN NOT MATCHED THEN INSERT (id) VALUES (o.id)",
        "channels memberships users",
    ),
    ("TRUNCATE orders", "orders"),
    (
        "TRUNCATE TABLE ONLY orders, public.reactions RESTART IDENTITY",
        "orders reactions",
    ),
    (
        "TRUNCATE users CASCADE",
        "channels memberships messages order_items orders reactions users",
    ),
    ("TRUNCATE audit", ANY),
    ("COPY orders FROM STDIN", "orders"),
    (
        "COPY public.orders (id, total) FROM STDIN WITH (FORMAT csv)",
        "orders",
    ),
    ("COPY orders TO STDOUT", NOTHING),
    ("COPY (DELETE FROM users RETURNING *) TO STDOUT", ANY),
    ("COPY audit FROM STDIN", ANY),
    ("REFRESH MATERIALIZED VIEW totals", "totals"),
    ("REFRESH MATERIALIZED VIEW CONCURRENTLY public.totals", "totals"),
    ("SELECT * INTO copy FROM users", ANY),
    ("SELECT user_score(1)", NOTHING),
    ("SELECT slugify('x')", NOTHING),
    ("SELECT touch_user(1)", ANY),
    ("SELECT pg_catalog.touch_user(1)", ANY),
    ("SELECT u.touch_user FROM users u", ANY),
    (
        "SELECT random(), now(), nextval('s'), pg_advisory_xact_lock(1)",
        NOTHING,
    ),
    ("SELECT uuid_generate_v4(), extensions.uuid_generate_v4()", "*"),
    (
        "SELECT * FROM query_to_xml('delete from users', true, true, '')",
        ANY,
    ),
    ("EXPLAIN ANALYZE DELETE FROM orders", "orders"),
    ("EXPLAIN (ANALYZE, VERBOSE) UPDATE users SET name = 'x'", "users"),
    ("EXPLAIN (COSTS OFF) DELETE FROM users", NOTHING),
    ("EXPLAIN ANALYZE EXECUTE p", ANY),
    ("CALL p()", ANY),
    ("DO $$ BEGIN DELETE FROM users; END $$", ANY),
    ("EXECUTE p", ANY),
    ("COMMIT PREPARED 'x'", ANY),
    ("DECLARE c CURSOR FOR SELECT touch_user(1)", ANY),
    ("FETCH ALL FROM c", ANY),
    ("SET search_path TO a, b", NOTHING),
    ("SET LOCAL work_mem = '1MB'", NOTHING),
    ("LISTEN x", NOTHING),
    ("NOTIFY x, 'y'", NOTHING),
    ("LOCK TABLE users IN EXCLUSIVE MODE", NOTHING),
    ("VACUUM ANALYZE users", NOTHING),
    ("GRANT SELECT ON users TO x", ANY),
    ("COMMENT ON TABLE users IS 'x'", ANY),
    ("INSERT INTO remote (id) VALUES (1)", ANY),
];
const MYSQL: &[(&str, &str)] = &[
    ("REPLACE INTO users (id) VALUES (1)", "channels memberships users"),
    ("REPLACE users SET id = 1", "channels memberships users"),
    ("INSERT INTO users SET id = 1, name = UUID()", "users"),
    ("INSERT IGNORE users (id) VALUES (1)", "users"),
    ("INSERT LOW_PRIORITY IGNORE INTO users (id) VALUES (1)", "users"),
    (
        "INSERT INTO channels (id) VALUES (1) ON DUPLICATE KEY UPDATE name = VALUES(name)",
        "channels",
    ),
    (
        "INSERT INTO channels (id) VALUES (1) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), name = 'x'",
        "channels memberships messages",
    ),
    (
        "INSERT INTO users (id) SELECT id FROM orders ON DUPLICATE KEY UPDATE name = 'x'",
        "users",
    ),
    (
        "UPDATE users u JOIN orders o ON o.user_id = u.id SET u.name = o.status",
        "users",
    ),
    (
        "UPDATE users u JOIN orders o ON o.user_id = u.id SET u.name = 'x', o.status = 'y'",
        "orders users",
    ),
    (
        "UPDATE users, orders SET name = 'x' WHERE users.id = orders.user_id",
        "orders order_items users",
    ),
    (
        "UPDATE LOW_PRIORITY IGNORE users SET name = 'x' ORDER BY id LIMIT 3",
        "users",
    ),
    ("UPDATE app.users SET app.users.name = 'x'", "users"),
    ("DELETE FROM orders ORDER BY id LIMIT 3", "orders"),
    ("DELETE QUICK FROM orders", "orders"),
    (
        "DELETE o FROM orders o JOIN users u ON u.id = o.user_id",
        "orders",
    ),
    (
        "DELETE o, r FROM orders o JOIN reactions r ON 1 = 1",
        "orders reactions",
    ),
    (
        "DELETE FROM o USING orders AS o JOIN users u ON u.id = o.user_id",
        "orders",
    ),
    ("LOAD DATA INFILE 'x' INTO TABLE orders", "orders"),
    (
        "LOAD DATA LOCAL INFILE 'x' REPLACE INTO TABLE app.messages FIELDS TERMINATED BY ','",
        "messages reactions",
    ),
    (
        "LOAD DATA INFILE 'x' INTO TABLE orders (id) SET total = touch_user(1)",
        ANY,
    ),
    ("TRUNCATE orders", ANY),
    ("INSERT INTO users (id, last_seen) VALUES (1, NOW())", "users"),
    ("SELECT touch_user(1)", ANY),
    ("SELECT app.now()", ANY),
    (
        "SELECT SLEEP(1), UUID(), RAND(), GET_LOCK('x', 1), LAST_INSERT_ID(5)",
        NOTHING,
    ),
    ("SELECT user_score(1), slugify('x')", NOTHING),
    ("SELECT id INTO @x FROM users", NOTHING),
    ("SET @x = 1", NOTHING),
    ("SET @x = (SELECT touch_user(1))", ANY),
    ("SET STATEMENT max_statement_time = 1 FOR DELETE FROM users", ANY),
    ("ANALYZE DELETE FROM orders", "orders"),
    ("ANALYZE FORMAT=JSON UPDATE users SET name = 'x'", "users"),
    ("EXPLAIN DELETE FROM users", NOTHING),
    ("OPTIMIZE TABLE users", ANY),
    ("DO touch_user(1)", ANY),
    ("CALL p()", ANY),
    ("BEGIN NOT ATOMIC DELETE FROM users; END", ANY),
    ("/*!50000 DELETE FROM users */", ANY),
    ("INSERT INTO remote (id) VALUES (1)", ANY),
    ("XA COMMIT 'x'", NOTHING),
];

fn check(dialect: Dialect, sql: &str, expected: &str) -> Option<String> {
    let found = match footprint(sql, dialect).writes {
        WriteExtent::Nothing => String::new(),
        WriteExtent::Tables { plan, names } => {
            assert!(plan.labels().count() >= names.len(), "{sql}");
            short(&names).join(" ")
        }
        WriteExtent::Database(reason) => {
            assert!(!reason.to_string().is_empty());
            ANY.to_owned()
        }
    };
    let mut expected: Vec<&str> = expected.split(' ').filter(|name| !name.is_empty()).collect();
    expected.sort_unstable();
    let expected = expected.join(" ");
    (found != expected).then(|| format!("{dialect}: {sql}\n  expected {expected:?}, found {found:?}"))
}

#[test]
fn statements_touch_exactly_these_tables() {
    let mut wrong = Vec::new();
    for dialect in DIALECTS {
        wrong.extend(
            SHARED
                .iter()
                .filter_map(|(sql, expected)| check(dialect, sql, expected)),
        );
    }
    for (dialect, statements) in [(Sqlite, SQLITE), (Postgres, POSTGRES), (MySql, MYSQL)] {
        wrong.extend(
            statements
                .iter()
                .filter_map(|(sql, expected)| check(dialect, sql, expected)),
        );
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_write_to_a_table_without_transactions_is_seen_before_commit() {
    let is_transactional = |sql| footprint(sql, MySql).is_transactional;
    assert!(!is_transactional("INSERT INTO log_lines (id) VALUES (1)"));
    assert!(
        !is_transactional("CALL p()"),
        "a procedure may write that table too"
    );
    assert!(is_transactional("INSERT INTO users (id) VALUES (1)"));
    assert!(is_transactional("SELECT * FROM log_lines"));
}
