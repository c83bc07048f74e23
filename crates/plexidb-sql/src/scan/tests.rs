//! Where tokens begin and end in each dialect.

use plexidb_core::Dialect::{self, MySql, Postgres, Sqlite};

use super::{TokenKind, scan, string_content};

/// The tokens without blanks: their texts, each with its kind where it is not plain.
fn tokens(sql: &str, dialect: Dialect) -> Vec<String> {
    scan(sql, dialect)
        .filter(|token| token.kind != TokenKind::Whitespace)
        .map(|token| {
            let open = if token.is_complete { "" } else { " (open)" };
            format!("{:?} {}{open}", token.kind, token.text(sql))
        })
        .collect()
}

fn is_one(sql: &str, dialect: Dialect, kind: TokenKind) -> bool {
    let found: Vec<_> = scan(sql, dialect).collect();
    found.len() == 1 && found.iter().all(|token| token.kind == kind && token.is_complete)
}

#[test]
fn literals_end_where_their_dialect_ends_them() {
    for (sql, dialects) in [
        ("'a''b'", [Sqlite, Postgres, MySql].as_slice()),
        ("''", &[Sqlite, Postgres, MySql]),
        ("'a\\'b'", &[MySql]),
        ("\"a\\\"b\"", &[MySql]),
        ("'a\\'", &[Sqlite, Postgres]),
        ("E'a\\'b'", &[Postgres]),
        ("e'\\\\'", &[Postgres]),
        ("E'a'\n  'b\\'c'", &[Postgres]),
        ("'a' -- x\n 'b'", &[Postgres]),
        ("$$ ' $$", &[Postgres]),
        ("$a$ $$ $b$ $a$", &[Postgres]),
        ("U&'d\\0061'", &[Postgres]),
        ("x'4D'", &[Sqlite, Postgres, MySql]),
        ("B'01'", &[Postgres, MySql]),
        ("N'x'", &[Postgres, MySql]),
    ] {
        for dialect in dialects {
            assert!(
                is_one(sql, *dialect, TokenKind::String),
                "{sql} on {dialect}: {:?}",
                tokens(sql, *dialect)
            );
        }
    }
    assert_eq!(tokens("'a' 'b'", Postgres), ["String 'a'", "String 'b'"]);
    assert_eq!(tokens("'open", Sqlite), ["String 'open (open)"]);
    assert_eq!(tokens("$a$ open $b$", Postgres), ["String $a$ open $b$ (open)"]);
}

#[test]
fn names_are_quoted_as_their_dialect_quotes_them() {
    for (sql, dialects) in [
        ("\"a\"\"b\"", [Sqlite, Postgres].as_slice()),
        ("U&\"d\\0061\"", &[Postgres]),
        ("`a``b`", &[Sqlite, MySql]),
        ("[a b]", &[Sqlite]),
    ] {
        for dialect in dialects {
            assert!(is_one(sql, *dialect, TokenKind::QuotedName), "{sql} on {dialect}");
        }
    }
    assert!(is_one("\"a\"", MySql, TokenKind::String));
    assert_eq!(
        tokens("a[1]", Postgres),
        ["Word a", "OpenBracket [", "Number 1", "CloseBracket ]"]
    );
}

#[test]
fn comments_are_those_of_the_dialect() {
    for (sql, dialects) in [
        ("-- a 'b", [Sqlite, Postgres, MySql].as_slice()),
        ("--a", &[Sqlite, Postgres]),
        ("--", &[MySql]),
        ("# a", &[MySql]),
        ("/* a ' */", &[Sqlite, Postgres, MySql]),
        ("/* a /* b */ c */", &[Postgres]),
    ] {
        for dialect in dialects {
            assert!(is_one(sql, *dialect, TokenKind::Comment), "{sql} on {dialect}");
        }
    }
    assert_eq!(
        tokens("5--1", MySql),
        ["Number 5", "Operator -", "Operator -", "Number 1"]
    );
    assert_eq!(
        tokens("/* a /* b */ c", Sqlite),
        ["Comment /* a /* b */", "Word c"]
    );
    assert_eq!(tokens("/* a /* b */", Postgres), ["Comment /* a /* b */ (open)"]);
    assert!(is_one("/*!50000 a */", MySql, TokenKind::ExecutableComment));
    assert!(is_one("/*M! a */", MySql, TokenKind::ExecutableComment));
    assert!(is_one("/*! a */", Postgres, TokenKind::Comment));
    assert!(is_one("/*+ a */", MySql, TokenKind::Comment));
    assert_eq!(tokens("-- a\rb", Postgres), ["Comment -- a", "Word b"]);
    assert_eq!(tokens("a #> b", Postgres), ["Word a", "Operator #>", "Word b"]);
}

