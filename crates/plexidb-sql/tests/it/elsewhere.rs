//! Statements whose result is not cached, and whether another server with the same rows may run them.

use plexidb_core::Dialect::{MySql, Postgres};
use plexidb_sql::{Cacheability, Elsewhere};

use crate::catalog::footprint;

#[test]
fn the_reason_that_allows_least_decides_wherever_it_stands() {
    for (dialect, sql, expected) in [
        (
            Postgres,
            "SELECT id FROM users ORDER BY random() LIMIT 3",
            Elsewhere::Alike,
        ),
        (
            MySql,
            "SELECT id FROM users ORDER BY rand() LIMIT 3",
            Elsewhere::Alike,
        ),
        (
            Postgres,
            "SELECT id FROM messages WHERE created_at > now()",
            Elsewhere::ByItsClock,
        ),
        (
            MySql,
            "SELECT id, now() FROM users ORDER BY rand()",
            Elsewhere::ByItsClock,
        ),
        (
            Postgres,
            "SELECT id, random() FROM users WHERE now() > '2024-01-01'",
            Elsewhere::ByItsClock,
        ),
        (
            Postgres,
            "SELECT now(), user_score(id) FROM users",
            Elsewhere::ByAnyRows,
        ),
        (
            Postgres,
            "SELECT user_score(id), now() FROM users",
            Elsewhere::ByAnyRows,
        ),
        // What leaves something behind, or tells of the session or server, belongs to the primary.
        (
            Postgres,
            "SELECT now(), nextval('users_id_seq')",
            Elsewhere::Never,
        ),
        (
            Postgres,
            "SELECT nextval('users_id_seq'), now(), random()",
            Elsewhere::Never,
        ),
        (Postgres, "SELECT now() FROM users FOR UPDATE", Elsewhere::Never),
        (Postgres, "SELECT random(), pg_is_in_recovery()", Elsewhere::Never),
        (Postgres, "SELECT now(), pg_notify('a', 'b')", Elsewhere::Never),
        (Postgres, "SELECT now() FROM pg_stat_activity", Elsewhere::Never),
        (
            Postgres,
            "SELECT now(), no_such_function(id) FROM users",
            Elsewhere::Never,
        ),
        (MySql, "SELECT now(), @a FROM users", Elsewhere::Never),
        (
            MySql,
            "SELECT now() FROM users LOCK IN SHARE MODE",
            Elsewhere::Never,
        ),
        (MySql, "SELECT now(), last_insert_id()", Elsewhere::Never),
        (MySql, "SELECT now() FROM nowhere", Elsewhere::Never),
    ] {
        let Cacheability::Not(reason) = footprint(sql, dialect).cacheability else {
            panic!("{sql} is cacheable");
        };
        assert_eq!(reason.elsewhere(), expected, "{sql}: {reason}");
    }
}
