//! What a trigger writes besides the row that fires it: the statements of its body, each judged as any other; and what it
//! changes of that row.
//!
//! Invariant: a body that is not told, or not wholly understood, may do anything. It follows a trigger by one step: what
//! its writes entail in turn (keys, partitions, further triggers) is the caller's to follow, to the end.

use plexidb_core::{Catalog, Dialect, Table, TableKind, Trigger};

use super::lookup::{Found, find};
use super::reads::Reads;
use super::writes::Event;
use crate::profile::{Change, Effect, Profile, RelationName};
use crate::reason::{Reason, Unbounded};

mod body;
mod row;
#[cfg(test)]
mod tests;

use body::Piece;
pub(super) use row::{RowChange, changes};

/// What a trigger does to a table: to rows of which nothing is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TriggerWrite<'c> {
    /// A table or a view.
    pub(super) table: &'c Table,
    pub(super) change: Change,
    /// Whether conflicting rows are replaced: the triggers of this table do the same in turn.
    pub(super) is_replacing: bool,
}

/// Whether what happens to rows fires the trigger.
pub(super) fn fires(trigger: &Trigger, event: &Event) -> bool {
    match event {
        Event::Insert => trigger.is_on_insert,
        Event::Update { .. } => trigger.is_on_update,
        Event::Delete => trigger.is_on_delete,
        // PostgreSQL has triggers on TRUNCATE, of which a catalog does not tell.
        Event::Everything { .. } => true,
    }
}

/// Whether the statement replaces conflicting rows by SQLite's OR REPLACE: only such a one both adds or changes rows and
/// removes some.
pub(super) fn replaces(profile: &Profile, catalog: &Catalog) -> bool {
    let changes = || profile.targets.iter().map(|target| &target.change);
    catalog.dialect() == Dialect::Sqlite
        && changes().any(|change| *change == Change::Delete)
        && changes().any(|change| *change != Change::Delete)
}

/// What a trigger of this table writes. `is_replacing` says whether the change that fires it came with SQLite's OR REPLACE, which then
/// holds for all that its triggers write.
///
/// # Errors
///
/// Why that may be any table.
pub(super) fn effects<'c>(
    table: &Table,
    trigger: &Trigger,
    is_replacing: bool,
    catalog: &'c Catalog,
) -> Result<Vec<TriggerWrite<'c>>, Unbounded> {
    match (of_body(table, trigger, is_replacing, catalog), &trigger.writes) {
        (Err(reason), Some(names)) => declared(names, is_replacing, catalog).ok_or(reason),
        (found, _) => found,
    }
}

/// What the user says that it writes; `None` where the catalog lacks one of these tables.
fn declared<'c>(names: &[String], is_replacing: bool, catalog: &'c Catalog) -> Option<Vec<TriggerWrite<'c>>> {
    let writes = names.iter().map(|name| {
        let (schema, table) = name
            .split_once('.')
            .map_or((None, &**name), |(schema, table)| (Some(schema), table));
        Some(TriggerWrite {
            table: catalog.table(schema, table)?,
            // Whatever it does to them.
            change: Change::Truncate { is_cascading: true },
            is_replacing,
        })
    });
    writes.collect()
}

fn of_body<'c>(
    table: &Table,
    trigger: &Trigger,
    is_replacing: bool,
    catalog: &'c Catalog,
) -> Result<Vec<TriggerWrite<'c>>, Unbounded> {
    let unknown = || Unbounded::Trigger(table.name.to_string());
    let dialect = catalog.dialect();
    let text = trigger.body.as_deref().ok_or_else(unknown)?;
    let mut pieces = body::read(text, dialect).ok_or_else(unknown)?.pieces;
    if let Some(condition) = &trigger.condition {
        pieces.push(body::expression(condition, dialect).ok_or_else(unknown)?);
    }
    let mut judge = Judge {
        table,
        is_replacing: is_replacing && dialect == Dialect::Sqlite,
        catalog,
        writes: Vec::new(),
    };
    for piece in pieces {
        match piece {
            Piece::Statement(sql) => judge.add(Profile::analyze(&sql, dialect))?,
            Piece::Expression(sql) => judge.add(Profile::analyze(&format!("SELECT {sql}"), dialect))?,
        }
    }
    Ok(judge.writes)
}

