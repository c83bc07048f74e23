//! Which columns of a table a statement reads.
//!
//! Invariant: more rather than fewer: a name counts for every table that it may mean, and one that nobody can attribute
//! counts as all columns.

use std::collections::BTreeSet;

use plexidb_core::{Dialect, Facet, Table};

use super::Member;
use crate::profile::Profile;
use crate::resolve::keys;
use crate::resolve::reads::Reads;

/// With more columns than this one tag stands for all.
const COLUMNS_MAX: usize = 12;
/// Columns that every row of PostgreSQL or SQLite has besides its own.
const SYSTEM: &[&str] = &[
    "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid", "rowid", "_rowid_",
];

/// The columns that are read.
pub(super) enum Read {
    All,
    These(BTreeSet<String>),
}

impl Read {
    /// The facets of a read of these columns of one row of the table: where it reads every column, one tag tells as much as
    /// one for each.
    pub(super) fn facets_of_row(&self, table: &Table) -> Vec<Facet> {
        match self {
            Self::These(columns) if columns.len() == table.columns.len() => vec![Facet::ANY_COLUMN],
            _ => self.facets(),
        }
    }

    /// The facets of a read of these columns.
    pub(super) fn facets(&self) -> Vec<Facet> {
        let Self::These(columns) = self else {
            return vec![Facet::ANY_COLUMN];
        };
        match columns.len() {
            0 => vec![Facet::DELETE],
            1..=COLUMNS_MAX => columns.iter().map(|column| Facet::column(column)).collect(),
            _ => vec![Facet::ANY_COLUMN],
        }
    }

    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::These(mut columns), Self::These(others)) => {
                columns.extend(others);
                Self::These(columns)
            }
            _ => Self::All,
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::All => "any column".to_owned(),
            Self::These(columns) if columns.is_empty() => "presence".to_owned(),
            Self::These(columns) => columns.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The columns of this table that the statement, or a policy on the table, may read.
pub(super) fn read_of(profile: &Profile, member: &Member<'_, '_>, reads: &Reads<'_>) -> Read {
    let table = member.table;
    let policies = reads.policies_of(&table.name).iter();
    policies.fold(named_in(profile, member.alias, table, reads), |read, policy| {
        read.join(named_in(policy, &table.name.name, table, reads))
    })
}

fn named_in(profile: &Profile, alias: &str, table: &Table, reads: &Reads<'_>) -> Read {
    let columns = &profile.columns;
    let is_whole = columns.may_be_any || columns.all_of.iter().any(|name| name.eq_ignore_ascii_case(alias));
    if is_whole {
        return Read::All;
    }
    let mut found = BTreeSet::new();
    for column in &columns.named {
        let is_meant = column
            .qualifier
            .as_ref()
            .is_none_or(|qualifier| qualifier.eq_ignore_ascii_case(alias));
        if !is_meant {
            continue;
        }
        match keys::column(table, &column.name) {
            Some(known) => drop(found.insert(known.name.clone())),
            // A field of a row that the table has not: a row's own place, or a function in the form of a column.
            None if column.qualifier.is_some() => return Read::All,
            None if !is_attributed(&column.name, profile, reads) => return Read::All,
            None => {}
        }
    }
    // Names of the text that the tree shows nowhere as columns.
    let is_column = |name: &str| columns.named.iter().any(|column| column.name == name);
    for name in profile.names.iter().filter(|name| !is_column(name)) {
        found.extend(keys::column(table, name).map(|column| column.name.clone()));
    }
    add_rowid(table, reads, &mut found);
    Read::These(found)
}

/// Whether a name without a qualifier is a column of some table, or a name that the statement itself gives.
fn is_attributed(name: &str, profile: &Profile, reads: &Reads<'_>) -> bool {
    if SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(name)) {
        return false;
    }
    let is_of = |table: &Table| keys::column(table, name).is_some();
    let is_column = reads
        .tables
        .iter()
        .filter_map(|table| reads.catalog.table(Some(&table.schema), &table.name))
        .any(is_of);
    // The name of a relation alone is its whole row in PostgreSQL.
    let is_row = profile
        .blocks
        .iter()
        .flat_map(|block| &block.relations)
        .any(|relation| {
            relation.alias.eq_ignore_ascii_case(name) && reads.catalog.dialect() == Dialect::Postgres
        });
    !is_row
        && (is_column
            || profile
                .output_names
                .iter()
                .any(|output| output.eq_ignore_ascii_case(name)))
}

/// SQLite's INTEGER PRIMARY KEY is the rowid, which tables may be compared by in ways that name neither.
fn add_rowid(table: &Table, reads: &Reads<'_>, found: &mut BTreeSet<String>) {
    let is_rowid = |name: &&String| SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(name));
    if reads.catalog.dialect() == Dialect::Sqlite && found.iter().any(|name| is_rowid(&name)) {
        found.extend(table.columns.iter().map(|column| column.name.clone()));
    }
}