#[test]
fn placeholders_are_told_from_operators_and_casts() {
    assert_eq!(
        tokens("$1::int", Postgres),
        ["Placeholder $1", "Operator ::", "Word int"]
    );
    assert_eq!(
        tokens(":a::int", Postgres),
        ["NamedPlaceholder :a", "Operator ::", "Word int"]
    );
    assert_eq!(
        tokens("a ? b ?| c ?& d", Postgres),
        [
            "Word a",
            "Operator ?",
            "Word b",
            "Operator ?|",
            "Word c",
            "Operator ?&",
            "Word d"
        ]
    );
    assert_eq!(
        tokens("a[1:n], a[:n]", Postgres),
        [
            "Word a",
            "OpenBracket [",
            "Number 1",
            "Colon :",
            "Word n",
            "CloseBracket ]",
            "Comma ,",
            "Word a",
            "OpenBracket [",
            "NamedPlaceholder :n",
            "CloseBracket ]"
        ]
    );
    assert_eq!(
        tokens("f(a := 1, b => 2)", Postgres).get(3).map(String::as_str),
        Some("Operator :=")
    );
    assert_eq!(
        tokens("? ?12 :a @b $c", Sqlite),
        [
            "Placeholder ?",
            "Placeholder ?12",
            "NamedPlaceholder :a",
            "NamedPlaceholder @b",
            "NamedPlaceholder $c"
        ]
    );
    assert_eq!(
        tokens("?:a@b @@c @`d` @x := 1", MySql),
        [
            "Placeholder ?",
            "NamedPlaceholder :a",
            "Variable @b",
            "Variable @@c",
            "Variable @`d`",
            "Variable @x",
            "Operator :=",
            "Number 1"
        ]
    );
}

#[test]
fn numbers_and_words_part_where_the_dialect_parts_them() {
    for number in ["1", "1.5", ".5", "1.", "1e5", "1.5E-3", "0x1F"] {
        for dialect in [Sqlite, Postgres, MySql] {
            assert!(
                is_one(number, dialect, TokenKind::Number),
                "{number} on {dialect}"
            );
        }
    }
    assert!(is_one("1_000", Postgres, TokenKind::Number));
    assert!(is_one("2020_logs", MySql, TokenKind::Word));
    assert!(is_one("1e", MySql, TokenKind::Word));
    assert!(is_one("é_x1$", Postgres, TokenKind::Word));
    assert_eq!(tokens("a.5b", MySql), ["Word a", "Dot .", "Word 5b"]);
    assert_eq!(tokens("1..2", Postgres), ["Number 1", "Dot .", "Number .2"]);
}

#[test]
fn operators_are_the_longest_of_the_dialect() {
    assert_eq!(tokens("a<=>b", MySql), ["Word a", "Operator <=>", "Word b"]);
    assert_eq!(
        tokens("a->>'b'", Sqlite),
        ["Word a", "Operator ->>", "String 'b'"]
    );
    assert_eq!(
        tokens("a<-1", Postgres),
        ["Word a", "Operator <", "Operator -", "Number 1"]
    );
    assert_eq!(tokens("a@-1", Postgres), ["Word a", "Operator @-", "Number 1"]);
    assert_eq!(
        tokens("a*--b\n1", Postgres),
        ["Word a", "Operator *", "Comment --b", "Number 1"]
    );
    assert_eq!(
        tokens("a</* */b", Postgres),
        ["Word a", "Operator <", "Comment /* */", "Word b"]
    );
    assert_eq!(tokens("a^b", Sqlite), ["Word a", "Unknown ^", "Word b"]);
}

#[test]
fn the_content_of_a_literal_is_what_the_database_reads() {
    assert_eq!(string_content("'a''b'").as_deref(), Some("a'b"));
    assert_eq!(string_content("'n'\n'ow'").as_deref(), Some("now"));
    assert_eq!(string_content("$x$a$x$").as_deref(), Some("a"));
    assert_eq!(string_content("E'a'").as_deref(), Some("a"));
    assert_eq!(string_content("E'\\n'"), None);
}
