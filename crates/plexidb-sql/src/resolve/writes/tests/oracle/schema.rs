//! The schemas of the oracle: the same tables without triggers, with ones that log, and with ones that write back.
//!
//! Invariant: what the catalog says is what the DDL made from it says.

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

/// A trigger: its table, when it acts, and what it does.
type Rule = (&'static str, &'static str, &'static str);

const LOGGING: &[Rule] = &[
    (
        "posts",
        "AFTER INSERT",
        "INSERT INTO audit (who, what) VALUES (NEW.author, 'a');",
    ),
    (
        "posts",
        "AFTER DELETE",
        "UPDATE audit SET what = 'gone' WHERE who = OLD.author;",
    ),
    (
        "users",
        "AFTER UPDATE",
        "INSERT INTO audit (who, what) VALUES (NEW.id, NEW.email), (OLD.id, 'b');",
    ),
    ("notes", "AFTER DELETE", "DELETE FROM audit WHERE who = OLD.post;"),
];
const WRITING_BACK: &[Rule] = &[
    (
        "posts",
        "AFTER INSERT",
        "UPDATE posts SET b = coalesce(NEW.b, 0) + 1 WHERE id = NEW.id AND b < 5;",
    ),
    (
        "users",
        "BEFORE UPDATE",
        "UPDATE teams SET boss = OLD.id, name = NEW.email WHERE id = OLD.team;",
    ),
    (
        "teams",
        "AFTER UPDATE",
        "INSERT INTO audit VALUES (NEW.boss, NEW.boss, 'team'); SELECT RAISE(IGNORE) WHERE NEW.id = 4;",
    ),
    (
        "teams",
        "BEFORE DELETE",
        "DELETE FROM notes WHERE kind = OLD.boss; UPDATE users SET n = 1 WHERE team = OLD.id;",
    ),
    (
        "notes",
        "AFTER INSERT",
        "INSERT INTO teams (id, name) VALUES (NEW.kind, 'x') ON CONFLICT (id) DO UPDATE SET boss = 1;",
    ),
];

type Named = (&'static str, fn() -> Schema);

pub(super) fn all() -> [Named; 3] {
    [
        ("plain", || made(&[])),
        ("logging", || made(LOGGING)),
        ("writing back", || made(WRITING_BACK)),
    ]
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
    table.keys = keys
        .iter()
        .enumerate()
        .map(|(index, (kind, columns))| Key {
            name: format!("{name}_{index}"),
            kind: *kind,
            columns: columns.iter().map(|column| (*column).into()).collect(),
        })
        .collect();
    table
}

fn refers(
    table: &mut Table,
    column: &str,
    parent: &str,
    on_delete: ForeignKeyAction,
    on_update: ForeignKeyAction,
) {
    table.foreign_keys.push(ForeignKey {
        columns: vec![column.into()],
        parent: TableName::new("main", parent),
        parent_columns: vec!["id".into()],
        on_delete,
        on_update,
        is_enforced: true,
    });
}

fn tables() -> Vec<Table> {
    use ForeignKeyAction::{Cascade, SetDefault, SetNull};
    use KeyKind::{Index, Primary, Unique};
    let teams = table(
        "teams",
        &["id INT", "name TEXT COLLATE NOCASE", "boss INT"],
        &[(Primary, &["id"]), (Index, &["name"]), (Index, &["boss", "name"])],
    );
    let mut users = table(
        "users",
        &[
            "id INT NOT NULL",
            "email TEXT",
            "team INT",
            "n INT",
            "twice INT GENERATED ALWAYS AS (n * 2)",
        ],
        &[(Primary, &["id"]), (Unique, &["email"]), (Index, &["twice"])],
    );
    refers(&mut users, "team", "teams", SetNull, Cascade);
    let mut posts = table(
        "posts",
        &["id INT NOT NULL", "author INT", "a INT", "b INT DEFAULT 3"],
        &[(Primary, &["id"]), (Unique, &["a", "b"]), (Index, &["b"])],
    );
    refers(&mut posts, "author", "users", Cascade, Cascade);
    let mut notes = table(
        "notes",
        &["post INT", "kind INT NOT NULL DEFAULT 2", "txt TEXT"],
        &[(Primary, &["post", "kind"]), (Index, &["kind"])],
    );
    refers(&mut notes, "post", "posts", Cascade, SetNull);
    refers(&mut notes, "kind", "teams", SetDefault, Cascade);
    let audit = table(
        "audit",
        &["id INTEGER PRIMARY KEY", "who INT", "what TEXT"],
        &[(Primary, &["id"]), (Index, &["who"])],
    );
    vec![teams, users, posts, notes, audit]
}

fn made(rules: &[Rule]) -> Schema {
    let mut tables = tables();
    let mut ddl = String::from("PRAGMA foreign_keys = ON;\n");
    for table in &tables {
        write_table(&mut ddl, table);
    }
    for (index, (name, moment, body)) in rules.iter().enumerate() {
        let _ = writeln!(
            ddl,
            "CREATE TRIGGER trigger_{index} {moment} ON {name} BEGIN {body} END;"
        );
        let table = tables.iter_mut().find(|table| table.name.name == *name).unwrap();
        table.triggers.push(Trigger {
            timing: if moment.starts_with("BEFORE") {
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
    Schema {
        catalog: Catalog::new(
            Dialect::Sqlite,
            "3.50".into(),
            vec!["main".into()],
            tables,
            HashMap::new(),
        ),
        ddl,
    }
}

fn write_table(ddl: &mut String, table: &Table) {
    let action = |action| match action {
        ForeignKeyAction::Refuse => "NO ACTION",
        ForeignKeyAction::Cascade => "CASCADE",
        ForeignKeyAction::SetNull => "SET NULL",
        ForeignKeyAction::SetDefault => "SET DEFAULT",
    };
    let name = &table.name.name;
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("{} {}", column.name, column.type_name))
        .collect();
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
        parts.push(format!(
            "FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
            key.columns.join(", "),
            key.parent.name,
            key.parent_columns.join(", "),
            action(key.on_delete),
            action(key.on_update)
        ));
    }
    let _ = writeln!(ddl, "CREATE TABLE {name} ({});", parts.join(", "));
    for key in table.keys.iter().filter(|key| key.kind == KeyKind::Index) {
        let _ = writeln!(
            ddl,
            "CREATE INDEX {} ON {name} ({});",
            key.name,
            key.columns.join(", ")
        );
    }
}
