//! Lookups that depend on more than one statement: views, schemas, cascades without end.

use std::collections::HashMap;

use plexidb_core::{Catalog, Dialect, ForeignKey, ForeignKeyAction, Table, TableKind, TableName, Volatility};

use super::{Cacheability, WriteExtent, resolve};
use crate::profile::Profile;

fn catalog(dialect: Dialect, tables: Vec<Table>) -> Catalog {
    Catalog::new(dialect, "1".into(), vec!["main".into()], tables, HashMap::new())
}

fn table(schema: &str, name: &str) -> Table {
    Table::new(TableName::new(schema, name), TableKind::Table)
}

fn view(schema: &str, name: &str, definition: &str) -> Table {
    let mut view = Table::new(TableName::new(schema, name), TableKind::View);
    view.view_definition = Some(definition.into());
    view
}

#[test]
fn a_view_looks_for_tables_in_its_own_schema() {
    let tables = vec![
        table("main", "t"),
        table("aux", "t"),
        view("aux", "v", "SELECT * FROM t"),
        view("main", "v", "SELECT * FROM aux.t"),
    ];
    let catalog = catalog(Dialect::Sqlite, tables);
    let reads = |sql| resolve(&Profile::analyze(sql, Dialect::Sqlite), &catalog).depends_on;
    assert_eq!(reads("SELECT * FROM aux.v"), [TableName::new("aux", "t")]);
    assert_eq!(reads("SELECT * FROM v"), [TableName::new("aux", "t")]);
    assert_eq!(reads("SELECT * FROM t"), [TableName::new("main", "t")]);
}

#[test]
fn views_of_each_other_end() {
    let tables = vec![
        view("main", "a", "SELECT * FROM b"),
        view("main", "b", "SELECT * FROM a"),
    ];
    let catalog = catalog(Dialect::Postgres, tables);
    let footprint = resolve(&Profile::analyze("SELECT * FROM a", Dialect::Postgres), &catalog);
    assert!(matches!(footprint.cacheability, Cacheability::Not(_)));
}

#[test]
fn cascades_in_a_circle_end() {
    let key = |parent: &str| ForeignKey {
        columns: vec!["p".into()],
        parent: TableName::new("main", parent),
        parent_columns: vec!["id".into()],
        on_delete: ForeignKeyAction::Cascade,
        on_update: ForeignKeyAction::Cascade,
        is_enforced: false,
    };
    let (mut a, mut b) = (table("main", "a"), table("main", "b"));
    a.foreign_keys = vec![key("b"), key("a")];
    b.foreign_keys = vec![key("a")];
    let catalog = catalog(Dialect::Sqlite, vec![a, b]);
    let footprint = resolve(&Profile::analyze("DELETE FROM a", Dialect::Sqlite), &catalog);
    assert!(matches!(footprint.writes, WriteExtent::Tables { names, .. } if names.len() == 2));
}

#[test]
fn a_users_function_that_shares_a_harmless_name_is_not_harmless() {
    let functions = HashMap::from([
        ("format".to_owned(), Volatility::Volatile),
        ("now".to_owned(), Volatility::Stable),
    ]);
    let catalog = Catalog::new(
        Dialect::Postgres,
        "15".into(),
        vec!["public".into()],
        Vec::new(),
        functions,
    );
    let footprint = resolve(
        &Profile::analyze("SELECT format('%s', 1)", Dialect::Postgres),
        &catalog,
    );
    assert!(matches!(footprint.writes, WriteExtent::Database(_)));
    let footprint = resolve(&Profile::analyze("SELECT now()", Dialect::Postgres), &catalog);
    assert_eq!(footprint.writes, WriteExtent::Nothing);
}

#[test]
fn what_the_catalog_lacks_asks_for_a_fresher_one() {
    let catalog = catalog(Dialect::Sqlite, vec![table("main", "t")]);
    let is_stale = |sql| resolve(&Profile::analyze(sql, Dialect::Sqlite), &catalog).may_be_stale_catalog();
    assert!(is_stale("SELECT * FROM made_a_moment_ago"));
    assert!(is_stale("INSERT INTO made_a_moment_ago VALUES (1)"));
    assert!(!is_stale("SELECT * FROM t"));
    assert!(!is_stale("SELECT random()"));
}
