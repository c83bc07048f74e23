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
