//! Name resolution.

use super::*;

fn catalog(dialect: Dialect, names: &[(&str, &str)]) -> Catalog {
    let tables = names
        .iter()
        .map(|(schema, name)| Table::new(TableName::new(*schema, *name), TableKind::Table))
        .collect();
    Catalog::new(
        dialect,
        "1".into(),
        vec!["app".into(), "public".into()],
        tables,
        HashMap::new(),
    )
}

#[test]
fn an_unqualified_name_is_the_first_on_the_search_path() {
    let catalog = catalog(
        Dialect::Postgres,
        &[("public", "users"), ("app", "users"), ("other", "hidden")],
    );
    assert_eq!(
        catalog
            .table(None, "users")
            .map(|table| table.name.schema.as_str()),
        Some("app")
    );
    assert_eq!(
        catalog
            .table(Some("public"), "users")
            .map(|table| table.name.schema.as_str()),
        Some("public")
    );
    assert!(catalog.table(None, "hidden").is_none());
    assert!(catalog.table(None, "Users").is_none());
}

#[test]
fn sqlite_names_ignore_case() {
    let catalog = catalog(Dialect::Sqlite, &[("app", "Users")]);
    assert!(catalog.table(Some("APP"), "uSERS").is_some());
}

#[test]
fn a_fingerprint_tells_schemas_apart_whatever_the_order_of_their_tables() {
    let table = |name| Table::new(TableName::new("public", name), TableKind::Table);
    let functions = |volatility| {
        [("lower", Volatility::Immutable), ("own", volatility)]
            .map(|(name, volatility)| (name.to_owned(), volatility))
    };
    let of = |tables: Vec<Table>, volatility| {
        let path = vec!["public".to_owned()];
        let functions = functions(volatility).into_iter().collect();
        Catalog::new(Dialect::Postgres, "15.2".to_owned(), path, tables, functions).fingerprint()
    };
    let one = of(vec![table("a"), table("b")], Volatility::Stable);
    assert_eq!(one, of(vec![table("b"), table("a")], Volatility::Stable));
    assert_ne!(one, of(vec![table("a")], Volatility::Stable));
    assert_ne!(one, of(vec![table("a"), table("b")], Volatility::Volatile));
    let mut keyed = table("b");
    keyed.keys.push(Key {
        name: "b_pkey".to_owned(),
        kind: KeyKind::Primary,
        columns: vec!["id".to_owned()],
    });
    assert_ne!(one, of(vec![table("a"), keyed], Volatility::Stable));
}