/// The statements of a trigger so far.
struct Judge<'t, 'c> {
    /// The table that has the trigger.
    table: &'t Table,
    is_replacing: bool,
    catalog: &'c Catalog,
    writes: Vec<TriggerWrite<'c>>,
}

impl<'c> Judge<'_, 'c> {
    fn add(&mut self, mut profile: Profile) -> Result<(), Unbounded> {
        if profile.effect != Effect::Targets {
            return Err(self.unknown());
        }
        if self.catalog.dialect() == Dialect::Sqlite {
            // It refuses the write, or leaves the rest of the trigger out.
            profile.functions.retain(|call| call.name != "raise");
        }
        self.judge_reads(&profile)?;
        let is_replacing = self.is_replacing || replaces(&profile, self.catalog);
        for target in &profile.targets {
            for table in self.tables(&target.name)? {
                self.push(table, target.change.clone(), is_replacing);
                if self.is_replacing {
                    self.push(table, Change::Delete, is_replacing);
                }
            }
        }
        Ok(())
    }

    /// Judges what is called, in views too.
    fn judge_reads(&self, profile: &Profile) -> Result<(), Unbounded> {
        let mut reads = Reads::new(self.catalog);
        for relation in profile.relations.iter().filter(|relation| !relation.may_be_cte) {
            let others = self.namesakes(&relation.name);
            // A view that the catalog lacks may call anything.
            if let Found::Refused(Reason::UnknownTable(_)) = find(self.catalog, &relation.name, self.home())
                && self.catalog.dialect() != Dialect::Sqlite
                && others.is_empty()
            {
                return Err(self.unknown());
            }
            for view in others.into_iter().filter(|other| other.kind == TableKind::View) {
                reads.read_table(view);
            }
        }
        reads.read_in(profile, self.home());
        match reads.writing_function {
            Some(function) => Err(Unbounded::Function(function)),
            None => Ok(()),
        }
    }

    /// The tables that a name may mean.
    fn tables(&self, name: &RelationName) -> Result<Vec<&'c Table>, Unbounded> {
        let mut tables = self.namesakes(name);
        if tables.is_empty()
            && let Found::Table(table) = find(self.catalog, name, self.home())
        {
            tables.push(table);
        }
        if tables.is_empty() {
            return Err(self.unknown());
        }
        Ok(tables)
    }

    /// All tables of a name without a schema, where it may be looked up in any: SQLite's temporary triggers look into all schemas;
    /// in PostgreSQL a function may have a search path of its own, or act as another user, for whom `$user` is another schema.
    fn namesakes(&self, name: &RelationName) -> Vec<&'c Table> {
        let dialect = self.catalog.dialect();
        if dialect == Dialect::MySql || name.schema.is_some() {
            return Vec::new();
        }
        let is_meant = |table: &&Table| match dialect {
            Dialect::Postgres => table.name.name == name.name,
            Dialect::Sqlite | Dialect::MySql => table.name.name.eq_ignore_ascii_case(&name.name),
        };
        self.catalog.tables().iter().filter(is_meant).collect()
    }

    /// The schema in which names without one are looked up.
    fn home(&self) -> Option<&str> {
        (self.catalog.dialect() != Dialect::Postgres).then_some(self.table.name.schema.as_str())
    }

    fn push(&mut self, table: &'c Table, change: Change, is_replacing: bool) {
        let write = TriggerWrite {
            table,
            change,
            is_replacing,
        };
        if !self.writes.contains(&write) {
            self.writes.push(write);
        }
    }

    fn unknown(&self) -> Unbounded {
        Unbounded::Trigger(self.table.name.to_string())
    }
}
