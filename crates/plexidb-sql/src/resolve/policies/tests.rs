//! Policies as PostgreSQL prints them: what they make a result depend on, and which of them refuse.

use std::collections::HashMap;

use plexidb_core::{
    Catalog, CatalogColumn, Comparison, Dialect, Key, KeyKind, Table, TableKind, TableName, Volatility,
};

use super::ScopedRead;
use crate::plan::TagList;
use crate::profile::Profile;
use crate::resolve::{Cacheability, resolve};

const TENANT: &str = "(tenant = current_setting('app.tenant'::text))";

fn table(name: &str, columns: &[&str], policies: &[&str]) -> Table {
    let mut table = Table::new(TableName::new("public", name), TableKind::Table);
    table.columns = columns
        .iter()
        .map(|column| CatalogColumn {
            name: (*column).into(),
            type_name: "text".into(),
            is_nullable: false,
            is_generated: false,
            default: None,
            collation: None,
            comparison: Comparison::Exact,
            is_set_on_update: false,
            is_auto: false,
        })
        .collect();
    table.keys = vec![Key {
        name: format!("{name}_pkey"),
        kind: KeyKind::Primary,
        columns: vec!["id".into()],
    }];
    table.has_row_security = true;
    table.row_policies = policies.iter().map(|policy| (*policy).to_owned()).collect();
    table
}

fn catalog(policies: &[&str]) -> Catalog {
    let mut grants = table("grants", &["id", "team"], &[]);
    grants.has_row_security = false;
    let mut view = Table::new(TableName::new("public", "titles"), TableKind::View);
    view.view_definition = Some("SELECT docs.title FROM docs".into());
    let tables = vec![
        table("docs", &["id", "tenant", "title", "body"], policies),
        table(
            "teams",
            &["id", "tenant"],
            &["(tenant = current_setting('app.Team'::text, true))"],
        ),
        grants,
        view,
    ];
    let functions = [
        ("own", Volatility::Stable),
        ("current_setting", Volatility::Stable),
    ];
    let functions: HashMap<String, Volatility> = functions
        .map(|(name, volatility)| (name.to_owned(), volatility))
        .into();
    Catalog::new(
        Dialect::Postgres,
        "15".into(),
        vec!["public".into()],
        tables,
        functions,
    )
}

fn scoped(sql: &str, policies: &[&str]) -> ScopedRead {
    let footprint = resolve(&Profile::analyze(sql, Dialect::Postgres), &catalog(policies));
    let Cacheability::Not(reason) = &footprint.cacheability else {
        panic!("cacheable without a scope: {sql}");
    };
    assert_eq!(reason.code(), "row_security", "{sql}");
    footprint.scoped.unwrap()
}

fn tags(read: &ScopedRead) -> TagList {
    read.reads.dependencies(&[]).all().collect()
}

/// What a write touches, by its statement.
fn touched(sql: &str) -> TagList {
    let footprint = resolve(&Profile::analyze(sql, Dialect::Postgres), &catalog(&[TENANT]));
    match footprint.writes {
        crate::resolve::WriteExtent::Tables { plan, .. } => plan.touched(&[]).all().collect(),
        other => panic!("{sql}: {other:?}"),
    }
}

fn is_dropped_by(read: &ScopedRead, write: &str) -> bool {
    let touched = touched(write);
    tags(read).iter().any(|tag| touched.contains(tag))
}

#[test]
fn the_settings_that_policies_read_must_be_in_the_scope() {
    let read = scoped("SELECT title FROM docs", &[TENANT]);
    assert_eq!((read.refusal, read.names), (None, vec!["app.tenant".to_owned()]));
    let policies = [
        "(tenant = (pg_catalog.current_setting('app.tenant'::text, true))::text)",
        "((id = current_setting('app.USER'::text, false)) OR true)",
    ];
    let read = scoped("SELECT title FROM docs", &policies);
    let names = vec!["app.tenant".to_owned(), "app.user".to_owned()];
    assert_eq!((read.refusal, read.names), (None, names));
    let read = scoped("SELECT title FROM titles", &[TENANT]);
    assert_eq!((read.refusal, read.names), (None, vec!["app.tenant".to_owned()]));
}

