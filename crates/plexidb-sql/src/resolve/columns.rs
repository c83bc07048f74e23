//! Columns that are more than they seem: texts that become times, and functions in the form of columns.
//!
//! Invariant: a column is harmless only where a table of the catalog has it with a harmless type.

use plexidb_core::{Catalog, CatalogColumn, Dialect, Volatility};

use super::functions::{Verdict, judge as judge_function};
use super::reads::Resolved;
use crate::profile::{ColumnUse, FunctionCall, Profile};
use crate::reason::Reason;

/// What columns hide.
#[derive(Default)]
pub(super) struct Hidden {
    pub(super) refusal: Option<Reason>,
    pub(super) writing_function: Option<String>,
}

impl Hidden {
    fn refuse(&mut self, reason: Option<Reason>) {
        self.refusal = Reason::weightier(self.refusal.take(), reason);
    }
}

/// Looks at the columns that the statement names.
pub(super) fn judge(profile: &Profile, resolved: &[Resolved<'_, '_>], catalog: &Catalog) -> Hidden {
    let mut hidden = Hidden::default();
    match profile.dialect {
        Dialect::Sqlite => {}
        Dialect::Postgres => {
            for column in &profile.time_columns {
                if !holds_time(column, resolved) {
                    let what = format!("column {}, read as a time, may hold 'now' and", column.name);
                    hidden.refuse(Some(Reason::TimeDependent(what)));
                }
            }
            for column in &profile.columns.named {
                judge_attribute(column, profile, resolved, catalog, &mut hidden);
            }
        }
        Dialect::MySql => {
            if let Some(column) = time_of_today(profile, resolved) {
                let what = format!("the TIME column {column} beside dates");
                hidden.refuse(Some(Reason::TimeDependent(what)));
            }
        }
    }
    hidden
}

/// Whether every column that may be meant holds times or numbers, not texts.
fn holds_time(column: &ColumnUse, resolved: &[Resolved<'_, '_>]) -> bool {
    const TIMELY: &[&str] = &[
        "timestamp",
        "date",
        "time",
        "interval",
        "int",
        "bigint",
        "smallint",
        "numeric",
        "double",
        "real",
        "float",
        "bool",
        "uuid",
        "ts",
        "tstzrange",
    ];
    let found = meant(column, resolved);
    !found.is_empty()
        && found.iter().all(|column| {
            column.is_some_and(|column| {
                let type_name = column.type_name.to_lowercase();
                TIMELY.iter().any(|timely| type_name.starts_with(timely))
                    && !type_name.starts_with("tsvector")
            })
        })
}

/// The columns that a name may mean: one of the table that qualifies it (`None` where that table has none of the
/// name), or those of all tables that have one.
fn meant<'c>(column: &ColumnUse, resolved: &[Resolved<'_, 'c>]) -> Vec<Option<&'c CatalogColumn>> {
    let of = |resolved: &Resolved<'_, 'c>| {
        resolved
            .table
            .columns
            .iter()
            .find(|known| known.name.eq_ignore_ascii_case(&column.name))
    };
    match &column.qualifier {
        Some(qualifier) => resolved
            .iter()
            .filter(|resolved| is_called(resolved, qualifier))
            .map(of)
            .collect(),
        None => resolved.iter().filter_map(of).map(Some).collect(),
    }
}

fn is_called(resolved: &Resolved<'_, '_>, qualifier: &str) -> bool {
    let name = resolved
        .relation
        .alias
        .as_ref()
        .unwrap_or(&resolved.relation.name.name);
    name.eq_ignore_ascii_case(qualifier)
}

/// PostgreSQL reads `t.f` as `f(t)` where the table has no column of that name.
fn judge_attribute(
    column: &ColumnUse,
    profile: &Profile,
    resolved: &[Resolved<'_, '_>],
    catalog: &Catalog,
    hidden: &mut Hidden,
) {
    if column.qualifier.is_none() {
        return;
    }
    let name = column.name.to_lowercase();
    if matches!(catalog.function(&name), None | Some(Volatility::Immutable)) {
        return;
    }
    let found = meant(column, resolved);
    let is_column = if found.is_empty() {
        // The qualifier is a subquery, a common table expression or an expression.
        profile.output_names.contains(&column.name)
            || resolved.iter().any(|resolved| {
                resolved
                    .table
                    .columns
                    .iter()
                    .any(|known| known.name == column.name)
            })
    } else {
        found.iter().all(Option::is_some)
    };
    if is_column {
        return;
    }
    let call = FunctionCall {
        schema: None,
        name,
        arguments: Some(1),
        is_table: false,
    };
    let Verdict { refusal, may_write } = judge_function(&call, catalog);
    hidden.refuse(refusal);
    if may_write {
        hidden.writing_function.get_or_insert(call.name);
    }
}

/// MySQL completes a TIME with today's date when it meets a date; a statement that names both may do so.
fn time_of_today(profile: &Profile, resolved: &[Resolved<'_, '_>]) -> Option<String> {
    const CASTS: &[&str] = &[
        "cast",
        "convert",
        "timestamp",
        "date",
        "adddate",
        "date_add",
        "date_sub",
        "subdate",
        "timestampadd",
        "timestampdiff",
        "datediff",
        "unix_timestamp",
        "date_format",
    ];
    let types = |is_wanted: fn(&str) -> bool| {
        profile.columns.named.iter().find(|column| {
            meant(column, resolved)
                .into_iter()
                .flatten()
                .any(|known| is_wanted(&known.type_name.to_lowercase()))
        })
    };
    let is_time = |name: &str| name.starts_with("time") && !name.starts_with("timestamp");
    let is_date = |name: &str| name.starts_with("date") || name.starts_with("timestamp");
    let time = types(is_time)?;
    let meets_date = types(is_date).is_some()
        || profile
            .functions
            .iter()
            .any(|call| CASTS.contains(&call.name.as_str()));
    meets_date.then(|| time.name.clone())
}
