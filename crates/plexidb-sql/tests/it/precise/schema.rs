//! The schema of the oracle, as DDL and as catalog, with and without triggers.
//!
//! Invariant: what the catalog says is what the DDL made from it says; foreign keys are always enforced here.

use std::collections::HashMap;
use std::fmt::Write as _;

use plexidb_core::{
    Catalog, CatalogColumn, Comparison, Dialect, ForeignKey, ForeignKeyAction, Key, KeyKind, Table,
    TableKind, TableName, Trigger, TriggerTiming,
};

pub(super) struct Schema {
    pub(super) catalog: Catalog,
    pub(super) ddl: String,
}

/// Rows to begin with, so that foreign keys lead somewhere.
const ROWS: &str = "
    INSERT INTO users (id, handle, name, boss, score) VALUES
        (1, 'a', 'Ada', NULL, 3), (2, 'b', 'Bob', 1, 2), (3, 'c', 'ada', 1, NULL), (4, NULL, NULL, 2, 5);
    INSERT INTO channels VALUES (1, 1, 'x', 1), (2, 1, 'y', 2), (3, 2, NULL, 1), (4, 3, 'a', 2);
    INSERT INTO members VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 1, NULL), (3, 3, 'a'), (4, 2, '3'), (2, 3, 'b');
    INSERT INTO posts VALUES (1, 1, 1, 'a', 'x', NULL), (2, 1, 2, 'B', 'y', 1), (3, 2, NULL, '3', 'x', 2),
        (4, 3, 3, NULL, NULL, 0), (5, 1, 1, 'A', 'y', 1);";

/// A trigger: its table, when it acts, and what it does.
const TRIGGERS: &[(&str, &str, &str)] = &[
    (
        "posts",
        "AFTER INSERT",
        "UPDATE channels SET kind = coalesce(kind, 0) + 1 WHERE id = NEW.channel AND kind < 5;",
    ),
    (
        "users",
        "AFTER DELETE",
        "UPDATE posts SET body = 'gone' WHERE tag = OLD.handle;",
    ),
    (
        "channels",
        "BEFORE UPDATE",
        "DELETE FROM members WHERE channel = OLD.id AND role IS NULL;",
    ),
    (
        "members",
        "AFTER UPDATE",
        "INSERT OR IGNORE INTO users (id, name, score) VALUES (NEW.channel + 3, NEW.role, 1);",
    ),
];

const VIEWS: &[(&str, &str)] = &[
    (
        "chiefs",
        "SELECT u.id, u.handle, count(*) AS staff FROM users u JOIN users s ON s.boss = u.id GROUP BY u.id",
    ),
    (
        "first_channel",
        "SELECT p.id, p.body, u.name FROM posts p LEFT JOIN users u ON u.id = p.author WHERE p.channel = 1",
    ),
];

pub(super) fn with_triggers() -> Schema {
    made(TRIGGERS)
}

pub(super) fn plain() -> Schema {
    made(&[])
}

fn column(definition: &str) -> CatalogColumn {
    let (name, rest) = definition.split_once(' ').unwrap();
    CatalogColumn {
        name: name.into(),
        type_name: rest.into(),
        is_nullable: !rest.contains("NOT NULL"),
        is_generated: rest.contains("GENERATED"),
        default: rest.split_once("DEFAULT ").map(|(_, value)| value.into()),
        collation: rest.contains("NOCASE").then(|| "NOCASE".into()),
        comparison: match rest {
            rest if rest.contains("NOCASE") => Comparison::CaseInsensitive,
            rest if rest.contains("TEXT") => Comparison::Exact,
            _ => Comparison::Number,
        },
        is_set_on_update: false,
        is_auto: rest.starts_with("INTEGER PRIMARY KEY"),
    }
}

fn table(name: &str, columns: &[&str], keys: &[(KeyKind, &[&str])]) -> Table {
    let mut table = Table::new(TableName::new("main", name), TableKind::Table);
    table.columns = columns.iter().map(|definition| column(definition)).collect();
    let key = |(index, (kind, columns)): (usize, &(KeyKind, &[&str]))| Key {
        name: format!("{name}_{index}"),
        kind: *kind,
        columns: columns.iter().map(|column| (*column).into()).collect(),
    };
    table.keys = keys.iter().enumerate().map(key).collect();
    table
}

fn refers(table: &mut Table, column: &str, parent: &str, on_delete: ForeignKeyAction) {
    table.foreign_keys.push(ForeignKey {
        columns: vec![column.into()],
        parent: TableName::new("main", parent),
        parent_columns: vec!["id".into()],
        on_delete,
        on_update: ForeignKeyAction::Cascade,
        is_enforced: true,
    });
}

