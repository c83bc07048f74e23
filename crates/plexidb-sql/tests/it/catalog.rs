//! One schema for all tests, as each database would report it.
//!
//! Invariant: it has one table for each thing that the analysis must notice.

use std::collections::HashMap;

use plexidb_core::{
    Catalog, CatalogColumn, Comparison, Dialect, ForeignKey, ForeignKeyAction, Key, KeyKind, Table,
    TableKind, TableName, Trigger, Volatility,
};
use plexidb_sql::{Footprint, Profile, resolve};

pub(crate) const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql];

/// The statement's footprint in the schema of the tests.
pub(crate) fn footprint(sql: &str, dialect: Dialect) -> Footprint {
    resolve(&Profile::analyze(sql, dialect), &catalog(dialect))
}

/// The names of tables, without the schema of the tests.
pub(crate) fn short(names: &[TableName]) -> Vec<String> {
    let mut names: Vec<String> = names
        .iter()
        .map(|name| {
            if home(&name.schema) {
                name.name.clone()
            } else {
                name.to_string()
            }
        })
        .collect();
    names.sort();
    names
}

fn home(schema: &str) -> bool {
    ["main", "public", "app"].contains(&schema)
}

pub(crate) fn schema_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "main",
        Dialect::Postgres => "public",
        Dialect::MySql => "app",
    }
}

pub(crate) fn catalog(dialect: Dialect) -> Catalog {
    let schema = schema_of(dialect);
    let mut tables = chat_tables(schema);
    tables.extend(order_tables(schema));
    tables.extend(special_tables(schema));
    tables.extend(views(schema, dialect));
    Catalog::new(
        dialect,
        "15.0".into(),
        vec![schema.into()],
        tables,
        functions(dialect),
    )
}

fn table(schema: &str, name: &str, columns: &[(&str, &str)]) -> Table {
    let mut table = Table::new(TableName::new(schema, name), TableKind::Table);
    table.columns = columns
        .iter()
        .map(|(name, type_name)| CatalogColumn {
            name: (*name).into(),
            type_name: (*type_name).into(),
            is_nullable: !name.ends_with("id") || *name == "manager_id",
            is_generated: false,
            comparison: match *type_name {
                "bigint" | "int" | "integer" | "numeric" | "boolean" => Comparison::Number,
                "text" => Comparison::Exact,
                _ => Comparison::Opaque,
            },
            is_set_on_update: false,
            is_auto: false,
            default: None,
            collation: None,
        })
        .collect();
    table.keys = vec![Key {
        name: format!("{name}_pkey"),
        kind: KeyKind::Primary,
        columns: vec!["id".into()],
    }];
    table
}

fn refers(
    mut table: Table,
    column: &str,
    parent: &str,
    delete: ForeignKeyAction,
    update: ForeignKeyAction,
) -> Table {
    table.foreign_keys.push(ForeignKey {
        columns: vec![column.into()],
        parent: TableName::new(table.name.schema.clone(), parent),
        parent_columns: vec!["id".into()],
        on_delete: delete,
        on_update: update,
        is_enforced: true,
    });
    table
}

fn chat_tables(schema: &str) -> Vec<Table> {
    use ForeignKeyAction::{Cascade, Refuse, SetNull};
    let users = table(
        schema,
        "users",
        &[
            ("id", "bigint"),
            ("name", "text"),
            ("email", "text"),
            ("active", "boolean"),
            ("manager_id", "bigint"),
            ("last_seen", "timestamp"),
            ("tags", "jsonb"),
        ],
    );
    let channels = table(
        schema,
        "channels",
        &[("id", "bigint"), ("name", "text"), ("owner_id", "bigint")],
    );
    let channels = refers(channels, "owner_id", "users", SetNull, Refuse);
    let members = table(
        schema,
        "memberships",
        &[
            ("channel_id", "bigint"),
            ("user_id", "bigint"),
            ("last_read_id", "bigint"),
        ],
    );
    let members = refers(members, "channel_id", "channels", Cascade, Cascade);
    let members = refers(members, "user_id", "users", Cascade, Refuse);
    let messages = table(
        schema,
        "messages",
        &[
            ("id", "bigint"),
            ("channel_id", "bigint"),
            ("author_id", "bigint"),
            ("body", "text"),
            ("created_at", "timestamp"),
        ],
    );
    let messages = refers(messages, "channel_id", "channels", Cascade, Cascade);
    let messages = refers(messages, "author_id", "users", Refuse, Refuse);
    let reactions = table(
        schema,
        "reactions",
        &[("message_id", "bigint"), ("user_id", "bigint"), ("emoji", "text")],
    );
    let reactions = refers(reactions, "message_id", "messages", Cascade, Refuse);
    vec![users, channels, members, messages, reactions]
}

