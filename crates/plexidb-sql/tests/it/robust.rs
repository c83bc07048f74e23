//! Hostile and broken text: nothing panics, nothing runs away, no byte is lost.

use plexidb_core::Dialect;
use plexidb_sql::{
    Cacheability, Profile, StatementKind, TokenKind, WriteExtent, bind_names, placeholder_count, scan,
    split_statements,
};
use proptest::prelude::*;

use crate::catalog::{DIALECTS, footprint};

/// Pieces of statements, and pieces that do not fit anywhere.
const PIECES: &[&str] = &[
    "SELECT",
    "select",
    "*",
    "FROM",
    "users",
    "orders",
    "JOIN",
    "LEFT",
    "ON",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "IN",
    "(",
    ")",
    "(((",
    ")))",
    ",",
    ".",
    ";",
    "=",
    "<",
    ">",
    "+",
    "-",
    "||",
    "::",
    ":=",
    "->",
    "->>",
    "@>",
    "?",
    "?1",
    "$1",
    ":id",
    ":",
    "@x",
    "@@x",
    "'",
    "''",
    "'a'",
    "\"",
    "\"a\"",
    "`",
    "`a`",
    "[",
    "]",
    "[a]",
    "\\",
    "\\'",
    "E'\\'",
    "$$",
    "$a$",
    "--",
    "-- x\n",
    "#",
    "/*",
    "*/",
    "/*!",
    "/*!50000 x */",
    "{",
    "}",
    "\n",
    "\t",
    "\u{0}",
    "é",
    "💥",
    "1",
    "1e5",
    "0x1F",
    ".5",
    "1.",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "WITH",
    "RECURSIVE",
    "AS",
    "UNION",
    "ALL",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "BEGIN",
    "CREATE",
    "TRIGGER",
    "PROCEDURE",
    "FUNCTION",
    "ATOMIC",
    "DELIMITER",
    "//",
    "TABLE",
    "EXPLAIN",
    "ANALYZE",
    "PRAGMA",
    "TRUNCATE",
    "COPY",
    "LOAD",
    "DATA",
    "INFILE",
    "MERGE",
    "USING",
    "FOR",
    "NO",
    "KEY",
    "SHARE",
    "LIMIT",
    "OFFSET",
    "count(",
    "now()",
    "random()",
    "IS",
    "NULL",
    "INDEXED",
    "BY",
    "BETWEEN",
    "LIKE",
    "EXISTS",
    "INTERVAL",
    "EXTRACT(",
    "x'4D'",
    "U&'\\0041'",
    "N'x'",
    "NATURAL",
    "LATERAL",
    "UNNEST(",
    "OVER",
    "PARTITION",
    "ROWS",
    "EXCLUDE",
    "TIES",
    "ONLY",
    "STRAIGHT_JOIN",
    "MOD",
    "DEFAULT",
    "RETURNING",
    "CONFLICT",
];
const STATEMENTS: &[&str] = &[
    "SELECT u.id, (SELECT max(id) FROM orders o WHERE o.user_id = u.id) FROM users u WHERE u.name = 'x' ORDER BY 1 LIMIT 5",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT * FROM t JOIN users ON users.id = t.n",
    "INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'b') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "UPDATE users SET name = concat(name, 'x') WHERE id IN (1, 2, 3) AND email IS NOT NULL",
    "DELETE FROM orders WHERE user_id = :id AND total > 1.5e3",
    "SELECT /* a */ \"x\", `y` -- b\n FROM users # c\n WHERE a -> '$.b' = ? AND c ->> 'd' = $1::text",
    "CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE a SET b = 1; END; SELECT 2",
];

fn dialects() -> impl Strategy<Value = Dialect> {
    proptest::sample::select(DIALECTS.as_slice())
}

/// A soup of pieces, or a statement with some bytes replaced by pieces.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(PIECES);
    let soup = proptest::collection::vec((piece.clone(), any::<bool>()), 0..40).prop_map(|pieces| {
        pieces
            .iter()
            .map(|(piece, is_apart)| format!("{piece}{}", if *is_apart { " " } else { "" }))
            .collect()
    });
    let mutated = (
        proptest::sample::select(STATEMENTS),
        proptest::collection::vec((0_usize..200, piece), 0..4),
    )
        .prop_map(|(statement, changes)| {
            let mut text = statement.to_owned();
            for (at, piece) in changes {
                let at = at % (text.len() + 1);
                if text.is_char_boundary(at) {
                    let end = (at + piece.len() / 2).min(text.len());
                    if text.is_char_boundary(end) {
                        text.replace_range(at..end, piece);
                    }
                }
            }
            text
        });
    prop_oneof![soup, mutated, "\\PC{0,60}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_are_the_text(text in texts(), dialect in dialects()) {
        let mut end = 0;
        for token in scan(&text, dialect) {
            prop_assert_eq!(token.start, end);
            prop_assert!(token.end > token.start);
            prop_assert!(text.is_char_boundary(token.end));
            end = token.end;
        }
        prop_assert_eq!(end, text.len());
    }

    #[test]
    fn statements_of_a_script_are_parts_of_it_in_order(text in texts(), dialect in dialects()) {
        let mut end = 0;
        for statement in split_statements(&text, dialect) {
            prop_assert!(statement.range.start >= end);
            end = statement.range.end;
            // Only blanks that the databases know: U+2000 alone is a (wrong) statement and no blank.
            let text = statement.text(&text);
            prop_assert!(!text.trim_matches(|c: char| c.is_ascii_whitespace()).is_empty());
        }
        prop_assert!(end <= text.len());
    }

    #[test]
    fn binding_changes_placeholders_alone(text in texts(), dialect in dialects()) {
        let Ok(bound) = bind_names(&text, dialect) else { return Ok(()) };
        let pieces = |sql: &str| {
            let tokens = scan(sql, dialect).filter(|token| token.kind != TokenKind::Whitespace);
            tokens.map(|token| token.text(sql).to_owned()).collect::<Vec<_>>()
        };
        let (before, after) = (pieces(&text), pieces(&bound.sql));
        prop_assert_eq!(before.len(), after.len());
        for (old, new) in before.iter().zip(&after) {
            prop_assert!(old == new || old.starts_with([':', '@', '$']), "{} became {}", old, new);
        }
    }

    #[test]
    fn analysis_never_panics_and_never_forgets(text in texts(), dialect in dialects()) {
        let profile = Profile::analyze(&text, dialect);
        let footprint = footprint(&text, dialect);
        if profile.kind() == StatementKind::Unknown {
            prop_assert!(matches!(footprint.writes, WriteExtent::Database(_)));
        }
        if footprint.cacheability == Cacheability::Cacheable {
            prop_assert!(!matches!(footprint.writes, WriteExtent::Database(_)));
            prop_assert_eq!(split_statements(&text, dialect).count(), 1);
        }
        let _ = placeholder_count(&text, dialect);
    }

    #[test]
    fn the_fingerprint_ignores_blanks_comments_and_values(
        first in 0_u32..1_000_000, second in "[a-z]{1,8}", dialect in dialects(),
    ) {
        let one = Profile::analyze("SELECT name FROM users WHERE id = 1 AND name = 'x'", dialect);
        let other = format!("select  name\nFROM users -- {second}\n WHERE id={first} AND name='{second}' ;");
        prop_assert_eq!(one.fingerprint(), Profile::analyze(&other, dialect).fingerprint());
        let literal = format!("'{second}'");
        prop_assert!(!Profile::analyze(&other, dialect).normalised().contains(&literal));
    }
}

