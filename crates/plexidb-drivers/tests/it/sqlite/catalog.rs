//! The catalog of a schema with everything in it.

use plexidb_core::{Catalog, Dialect, ForeignKeyAction, KeyKind, Table, TableKind};

use super::{Home, run};

const SCHEMA: [&str; 19] = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL COLLATE NOCASE DEFAULT 'anon',
         email TEXT UNIQUE, score REAL, twice REAL AS (score * 2), stored TEXT AS (email) STORED)",
    "CREATE TABLE codes (code TEXT, part INT, PRIMARY KEY (part, code)) WITHOUT ROWID",
    "CREATE TABLE loose (k TEXT PRIMARY KEY, v)",
    "CREATE TABLE Posts (id INTEGER PRIMARY KEY, author INT REFERENCES USERS ON DELETE CASCADE ON UPDATE SET NULL,
         code TEXT, part INT, FOREIGN KEY (part, code) REFERENCES codes (part, code) ON DELETE SET DEFAULT)",
    "CREATE INDEX posts_author ON posts (author, id DESC)",
    "CREATE UNIQUE INDEX users_score ON users (score) WHERE score > 0",
    "CREATE UNIQUE INDEX users_lower ON users (lower(name))",
    "CREATE UNIQUE INDEX users_name ON users (name)",
    "CREATE UNIQUE INDEX users_name_exact ON users (name COLLATE BINARY)",
    "CREATE VIEW names(n) AS SELECT name AS n FROM users",
    "CREATE TABLE audit (at)",
    "CREATE TRIGGER log AFTER UPDATE ON users BEGIN INSERT INTO audit VALUES (1); END",
    "CREATE TRIGGER instead INSTEAD OF INSERT ON names BEGIN INSERT INTO audit VALUES (2); END",
    "CREATE VIRTUAL TABLE search USING fts5(body)",
    "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    "CREATE TEMP TABLE scratch (a)",
    "CREATE TABLE \"odd \"\"name\" (\"a b\" INT)",
    "ATTACH ':memory:' AS other",
    "CREATE TABLE other.users (x)",
];

async fn catalog() -> Catalog {
    let home = Home::new();
    let mut connection = home.connect().await;
    for sql in SCHEMA {
        run(&mut connection, sql).await;
    }
    connection.catalog().await.unwrap()
}

fn keys(table: &Table) -> Vec<(KeyKind, Vec<&str>)> {
    let of = |key: &'_ plexidb_core::Key| key.kind;
    table
        .keys
        .iter()
        .map(|key| (of(key), key.columns.iter().map(String::as_str).collect()))
        .collect()
}

#[tokio::test]
async fn tables_and_views_are_listed_without_sqlites_own() {
    let catalog = catalog().await;
    let mut names: Vec<String> = catalog
        .tables()
        .iter()
        .map(|table| format!("{} {:?}", table.name, table.kind))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "main.Posts Table",
            "main.audit Table",
            "main.codes Table",
            "main.counted Table",
            "main.loose Table",
            "main.names View",
            "main.odd \"name Table",
            "main.search Foreign",
            "main.users Table",
            "other.users Table",
            "temp.scratch Foreign",
        ]
    );
    assert_eq!(catalog.dialect(), Dialect::Sqlite);
    assert_eq!(catalog.search_path(), ["temp", "main", "other"]);
    assert_eq!(catalog.server_version, rusqlite::version());
    assert_eq!(catalog.table(None, "USERS").unwrap().name.schema, "main");
    assert_eq!(
        catalog.table(Some("other"), "users").unwrap().columns[0].name,
        "x"
    );
}

