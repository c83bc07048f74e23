//! Statements whose result must never be cached, each with the reason that users are told.

use plexidb_core::Dialect::{MySql, Postgres, Sqlite};
use plexidb_sql::Cacheability;

use crate::catalog::{DIALECTS, footprint};

/// Statements for all dialects.
const SHARED: &[(&str, &str)] = &[
    ("", "does_not_parse"),
    ("-- nothing", "does_not_parse"),
    (";", "does_not_parse"),
    ("SELEC 1", "does_not_parse"),
    ("SELECT * FROM", "does_not_parse"),
    ("SELECT * FROM users WHERE name = 'open", "does_not_parse"),
    ("SELECT * FROM users /* open", "does_not_parse"),
    ("SELECT 1; SELECT 2", "multi_statement"),
    ("SELECT * FROM users; DELETE FROM users", "multi_statement"),
    ("INSERT INTO users (id) VALUES (1)", "writes"),
    ("UPDATE users SET name = 'x'", "writes"),
    ("DELETE FROM users WHERE id = 1", "writes"),
    ("CREATE TABLE t (a int)", "not_a_read"),
    ("DROP TABLE users", "not_a_read"),
    ("ALTER TABLE users ADD COLUMN x int", "not_a_read"),
    ("BEGIN", "not_a_read"),
    ("COMMIT", "not_a_read"),
    ("ROLLBACK", "not_a_read"),
    ("SAVEPOINT a", "not_a_read"),
    ("SELECT * FROM nowhere", "unknown_table"),
    ("SELECT * FROM users JOIN nowhere ON 1 = 1", "unknown_table"),
    (
        "SELECT * FROM users WHERE id IN (SELECT id FROM nowhere)",
        "unknown_table",
    ),
    ("SELECT * FROM nowhere.users", "unknown_table"),
    ("SELECT CURRENT_TIMESTAMP", "time_dependent"),
    (
        "SELECT * FROM messages WHERE created_at > CURRENT_TIMESTAMP",
        "time_dependent",
    ),
    ("SELECT CURRENT_DATE, id FROM users", "time_dependent"),
    ("SELECT current_time", "time_dependent"),
    (
        "SELECT * FROM users ORDER BY (SELECT current_timestamp)",
        "time_dependent",
    ),
    (
        "WITH x AS (SELECT current_timestamp AS t) SELECT * FROM x",
        "time_dependent",
    ),
    (
        "SELECT touch_user(id) FROM users",
        "volatile_function unknown_function",
    ),
    ("SELECT no_such_function(id) FROM users", "unknown_function"),
    (
        "SELECT * FROM users WHERE no_such_function(id) = 1",
        "unknown_function",
    ),
    (
        "SELECT * FROM users JOIN orders ON no_such_function(users.id) = orders.id",
        "unknown_function",
    ),
    ("SELECT sum(no_such_function(id)) FROM users", "unknown_function"),
    (
        "SELECT CASE WHEN 1 = 1 THEN no_such_function(1) END",
        "unknown_function",
    ),
    (
        "SELECT id FROM users LIMIT no_such_function(1)",
        "unknown_function",
    ),
    ("SELECT * FROM no_such_function(1)", "unknown_table_function"),
    (
        "SELECT \"no_such_function\"(1)",
        "unknown_function does_not_parse",
    ),
    ("SELECT * FROM remote", "foreign_table"),
    (
        "SELECT * FROM users WHERE id IN (SELECT id FROM remote)",
        "foreign_table",
    ),
    ("SELECT * FROM secrets", "row_security"),
    ("SELECT * FROM users, secrets", "row_security"),
    ("SELECT * FROM secret_view", "row_security"),
    ("SELECT * FROM recent_messages", "time_dependent"),
    ("SELECT * FROM broken_view", "does_not_parse"),
    ("SELECT * FROM hidden_view", "view_undefined"),
    (
        "SELECT * FROM touching_view",
        "volatile_function unknown_function",
    ),
    ("EXPLAIN SELECT * FROM users", "metadata"),
];
const SQLITE: &[(&str, &str)] = &[
    ("SELECT random()", "volatile_function"),
    (
        "SELECT * FROM users ORDER BY random() LIMIT 1",
        "volatile_function",
    ),
    (
        "SELECT * FROM users ORDER BY RANDOM ( ) LIMIT 1",
        "volatile_function",
    ),
    ("SELECT randomblob(16)", "volatile_function"),
    ("SELECT date('now')", "time_dependent"),
    ("SELECT date(\"now\")", "time_dependent"),
    (
        "SELECT datetime('NOW', 'localtime')",
        "session_state time_dependent",
    ),
    ("SELECT date()", "time_dependent"),
    ("SELECT datetime()", "time_dependent"),
    ("SELECT strftime('%s')", "time_dependent"),
    ("SELECT unixepoch('subsec')", "time_dependent"),
    (
        "SELECT julianday('now') - julianday(last_seen) FROM users",
        "time_dependent",
    ),
    ("SELECT date('n' || 'ow')", "time_dependent"),
    ("SELECT date(substr('xnow', 2))", "time_dependent"),
    ("SELECT date(?1 || ?2)", "time_dependent"),
    ("SELECT date(?1 ->> '$.at')", "time_dependent"),
    (
        "SELECT datetime(last_seen, 'localtime') FROM users",
        "session_state",
    ),
    ("SELECT datetime(last_seen, 'utc') FROM users", "session_state"),
    ("SELECT last_insert_rowid()", "session_state"),
    ("SELECT changes(), total_changes()", "session_state"),
    ("SELECT sqlite_version()", "session_state"),
    ("SELECT * FROM sqlite_master", "system_catalog"),
    ("SELECT * FROM sqlite_schema", "system_catalog"),
    ("SELECT * FROM main.sqlite_sequence", "system_catalog"),
    ("SELECT * FROM SQLITE_STAT1", "system_catalog"),
    ("SELECT * FROM temp.scratch", "temporary_table"),
    (
        "SELECT * FROM pragma_table_info('users')",
        "unknown_table_function",
    ),
    ("SELECT * FROM pragma_database_list", "unknown_table"),
    ("SELECT * FROM dbstat", "unknown_table"),
    ("SELECT * FROM remote('x')", "unknown_table_function"),
    ("SELECT * FROM 'users'", "does_not_parse"),
    ("SELECT * FROM orders, 'users'", "does_not_parse"),
    ("SELECT * FROM users WHERE id IN orders", "does_not_parse"),
    ("SELECT load_extension('x')", "not_a_read"),
    ("PRAGMA user_version", "metadata"),
    ("PRAGMA user_version = 3", "not_a_read"),
    ("PRAGMA table_info(users)", "metadata"),
    ("EXPLAIN QUERY PLAN SELECT * FROM users", "metadata"),
    ("INSERT INTO users (id) VALUES (1) RETURNING id", "writes"),
    ("REPLACE INTO users (id) VALUES (1)", "writes"),
    ("WITH x AS (SELECT 1) INSERT INTO users SELECT * FROM x", "writes"),
    ("VACUUM", "not_a_read"),
    ("ATTACH 'a.db' AS b", "not_a_read"),
];
const POSTGRES: &[(&str, &str)] = &[
    ("SELECT now()", "time_dependent"),
    ("SELECT pg_catalog.now()", "time_dependent"),
    ("SELECT NOW () - interval '1 day'", "time_dependent"),
    (
        "SELECT * FROM messages WHERE created_at > now() - interval '1 day'",
        "time_dependent",
    ),
    ("SELECT LOCALTIMESTAMP(3)", "time_dependent"),
    ("SELECT LOCALTIME", "time_dependent"),
    (
        "SELECT clock_timestamp(), statement_timestamp(), transaction_timestamp(), timeofday()",
        "time_dependent",
    ),
    ("SELECT 'now'::timestamptz", "time_dependent"),
    ("SELECT ' NOW '::timestamptz", "time_dependent"),
    ("SELECT timestamp 'today'", "time_dependent"),
    ("SELECT 'tomorrow 12:00'::timestamp", "time_dependent"),
    ("SELECT '12:00 yesterday'::timestamp", "time_dependent"),
    ("SELECT '[today,)'::daterange", "time_dependent"),
    ("SELECT '{now}'::timestamptz[]", "time_dependent"),
    ("SELECT 'no'\n'w'::timestamptz", "time_dependent"),
    ("SELECT E'n\\x6fw'::timestamptz", "time_dependent"),
    ("SELECT E'n\\ow'::timestamptz", "time_dependent"),
    ("SELECT U&'n\\006fw'::timestamptz", "time_dependent"),
    ("SELECT $$now$$::timestamptz", "time_dependent"),
    ("SELECT ('n' || 'ow')::timestamptz", "time_dependent"),
    ("SELECT concat('n', 'ow')::timestamptz", "time_dependent"),
    ("SELECT name::timestamptz FROM users", "time_dependent"),
    ("SELECT (tags->>'at')::timestamptz FROM users", "time_dependent"),
    ("SELECT ($1::jsonb ->> 'at')::timestamptz", "time_dependent"),
    ("SELECT date(name) FROM users", "time_dependent"),
    (
        "SELECT CAST(x AS date) FROM (SELECT name AS x FROM users) q",
        "time_dependent",
    ),
    ("SELECT (SELECT name FROM users LIMIT 1)::date", "time_dependent"),
    ("SELECT age(last_seen) FROM users", "time_dependent"),
    ("SELECT age(xmin) FROM users", "system_column"),
    ("SELECT ctid, * FROM users", "system_column"),
    ("SELECT u.xmax FROM users u", "system_column"),
    ("SELECT \"xmin\" FROM users", "system_column"),
    ("SELECT random()", "volatile_function"),
    ("SELECT * FROM users ORDER BY random()", "volatile_function"),
    ("SELECT gen_random_uuid()", "volatile_function"),
    ("SELECT nextval('s')", "volatile_function"),
    ("SELECT pg_sleep(1)", "volatile_function"),
    ("SELECT pg_advisory_lock(1)", "not_a_read volatile_function"),
    ("SELECT set_config('x.y', 'z', false)", "not_a_read session_state"),
    ("SELECT currval('s'), lastval()", "session_state"),
    ("SELECT current_user", "session_state"),
    ("SELECT user", "session_state"),
    (
        "SELECT session_user, current_role, current_catalog, current_schema",
        "session_state",
    ),
    ("SELECT current_setting('x')", "session_state"),
    ("SELECT version()", "session_state"),
    ("SELECT txid_current()", "session_state"),
    ("SELECT user_score(id) FROM users", "function_reads"),
    ("SELECT * FROM user_score(1)", "function_reads"),
    ("SELECT u.full_name FROM users u", "function_reads"),
    ("SELECT (u).full_name FROM users u", "function_reads"),
    ("SELECT u.touch_user FROM users u", "volatile_function"),
    (
        "SELECT query_to_xml('select 1', true, true, '')",
        "volatile_function",
    ),
    ("SELECT table_to_xml('users', true, true, '')", "function_reads"),
    ("SELECT ts_stat('SELECT vector FROM apod')", "volatile_function"),
    ("SELECT has_table_privilege('users', 'select')", "function_reads"),
    ("SELECT 'users'::regclass", "system_catalog"),
    ("SELECT 1::regtype::text", "system_catalog"),
    ("SELECT * FROM pg_class", "system_catalog"),
    ("SELECT * FROM pg_catalog.pg_tables", "system_catalog"),
    ("SELECT * FROM information_schema.tables", "system_catalog"),
    (
        "SELECT * FROM pg_stat_activity a JOIN users u ON true",
        "system_catalog",
    ),
    ("SELECT * FROM pg_temp.x", "temporary_table"),
    ("SELECT * FROM pg_temp_3.x", "temporary_table"),
    ("SELECT * FROM users FOR UPDATE", "locking"),
    ("SELECT * FROM users FOR NO KEY UPDATE SKIP LOCKED", "locking"),
    ("SELECT * FROM users FOR SHARE OF users NOWAIT", "locking"),
    ("SELECT * FROM users FOR KEY SHARE", "locking"),
    ("SELECT * FROM (SELECT * FROM users FOR UPDATE) x", "locking"),
    (
        "WITH x AS (SELECT * FROM users FOR UPDATE) SELECT * FROM x",
        "locking",
    ),
    ("SELECT * FROM users TABLESAMPLE BERNOULLI (10)", "sampling"),
    (
        "SELECT * FROM users TABLESAMPLE SYSTEM (10) REPEATABLE (1)",
        "sampling",
    ),
    (
        "WITH x AS (DELETE FROM users RETURNING *) SELECT * FROM x",
        "writes",
    ),
    (
        "WITH x AS (INSERT INTO orders (id) VALUES (1) RETURNING id) SELECT * FROM users",
        "writes",
    ),
    (
        "WITH x AS (UPDATE users SET name = 'x' RETURNING id) SELECT 1",
        "writes",
    ),
    ("SELECT * INTO copy FROM users", "writes"),
    ("SELECT * INTO TEMP copy FROM users", "writes"),
    ("SELECT * FROM users WHERE name <~~~> 'x'", "unknown_operator"),
    (
        "SELECT 1 OPERATOR(public.+) 2",
        "unknown_function does_not_parse unknown_operator",
    ),
    ("SELECT 'C:\\' FROM users", "does_not_parse"),
    ("SELECT 'a\\'' FROM users", "does_not_parse"),
    ("SELECT U&\"d\\0061t\" FROM users", "does_not_parse"),
    ("SELECT * FROM \"Users\"", "unknown_table"),
    ("SELECT * FROM \"USERS\"", "unknown_table"),
    ("EXPLAIN ANALYZE SELECT * FROM users", "metadata"),
    ("EXPLAIN (ANALYZE, BUFFERS) DELETE FROM users", "metadata"),
    ("SHOW search_path", "metadata"),
    ("COPY users TO STDOUT", "not_a_read"),
    ("CALL p()", "not_a_read"),
    ("DO $$ BEGIN END $$", "not_a_read"),
    ("SET x = 1", "not_a_read"),
    ("FETCH 10 FROM c", "not_a_read"),
    (
        "SELECT * FROM ROWS FROM (generate_series(1, 2), now())",
        "does_not_parse time_dependent",
    ),
    ("SELECT NEXT VALUE FOR s", "does_not_parse volatile_function"),
    (
        "SELECT * FROM dblink('x', 'select 1') AS t(a int)",
        "unknown_table_function",
    ),
    (
        "SELECT * FROM json_populate_record(null::users, '{}')",
        "function_reads",
    ),
];
const MYSQL: &[(&str, &str)] = &[
    ("SELECT NOW()", "time_dependent"),
    ("SELECT NOW(6), SYSDATE(), CURDATE(), CURTIME()", "time_dependent"),
    ("SELECT UTC_TIMESTAMP", "time_dependent"),
    ("SELECT UTC_DATE(), UTC_TIME()", "time_dependent"),
    ("SELECT LOCALTIMESTAMP, LOCALTIME()", "time_dependent"),
    ("SELECT UNIX_TIMESTAMP()", "time_dependent"),
    ("SELECT DATEDIFF(NOW(), last_seen) FROM users", "time_dependent"),
    ("SELECT TIMESTAMP(starts_at) FROM shifts", "time_dependent"),
    (
        "SELECT * FROM shifts s, users u WHERE s.starts_at < u.last_seen",
        "time_dependent",
    ),
    ("SELECT CAST(starts_at AS DATETIME) FROM shifts", "time_dependent"),
    ("SELECT RAND()", "volatile_function"),
    ("SELECT * FROM users ORDER BY RAND() LIMIT 1", "volatile_function"),
    ("SELECT UUID(), UUID_SHORT()", "volatile_function"),
    ("SELECT SLEEP(1)", "volatile_function"),
    ("SELECT BENCHMARK(1, 1)", "volatile_function"),
    ("SELECT GET_LOCK('a', 1)", "not_a_read volatile_function"),
    ("SELECT RELEASE_LOCK('a')", "not_a_read volatile_function"),
    ("SELECT LOAD_FILE('/etc/passwd')", "volatile_function"),
    ("SELECT LAST_INSERT_ID()", "session_state"),
    ("SELECT FOUND_ROWS(), ROW_COUNT()", "session_state"),
    (
        "SELECT CONNECTION_ID(), USER(), CURRENT_USER(), SESSION_USER()",
        "session_state",
    ),
    ("SELECT CURRENT_USER", "session_state"),
    ("SELECT DATABASE(), SCHEMA()", "session_state"),
    ("SELECT SQL_CALC_FOUND_ROWS * FROM users", "session_state"),
    ("SELECT @x", "user_variable"),
    ("SELECT @@version", "user_variable"),
    ("SELECT @`a b` FROM users", "user_variable"),
    ("SELECT @row := @row + 1 FROM users", "not_a_read user_variable"),
    ("SELECT id INTO @x FROM users", "not_a_read user_variable"),
    ("SELECT id FROM users INTO @x", "not_a_read user_variable"),
    (
        "SELECT * INTO OUTFILE '/tmp/x' FROM users",
        "does_not_parse writes_file",
    ),
    (
        "SELECT * FROM users INTO DUMPFILE '/tmp/x'",
        "does_not_parse writes_file",
    ),
    ("SELECT * FROM users FOR UPDATE", "locking"),
    ("SELECT * FROM users LOCK IN SHARE MODE", "locking"),
    ("SELECT * FROM users FOR SHARE", "locking"),
    ("SELECT /*! SQL_NO_CACHE */ * FROM users", "executable_comment"),
    (
        "SELECT * FROM users /*!50000 WHERE id = 1 */",
        "executable_comment",
    ),
    ("SELECT * FROM users /*M!100100 , orders */", "executable_comment"),
    ("SELECT * FROM information_schema.tables", "system_catalog"),
    ("SELECT * FROM INFORMATION_SCHEMA.TABLES", "system_catalog"),
    ("SELECT * FROM mysql.user", "system_catalog"),
    ("SELECT * FROM performance_schema.threads", "system_catalog"),
    ("SELECT * FROM sys.version", "system_catalog"),
    ("SELECT user_score(id) FROM users", "function_reads"),
    ("SELECT app.lower(name) FROM users", "unknown_function"),
    ("SELECT NEXTVAL(s)", "volatile_function"),
    ("SELECT NEXT VALUE FOR s", "does_not_parse volatile_function"),
    (
        "SELECT * FROM users FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01'",
        "does_not_parse system_versioned",
    ),
    ("SHOW TABLES", "metadata"),
    ("DESCRIBE users", "metadata"),
    ("DESC users", "metadata"),
    ("EXPLAIN FORMAT=JSON SELECT * FROM users", "metadata"),
    ("EXPLAIN ANALYZE SELECT * FROM users", "metadata"),
    ("ANALYZE FORMAT=JSON SELECT * FROM users", "metadata"),
    ("ANALYZE TABLE users", "not_a_read"),
    ("TRUNCATE users", "not_a_read"),
    ("SET @x = 1", "not_a_read"),
    (
        "SET STATEMENT max_statement_time=1 FOR SELECT * FROM users",
        "not_a_read",
    ),
    ("CALL p()", "not_a_read"),
    ("DO SLEEP(1)", "not_a_read"),
    ("HANDLER users OPEN", "not_a_read"),
    ("LOCK TABLES users READ", "not_a_read"),
    ("PREPARE p FROM 'SELECT 1'", "not_a_read"),
    ("EXECUTE p", "not_a_read"),
    ("REPLACE INTO users (id) VALUES (1)", "writes"),
    ("LOAD DATA INFILE 'x' INTO TABLE users", "not_a_read"),
    ("BEGIN NOT ATOMIC SELECT 1; END", "not_a_read multi_statement"),
];

fn check(dialect: plexidb_core::Dialect, sql: &str, codes: &str) -> Option<String> {
    let code = match footprint(sql, dialect).cacheability {
        Cacheability::Cacheable => "cacheable",
        Cacheability::Not(reason) => {
            assert!(!reason.to_string().is_empty());
            reason.code()
        }
    };
    let is_right = codes.split(' ').any(|expected| expected == code);
    (!is_right).then(|| format!("{dialect}: {sql}\n  expected {codes}, found {code}"))
}

#[test]
fn these_are_never_cached_and_say_why() {
    let mut wrong = Vec::new();
    for dialect in DIALECTS {
        wrong.extend(
            SHARED
                .iter()
                .filter_map(|(sql, codes)| check(dialect, sql, codes)),
        );
    }
    for (dialect, statements) in [(Sqlite, SQLITE), (Postgres, POSTGRES), (MySql, MYSQL)] {
        wrong.extend(
            statements
                .iter()
                .filter_map(|(sql, codes)| check(dialect, sql, codes)),
        );
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
