//! Golden files: every statement of `fixtures/sql/` with all that is known of it.

use std::fmt::Write as _;
use std::path::Path;

use plexidb_core::Dialect;
use plexidb_sql::{Cacheability, KeyValue, Profile, WriteExtent, resolve};

use crate::catalog::{DIALECTS, catalog, short};

fn report(sql: &str, dialect: Dialect) -> String {
    let profile = Profile::analyze(sql, dialect);
    let footprint = resolve(&profile, &catalog(dialect));
    let mut out = format!("{sql}\n  kind        {}\n", profile.kind());
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "  {name:<11} {value}");
        }
    };
    match &footprint.cacheability {
        Cacheability::Cacheable => line("cacheable", "yes"),
        Cacheability::Not(reason) => line("cacheable", &format!("no: {reason} [{}]", reason.code())),
    }
    line("depends on", &short(&footprint.depends_on).join(", "));
    if footprint.cacheability == Cacheability::Cacheable {
        for label in footprint.reads.labels() {
            line("reads", label);
        }
    }
    match &footprint.writes {
        WriteExtent::Nothing => {}
        WriteExtent::Tables { names, plan } => {
            line("touches", &short(names).join(", "));
            for label in plan.labels() {
                line("writes", label);
            }
        }
        WriteExtent::Database(reason) => line("touches", &format!("the whole database: {reason}")),
    }
    if !footprint.is_transactional {
        line("visible", "before COMMIT");
    }
    line(
        "calls",
        &profile
            .functions()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    );
    let keys = profile.equality_keys().iter().map(|key| match &key.value {
        KeyValue::Literal(text) => format!("{} = {text}", key.column.name),
        KeyValue::Parameter(number) => format!("{} = parameter {number}", key.column.name),
    });
    line("fixed", &keys.collect::<Vec<_>>().join(", "));
    line("normalised", profile.normalised());
    out
}

fn check(file: &str, dialects: &[Dialect]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sql");
    let text = std::fs::read_to_string(folder.join(file).with_extension("sql"));
    let text = text.unwrap_or_else(|error| panic!("fixtures/sql/{file}.sql: {error}"));
    for dialect in dialects {
        let statements = text
            .split("\n\n")
            .map(str::trim)
            .filter(|sql| !sql.is_empty() && !sql.starts_with("-- "));
        let reports: Vec<String> = statements.map(|sql| report(sql, *dialect)).collect();
        assert!(reports.len() > 20);
        insta::with_settings!({ snapshot_path => &folder, prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("{file}_on_{}", dialect.name()), reports.join("\n"));
        });
    }
}

#[test]
fn statements_of_all_databases() {
    check("shared", &DIALECTS);
}

#[test]
fn statements_of_sqlite() {
    check("sqlite", &[Dialect::Sqlite]);
}

#[test]
fn statements_of_postgres() {
    check("postgres", &[Dialect::Postgres]);
}

#[test]
fn statements_of_mysql() {
    check("mysql", &[Dialect::MySql]);
}