/// What a small stack must bear: threads of a runtime have 2 MiB.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(work);
    assert!(matches!(thread.map(std::thread::JoinHandle::join), Ok(Ok(()))));
}

#[test]
fn deep_nesting_is_refused_without_exhausting_the_stack() {
    on_a_small_stack(|| {
        for dialect in DIALECTS {
            for (open, close) in [
                ("(", ")"),
                ("(SELECT ", ")"),
                ("CASE WHEN ", " THEN 1 END"),
                ("NOT ", ""),
                ("- ", ""),
                ("f(", ")"),
            ] {
                for depth in [10_000, 1_000] {
                    let sql = format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
                    assert_eq!(
                        Profile::analyze(&sql, dialect).kind(),
                        StatementKind::Unknown,
                        "{open} on {dialect}"
                    );
                }
            }
            let joins = format!("SELECT * FROM {}users{}", "(".repeat(10_000), ")".repeat(10_000));
            let _ = Profile::analyze(&joins, dialect);
        }
    });
}

#[test]
fn long_chains_are_read_or_refused_without_exhausting_the_stack() {
    on_a_small_stack(|| {
        for dialect in DIALECTS {
            for length in [100, 700, 20_000] {
                for link in [
                    " OR id = 1",
                    " + 1",
                    " || 'x'",
                    " UNION ALL SELECT 1 FROM users",
                    " AND NOT EXISTS (SELECT 1)",
                ] {
                    let sql = format!("SELECT id FROM users WHERE id = 1{}", link.repeat(length));
                    let profile = Profile::analyze(&sql, dialect);
                    assert!(
                        length > 200 || profile.kind() == StatementKind::Read,
                        "{link} × {length} on {dialect}"
                    );
                }
            }
        }
    });
}

#[test]
fn nested_parentheses_within_the_bound_take_no_time() {
    // A parser that tries each parenthesis twice would double its work with every level.
    for dialect in DIALECTS {
        for depth in 1..39 {
            let (open, close) = ("(".repeat(depth), ")".repeat(depth));
            for sql in [
                format!("SELECT {open}1{close}"),
                format!("SELECT * FROM {open}users{close}"),
                format!("SELECT * FROM {open}SELECT 1{close} x"),
                format!("SELECT * FROM {open}users JOIN orders ON 1 = 1{close}"),
                format!("{open}SELECT 1{close}"),
                format!("SELECT * FROM users WHERE id IN {open}1{close}"),
                format!("SELECT * FROM users WHERE id IN {open}SELECT 1{close}"),
                format!("SELECT * FROM users WHERE EXISTS {open}SELECT 1{close}"),
                format!("SELECT * FROM users WHERE {open}id = 1{close} AND {open}id = 2{close}"),
                format!("INSERT INTO users {open}SELECT 1{close}"),
                format!("SELECT {open}"),
                format!("SELECT * FROM {open}"),
            ] {
                let _ = Profile::analyze(&sql, dialect);
            }
        }
    }
}

#[test]
fn a_bulk_insert_is_read_by_its_first_row() {
    let rows: Vec<String> = (0..20_000)
        .map(|id| format!("({id}, 'name', NULL, -1.5)"))
        .collect();
    let sql = format!(
        "INSERT INTO orders (id, status, total, user_id) VALUES {}",
        rows.join(", ")
    );
    for dialect in DIALECTS {
        let profile = Profile::analyze(&sql, dialect);
        assert_eq!(profile.kind(), StatementKind::Write);
        assert_eq!(
            profile.normalised(),
            "insert into orders(id, status, total, user_id) values (...)"
        );
        let hidden = sql.replace("(19999, 'name'", "(no_such_function(1), 'name'");
        let footprint = footprint(&hidden, dialect);
        assert!(
            matches!(footprint.writes, WriteExtent::Database(_)),
            "a function in the last row is seen"
        );
    }
}
