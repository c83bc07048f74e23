//! Where a view's query begins.

use super::query;

#[test]
fn the_query_is_what_follows_the_heads_as() {
    for (create, expected) in [
        ("CREATE VIEW v AS SELECT 1 AS a", Some("SELECT 1 AS a")),
        (
            "CREATE VIEW v(as_, \"as\") AS\n  SELECT 1, 2;",
            Some("SELECT 1, 2"),
        ),
        ("CREATE VIEW \"x as y\" AS SELECT 1", Some("SELECT 1")),
        ("CREATE VIEW \"x\"\" as y\" AS SELECT 1", Some("SELECT 1")),
        (
            "CREATE VIEW [ as ] /* as */ -- as\n AS SELECT 1",
            Some("SELECT 1"),
        ),
        (
            "CREATE VIEW ätas as WITH a AS (SELECT 1) SELECT * FROM a",
            Some("WITH a AS (SELECT 1) SELECT * FROM a"),
        ),
        ("CREATE VIEW v AS", None),
        ("CREATE VIEW v", None),
        ("CREATE VIEW 'v", None),
    ] {
        assert_eq!(query(create), expected, "{create}");
    }
}