#[tokio::test]
async fn columns_tell_type_null_default_collation_and_generation() {
    let catalog = catalog().await;
    let users = catalog.table(Some("main"), "users").unwrap();
    let facts: Vec<String> = users
        .columns
        .iter()
        .map(|column| {
            format!(
                "{} {} null={} generated={} default={:?} collation={:?}",
                column.name,
                column.type_name,
                column.is_nullable,
                column.is_generated,
                column.default,
                column.collation
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            "id INTEGER null=false generated=false default=None collation=None",
            "name VARCHAR(20) null=false generated=false default=Some(\"'anon'\") collation=Some(\"NOCASE\")",
            "email TEXT null=true generated=false default=None collation=None",
            "score REAL null=true generated=false default=None collation=None",
            "twice REAL null=true generated=true default=None collation=None",
            "stored TEXT null=true generated=true default=None collation=None",
        ]
    );
    let nullable = |table: &str| -> Vec<bool> {
        let table = catalog.table(None, table).unwrap();
        table.columns.iter().map(|column| column.is_nullable).collect()
    };
    assert_eq!(
        nullable("codes"),
        [false, false],
        "a table without rowid has no NULL in its key"
    );
    assert_eq!(
        nullable("loose"),
        [true, true],
        "SQLite lets other primary keys be NULL"
    );
    assert_eq!(catalog.table(None, "odd \"name").unwrap().columns[0].name, "a b");
}

#[tokio::test]
async fn keys_are_unique_only_where_they_are_so_for_every_comparison() {
    let catalog = catalog().await;
    let table = |name: &str| catalog.table(Some("main"), name).unwrap();
    assert_eq!(
        keys(table("users")),
        [
            (KeyKind::Primary, vec!["id"]),
            (KeyKind::Unique, vec!["email"]),
            (KeyKind::Index, vec!["score"]),
            (KeyKind::Index, vec![""]),
            (KeyKind::Unique, vec!["name"]),
            (KeyKind::Index, vec!["name"]),
        ]
    );
    assert_eq!(keys(table("codes")), [(KeyKind::Primary, vec!["part", "code"])]);
    assert_eq!(keys(table("loose")), [(KeyKind::Primary, vec!["k"])]);
    assert_eq!(
        keys(table("posts")),
        [
            (KeyKind::Primary, vec!["id"]),
            (KeyKind::Index, vec!["author", "id"])
        ]
    );
}

#[tokio::test]
async fn foreign_keys_tell_parents_columns_and_actions() {
    let catalog = catalog().await;
    let posts = catalog.table(None, "posts").unwrap();
    let [by_code, by_author] = &posts.foreign_keys[..] else {
        panic!("{:?}", posts.foreign_keys);
    };
    let (by_author, by_code) = if by_author.columns == ["author"] {
        (by_author, by_code)
    } else {
        (by_code, by_author)
    };
    assert_eq!(
        by_author.parent.to_string(),
        "main.users",
        "spelt as the table is"
    );
    assert_eq!(
        by_author.parent_columns,
        ["id"],
        "the primary key, which was not named"
    );
    assert_eq!(by_author.on_delete, ForeignKeyAction::Cascade);
    assert_eq!(by_author.on_update, ForeignKeyAction::SetNull);
    assert_eq!(by_code.columns, ["part", "code"]);
    assert_eq!(by_code.parent_columns, ["part", "code"]);
    assert_eq!(by_code.on_delete, ForeignKeyAction::SetDefault);
    assert_eq!(by_code.on_update, ForeignKeyAction::Refuse);
    assert!(!by_author.is_enforced, "others may have written without checks");
}

#[tokio::test]
async fn views_keep_their_query_and_triggers_are_seen() {
    let catalog = catalog().await;
    let triggered: Vec<String> = catalog
        .tables()
        .iter()
        .filter(|table| !table.triggers.is_empty() && table.name.schema == "main")
        .map(|table| table.name.name.clone())
        .collect();
    assert_eq!(triggered, ["names", "users"]);
    let names = catalog.table(None, "names").unwrap();
    assert_eq!(
        names.view_definition.as_deref(),
        Some("SELECT name AS n FROM users")
    );
    assert_eq!(names.columns[0].name, "n");
    assert_eq!(catalog.table(None, "search").unwrap().kind, TableKind::Foreign);
}

#[tokio::test]
async fn the_catalog_can_be_read_inside_a_transaction_and_sees_its_tables() {
    let home = Home::new();
    let mut connection = home.connect().await;
    connection.control("BEGIN").await.unwrap();
    run(&mut connection, "CREATE TABLE fresh (a)").await;
    assert!(connection.catalog().await.unwrap().table(None, "fresh").is_some());
    connection.control("ROLLBACK").await.unwrap();
    assert!(connection.catalog().await.unwrap().table(None, "fresh").is_none());
}