fn tables() -> Vec<Table> {
    use ForeignKeyAction::{Cascade, SetNull};
    use KeyKind::{Index, Primary, Unique};
    let mut users = table(
        "users",
        &[
            "id INT NOT NULL",
            "handle TEXT COLLATE NOCASE",
            "name TEXT",
            "boss INT",
            "score NUMERIC",
            "twice INT GENERATED ALWAYS AS (score * 2)",
        ],
        &[(Primary, &["id"]), (Unique, &["handle"]), (Index, &["score"])],
    );
    refers(&mut users, "boss", "users", SetNull);
    let mut channels = table(
        "channels",
        &[
            "id INTEGER PRIMARY KEY NOT NULL",
            "owner INT NOT NULL",
            "title TEXT",
            "kind INT DEFAULT 1",
        ],
        &[(Primary, &["id"]), (Index, &["kind", "title"])],
    );
    refers(&mut channels, "owner", "users", Cascade);
    let mut members = table(
        "members",
        &["channel INT NOT NULL", "member INT NOT NULL", "role TEXT"],
        &[(Primary, &["channel", "member"]), (Index, &["member", "role"])],
    );
    refers(&mut members, "channel", "channels", Cascade);
    refers(&mut members, "member", "users", Cascade);
    let mut posts = table(
        "posts",
        &[
            "id INT NOT NULL",
            "channel INT NOT NULL",
            "author INT",
            "tag TEXT COLLATE NOCASE",
            "body TEXT",
            "parent INT",
        ],
        &[(Primary, &["id"]), (Index, &["channel", "id"]), (Index, &["tag"])],
    );
    refers(&mut posts, "channel", "channels", Cascade);
    refers(&mut posts, "author", "users", SetNull);
    vec![users, channels, members, posts]
}

fn made(triggers: &[(&str, &str, &str)]) -> Schema {
    let mut tables = tables();
    let mut ddl = String::from("PRAGMA foreign_keys = ON;\n");
    for table in &tables {
        write_table(&mut ddl, table);
    }
    ddl.push_str(ROWS);
    for (index, (name, moment, body)) in triggers.iter().enumerate() {
        let _ = writeln!(
            ddl,
            "CREATE TRIGGER trigger_{index} {moment} ON {name} BEGIN {body} END;"
        );
        let table = tables.iter_mut().find(|table| table.name.name == *name).unwrap();
        let is_before = moment.starts_with("BEFORE");
        table.triggers.push(Trigger {
            timing: if is_before {
                TriggerTiming::Before
            } else {
                TriggerTiming::After
            },
            is_on_insert: moment.ends_with("INSERT"),
            is_on_update: moment.ends_with("UPDATE"),
            is_on_delete: moment.ends_with("DELETE"),
            body: Some((*body).into()),
            ..Trigger::unknown(format!("trigger_{index}"))
        });
    }
    for (name, query) in VIEWS {
        let _ = writeln!(ddl, "CREATE VIEW {name} AS {query};");
        let mut view = Table::new(TableName::new("main", *name), TableKind::View);
        view.view_definition = Some((*query).into());
        tables.push(view);
    }
    let path = vec!["main".into()];
    Schema {
        catalog: Catalog::new(Dialect::Sqlite, "3.50".into(), path, tables, HashMap::new()),
        ddl,
    }
}

fn write_table(ddl: &mut String, table: &Table) {
    let name = &table.name.name;
    let column = |column: &CatalogColumn| format!("{} {}", column.name, column.type_name);
    let mut parts: Vec<String> = table.columns.iter().map(column).collect();
    let is_rowid = table.columns.iter().any(|column| column.is_auto);
    for key in &table.keys {
        match key.kind {
            KeyKind::Primary if is_rowid => {}
            KeyKind::Primary => parts.push(format!("PRIMARY KEY ({})", key.columns.join(", "))),
            KeyKind::Unique => parts.push(format!("UNIQUE ({})", key.columns.join(", "))),
            KeyKind::Index => {}
        }
    }
    for key in &table.foreign_keys {
        let on_delete = match key.on_delete {
            ForeignKeyAction::SetNull => "SET NULL",
            _ => "CASCADE",
        };
        parts.push(format!(
            "FOREIGN KEY ({}) REFERENCES {} (id) ON DELETE {on_delete} ON UPDATE CASCADE",
            key.columns.join(", "),
            key.parent.name,
        ));
    }
    let _ = writeln!(ddl, "CREATE TABLE {name} ({});", parts.join(", "));
    for key in table.keys.iter().filter(|key| key.kind == KeyKind::Index) {
        let columns = key.columns.join(", ");
        let _ = writeln!(ddl, "CREATE INDEX {} ON {name} ({columns});", key.name);
    }
}
