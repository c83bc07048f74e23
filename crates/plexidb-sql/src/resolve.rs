//! A profile against a catalog: what its result depends on, what it touches, whether it may be cached.
//!
//! Invariant: a relation, function or type that the catalog does not vouch for widens the write and forbids caching.

use plexidb_core::{Catalog, Dialect, TableName};

mod builtin;
mod columns;
mod dependencies;
mod functions;
mod image;
mod keys;
mod learning;
mod lookup;
mod policies;
mod reads;
#[cfg(test)]
mod tests;
mod touches;
mod triggers;
mod writes;

use reads::Reads;

pub use policies::ScopedRead;

use crate::kind::StatementKind;
use crate::plan::{Precision, ReadPlan, WritePlan};
use crate::profile::{Effect, Profile};
use crate::reason::{Reason, Unbounded};

/// What a statement reads and writes in a given schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Footprint {
    /// What the result depends on, where it may be cached.
    pub reads: ReadPlan,
    /// The base tables on which the result depends, views expanded and partitions included; as far as known where
    /// the result may not be cached.
    pub depends_on: Vec<TableName>,
    /// What running it touches.
    pub writes: WriteExtent,
    /// Whether its result may be cached.
    pub cacheability: Cacheability,
    /// How it reads for a request with a security scope, where row-level security applies to something that it reads.
    pub scoped: Option<ScopedRead>,
    /// Whether nobody sees its writes before COMMIT, and a rollback undoes them.
    pub is_transactional: bool,
}

/// Whether a result may be cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cacheability {
    /// It may.
    Cacheable,
    /// It may not.
    Not(Reason),
}

/// What a statement touches.
#[derive(Clone, Debug, PartialEq)]
pub enum WriteExtent {
    /// Nothing that a result could depend on.
    Nothing,
    /// Rows of these tables.
    Tables {
        /// What of them.
        plan: WritePlan,
        /// Their names.
        names: Vec<TableName>,
    },
    /// Anything.
    Database(Unbounded),
}

impl Footprint {
    /// The footprint with what its statement's text is needed for: without it, the keys of rows are not learnt (see
    /// [`WritePlan::learning`]).
    #[must_use]
    pub fn with_statement(mut self, sql: &str, dialect: Dialect) -> Self {
        if let WriteExtent::Tables { plan, .. } = &mut self.writes
            && let Some(mut learning) = plan.learning.take()
        {
            let columns: Vec<&str> = learning.columns.iter().map(String::as_str).collect();
            if learning.lookup.is_some() {
                plan.learning = Some(learning);
            } else if let Some(extended) = learning::extended(sql, dialect, &columns) {
                learning.sql = extended;
                plan.learning = Some(learning);
            }
        }
        self
    }

    /// The footprint with less precision; see [`Precision`].
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.reads = self.reads.with_precision(precision);
        if let Some(scoped) = &mut self.scoped {
            scoped.reads = std::mem::take(&mut scoped.reads).with_precision(precision);
        }
        if let WriteExtent::Tables { plan, .. } = &mut self.writes {
            *plan = std::mem::take(plan).with_precision(precision);
        }
        self
    }

    /// Whether a fresher reading of the schema could change it: the statement names what the catalog does not hold.
    #[must_use]
    pub fn may_be_stale_catalog(&self) -> bool {
        let reads = matches!(&self.cacheability, Cacheability::Not(reason) if reason.may_be_stale_catalog());
        let writes = matches!(&self.writes, WriteExtent::Database(Unbounded::UnknownTable(_)));
        reads || writes
    }
}

/// Resolves a profile against a catalog of the same dialect.
///
/// ```
/// # use std::collections::HashMap;
/// use plexidb_core::{Catalog, Dialect, Table, TableKind, TableName};
/// use plexidb_sql::{Cacheability, Profile, resolve};
/// let users = Table::new(TableName::new("main", "users"), TableKind::Table);
/// let catalog = Catalog::new(Dialect::Sqlite, "3.50".into(), vec!["main".into()], vec![users], HashMap::new());
/// let profile = Profile::analyze("SELECT * FROM users WHERE id = ?", Dialect::Sqlite);
/// assert_eq!(resolve(&profile, &catalog).cacheability, Cacheability::Cacheable);
/// ```
#[must_use]
pub fn resolve(profile: &Profile, catalog: &Catalog) -> Footprint {
    let mut reads = Reads::new(catalog);
    reads.read(profile);
    let writes = write_extent(profile, catalog, &reads);
    let refusal = match profile.kind {
        StatementKind::Read => reads.refusal.clone(),
        _ => Some(profile.refusal.clone().unwrap_or(Reason::NotARead)),
    };
    Footprint {
        reads: dependencies::plan(profile, &reads),
        scoped: scoped_read(profile, &reads),
        is_transactional: is_transactional(&writes, catalog),
        writes,
        cacheability: refusal.map_or(Cacheability::Cacheable, Cacheability::Not),
        depends_on: reads.tables,
    }
}

/// The read as a request with a security scope runs it, where that makes a difference.
fn scoped_read(profile: &Profile, unscoped: &Reads<'_>) -> Option<ScopedRead> {
    if profile.kind != StatementKind::Read || !unscoped.has_row_security {
        return None;
    }
    let mut reads = Reads::under_scope(unscoped.catalog);
    reads.read(profile);
    let names = reads.policies.iter().flat_map(|policies| &policies.names);
    Some(ScopedRead {
        names: names.cloned().collect(),
        reads: dependencies::plan(profile, &reads),
        refusal: reads.refusal,
        depends_on: reads.tables,
    })
}

fn write_extent(profile: &Profile, catalog: &Catalog, reads: &Reads<'_>) -> WriteExtent {
    if let Effect::Unbounded(reason) = &profile.effect {
        return WriteExtent::Database(reason.clone());
    }
    if let Some(function) = &reads.writing_function {
        return WriteExtent::Database(Unbounded::Function(function.clone()));
    }
    if profile.targets.is_empty() {
        return WriteExtent::Nothing;
    }
    match writes::touched(profile, catalog) {
        Ok(steps) => {
            let mut names: Vec<TableName> = Vec::new();
            for step in &steps {
                if !names.contains(&step.table.name) {
                    names.push(step.table.name.clone());
                }
            }
            WriteExtent::Tables {
                plan: touches::plan(&steps, profile, catalog),
                names,
            }
        }
        Err(reason) => WriteExtent::Database(reason),
    }
}

fn is_transactional(writes: &WriteExtent, catalog: &Catalog) -> bool {
    let is_touched = |name: &TableName| match writes {
        WriteExtent::Nothing => false,
        WriteExtent::Tables { names, .. } => names.contains(name),
        WriteExtent::Database(_) => true,
    };
    // PostgreSQL and SQLite have no other tables.
    catalog.dialect() != Dialect::MySql
        || catalog
            .tables()
            .iter()
            .all(|table| table.is_transactional || !is_touched(&table.name))
}