fn order_tables(schema: &str) -> Vec<Table> {
    use ForeignKeyAction::{Cascade, Refuse};
    let orders = table(
        schema,
        "orders",
        &[
            ("id", "bigint"),
            ("user_id", "bigint"),
            ("total", "numeric"),
            ("placed_on", "date"),
            ("status", "text"),
        ],
    );
    let orders = refers(orders, "user_id", "users", Refuse, Refuse);
    let items = table(
        schema,
        "order_items",
        &[
            ("order_id", "bigint"),
            ("sku", "text"),
            ("quantity", "integer"),
            ("price", "numeric"),
        ],
    );
    let items = refers(items, "order_id", "orders", Refuse, Cascade);
    let shifts = table(
        schema,
        "shifts",
        &[("id", "int"), ("day", "date"), ("starts_at", "time")],
    );
    vec![orders, items, shifts]
}

fn special_tables(schema: &str) -> Vec<Table> {
    let event_columns = &[("id", "bigint"), ("at", "timestamp"), ("payload", "jsonb")];
    let mut audit = table(schema, "audit", &[("id", "bigint"), ("what", "text")]);
    audit.triggers.push(Trigger::unknown("audit_writes"));
    let mut secrets = table(schema, "secrets", &[("id", "bigint"), ("word", "text")]);
    secrets.has_row_security = true;
    let mut events = table(schema, "events", event_columns);
    events.kind = TableKind::Partitioned;
    let part = |name: &str, parent: &str| {
        let mut part = table(schema, name, event_columns);
        part.parents = vec![TableName::new(schema, parent)];
        part
    };
    let mut year = part("events_2025", "events");
    year.kind = TableKind::Partitioned;
    let mut log = table(schema, "log_lines", &[("id", "bigint"), ("line", "text")]);
    log.is_transactional = false;
    let mut remote = table(schema, "remote", &[("id", "bigint"), ("value", "text")]);
    remote.kind = TableKind::Foreign;
    let mut totals = table(schema, "totals", &[("user_id", "bigint"), ("total", "numeric")]);
    totals.kind = TableKind::MaterializedView;
    let quoted = table(schema, "Order Lines", &[("id", "bigint"), ("Text", "text")]);
    let other = table("other", "users", &[("id", "bigint"), ("nick", "text")]);
    let content = table(schema, "remote_content", &[("id", "bigint")]);
    vec![
        audit,
        secrets,
        events,
        part("events_2024", "events"),
        year,
        part("events_2025_01", "events_2025"),
        log,
        remote,
        totals,
        quoted,
        other,
        content,
    ]
}

fn views(schema: &str, dialect: Dialect) -> Vec<Table> {
    let now = match dialect {
        Dialect::Sqlite => "date('now')",
        Dialect::Postgres => "now()",
        Dialect::MySql => "NOW()",
    };
    [
        (
            "active_users",
            Some("SELECT id, name FROM users WHERE active".to_owned()),
        ),
        (
            "channel_list",
            Some("SELECT c.id, u.name FROM channels c JOIN active_users u ON u.id = c.owner_id".to_owned()),
        ),
        (
            "recent_messages",
            Some(format!("SELECT * FROM messages WHERE created_at > {now}")),
        ),
        ("broken_view", Some("SELECT (((".to_owned())),
        ("hidden_view", None),
        ("secret_view", Some("SELECT word FROM secrets".to_owned())),
        (
            "created_view",
            Some("CREATE VIEW created_view (a) AS SELECT id FROM orders".to_owned()),
        ),
        (
            "touching_view",
            Some("SELECT touch_user(id) AS t FROM users".to_owned()),
        ),
    ]
    .into_iter()
    .map(|(name, definition)| {
        let mut view = table(schema, name, &[("id", "bigint"), ("name", "text")]);
        view.kind = TableKind::View;
        view.view_definition = definition;
        view.keys.clear();
        view
    })
    .collect()
}

fn functions(dialect: Dialect) -> HashMap<String, Volatility> {
    let mut functions = HashMap::new();
    if dialect == Dialect::Sqlite {
        return functions;
    }
    if dialect == Dialect::Postgres {
        let mut volatility = Volatility::Volatile;
        let listed = include_str!("../../../../fixtures/sql/postgres15_functions.txt");
        for word in listed
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::split_whitespace)
        {
            match word {
                "i:" => volatility = Volatility::Immutable,
                "s:" => volatility = Volatility::Stable,
                "v:" => volatility = Volatility::Volatile,
                name => {
                    functions.insert(name.to_owned(), volatility);
                }
            }
        }
    }
    for (name, volatility) in [
        ("slugify", Volatility::Immutable),
        ("user_score", Volatility::Stable),
        ("full_name", Volatility::Stable),
        ("touch_user", Volatility::Volatile),
    ] {
        functions.insert(name.to_owned(), volatility);
    }
    functions
}