#[test]
fn a_policy_that_is_not_understood_refuses() {
    for (policy, code) in [
        ("(tenant = CURRENT_USER)", "session_state"),
        ("(tenant = current_setting(title))", "session_state"),
        (
            "(tenant = current_setting(('app.'::text || title)))",
            "session_state",
        ),
        (
            "(tenant = current_setting('a'::text, (title IS NULL)))",
            "session_state",
        ),
        ("(tenant = own())", "function_reads"),
        (
            "(tenant = other.current_setting('app.tenant'::text))",
            "function_reads",
        ),
        ("(tenant < (now())::text)", "time_dependent"),
        ("(tenant OPERATOR(", "does_not_parse"),
        ("(EXISTS ( SELECT 1 FROM pg_roles))", "system_catalog"),
    ] {
        let read = scoped("SELECT title FROM docs", &[TENANT, policy]);
        let reason = read.refusal.unwrap_or_else(|| panic!("cacheable: {policy}"));
        assert_eq!(reason.code(), code, "{policy}: {reason}");
        assert!(reason.to_string().contains("public.docs"), "{reason}");
    }
    // Nothing is told of the policies.
    assert_eq!(
        scoped("SELECT 1 FROM docs", &[]).refusal.unwrap().code(),
        "row_security"
    );
}

#[test]
fn the_columns_of_a_policy_are_read() {
    let read = scoped("SELECT title FROM docs WHERE id = 'a'", &[TENANT]);
    assert!(is_dropped_by(
        &read,
        "UPDATE docs SET tenant = 'x' WHERE id = 'a'"
    ));
    assert!(is_dropped_by(&read, "UPDATE docs SET title = 'x' WHERE id = 'a'"));
    assert!(!is_dropped_by(&read, "UPDATE docs SET body = 'x' WHERE id = 'a'"));
    assert!(!is_dropped_by(
        &read,
        "UPDATE docs SET tenant = 'x' WHERE id = 'b'"
    ));
    let nothing_named = scoped("SELECT count(*) FROM docs", &[TENANT]);
    assert!(is_dropped_by(
        &nothing_named,
        "UPDATE docs SET tenant = 'x' WHERE id = 'b'"
    ));
    let view = scoped("SELECT title FROM titles", &[TENANT]);
    assert!(is_dropped_by(
        &view,
        "UPDATE docs SET tenant = 'x' WHERE id = 'b'"
    ));
}

#[test]
fn the_tables_of_a_policy_are_read_with_their_own_policies() {
    let policy =
        "(EXISTS ( SELECT 1 FROM (grants g JOIN teams t ON ((t.id = g.team))) WHERE (g.id = docs.id)))";
    let read = scoped("SELECT title FROM docs WHERE id = 'a'", &[policy]);
    assert_eq!(
        (&read.refusal, &read.names),
        (&None, &vec!["app.team".to_owned()])
    );
    for write in [
        "INSERT INTO grants (id, team) VALUES ('a', 'b')",
        "DELETE FROM grants WHERE id = 'z'",
        "UPDATE teams SET tenant = 'x' WHERE id = 'z'",
    ] {
        assert!(is_dropped_by(&read, write), "{write}");
    }
    assert!(read.depends_on.contains(&TableName::new("public", "grants")));
    // A policy that leads back to its own table, which PostgreSQL itself refuses to run.
    let read = scoped(
        "SELECT title FROM docs",
        &["(EXISTS ( SELECT 1 FROM docs d WHERE (d.id = docs.tenant)))"],
    );
    assert!(is_dropped_by(&read, "UPDATE docs SET body = 'x' WHERE id = 'b'"));
}

#[test]
fn a_joined_row_that_a_policy_hides_is_no_key_of_the_result() {
    let sql = "SELECT grants.team, docs.title FROM grants JOIN docs ON docs.id = grants.team";
    let read = scoped(sql, &[TENANT]);
    assert_eq!(read.refusal, None);
    assert!(read.reads.followed().next().is_none());
    assert!(is_dropped_by(
        &read,
        "UPDATE docs SET tenant = 'x' WHERE id = 'hidden'"
    ));
}
