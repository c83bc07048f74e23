//! What a statement touches: its targets, and what follows from them by foreign keys, partitions and views.
//!
//! Invariant: a cascade is followed to its end, whether or not the database enforces the key at the moment; triggers
//! and rules, and whatever the catalog does not hold, make the extent unbounded.

use plexidb_core::{Catalog, Dialect, ForeignKey, ForeignKeyAction, Table, TableKind};

use super::functions;
use super::image::{self, Image, Values};
use super::lookup::{Found, ancestors, descendants, find};
use super::reads::Reads;
use super::triggers::{self, RowChange};
use crate::change::ChangeDetail;
use crate::profile::{Change, Effect, Profile};
use crate::reason::Unbounded;

#[cfg(test)]
mod tests;

/// What happens to rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// Rows are added: no foreign key acts on that.
    Insert,
    /// Columns change; `None` is any column. `new` are the values that they get, as far as known.
    Update {
        columns: Option<Vec<String>>,
        new: Values,
    },
    Delete,
    /// All rows go or come, and where `cascades` those of all referring tables go too.
    Everything {
        cascades: bool,
    },
}

struct Touch<'c> {
    catalog: &'c Catalog,
    pending: Vec<Step<'c>>,
    done: Vec<Step<'c>>,
    /// Writes of views, which have no rows of their own.
    views: Vec<Step<'c>>,
}

/// Something that happens to rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step<'c> {
    pub(super) table: &'c Table,
    pub(super) event: Event,
    /// Which rows.
    pub(super) image: Image,
    /// Whether it is a table that the statement names, not one that follows from it.
    pub(super) is_target: bool,
    /// Whether the rows may be in any of its partitions; a parent of the one that was written is merely shown.
    reaches_partitions: bool,
    /// Whether conflicting rows are replaced (SQLite), also by what triggers do.
    is_replacing: bool,
}

/// What a statement does to which tables, foreign keys and partitions followed.
///
/// # Errors
///
/// Why that may be anything to any table.
pub(super) fn touched<'c>(profile: &Profile, catalog: &'c Catalog) -> Result<Vec<Step<'c>>, Unbounded> {
    let mut touch = Touch {
        catalog,
        pending: Vec::new(),
        done: Vec::new(),
        views: Vec::new(),
    };
    let is_replacing = triggers::replaces(profile, catalog);
    for target in &profile.targets {
        let table = match find(catalog, &target.name, None) {
            Found::Table(table) => table,
            Found::Nothing | Found::Refused(_) => {
                return Err(Unbounded::UnknownTable(target.name.to_string()));
            }
        };
        if let Some(function) = writing_default(table, catalog) {
            return Err(Unbounded::Function(function));
        }
        let detail = profile.detail.as_ref();
        let mut event = Event::of(&target.change);
        if let Event::Update { new, .. } = &mut event {
            *new = image::new_values(detail, catalog);
            if is_replacing {
                new.retain_stored(table);
            }
        }
        let is_insert = matches!(detail, Some(ChangeDetail::Insert { .. }));
        let mut image = image::of_target(detail, &target.change, table, catalog);
        if is_insert {
            // Neither the row nor the one with which it conflicts need be what the text says.
            image.forget(&triggers::changes(table, &Event::Insert, catalog));
        }
        let image = if is_replacing {
            image.with_defaults_for_nulls(table)
        } else {
            image
        };
        touch.begin(Step {
            table,
            event,
            image,
            is_target: true,
            reaches_partitions: true,
            is_replacing,
        })?;
    }
    touch.follow()?;
    Ok(touch.done)
}

/// A function in a column's default that may write; only PostgreSQL lets a default call a user's function.
fn writing_default(table: &Table, catalog: &Catalog) -> Option<String> {
    if catalog.dialect() != Dialect::Postgres {
        return None;
    }
    let defaults = table
        .columns
        .iter()
        .filter_map(|column| column.default.as_deref());
    defaults
        .filter(|default| default.contains('('))
        .find_map(|default| {
            let profile = Profile::analyze(&format!("SELECT {default}"), catalog.dialect());
            let may_write = |call: &&crate::profile::FunctionCall| functions::judge(call, catalog).may_write;
            match profile.effect {
                Effect::Unbounded(_) => Some(default.to_owned()),
                Effect::Targets => profile.functions.iter().find(may_write).map(ToString::to_string),
            }
        })
}

impl<'c> Touch<'c> {
    /// Adds a table that is written, through a view to its base tables.
    fn begin(&mut self, step: Step<'c>) -> Result<(), Unbounded> {
        match step.table.kind {
            TableKind::Table | TableKind::Partitioned | TableKind::MaterializedView => self.push(step),
            // A trigger that writes its own view in turn is followed once.
            TableKind::View if self.views.contains(&step) => {}
            TableKind::View => {
                self.views.push(step.clone());
                self.fire(&step)?;
                // In SQLite what triggers do instead is all that happens; in PostgreSQL they may act besides.
                if self.catalog.dialect() != Dialect::Sqlite || step.table.triggers.is_empty() {
                    self.begin_view(&step)?;
                }
            }
            TableKind::Foreign => self.begin_foreign(step.table)?,
        }
        Ok(())
    }

    fn begin_view(&mut self, step: &Step<'c>) -> Result<(), Unbounded> {
        let view = step.table;
        let unknown = || Unbounded::View(view.name.to_string());
        let mut reads = Reads::new(self.catalog);
        reads.read_table(view);
        // Functions in a view's columns do not matter to what is written through it; unknown tables do.
        let is_understood = reads.writing_function.is_none()
            && !reads.tables.is_empty()
            && reads.refusal.as_ref().is_none_or(is_about_values);
        if !is_understood {
            return Err(unknown());
        }
        for name in reads.tables {
            let table = self
                .catalog
                .table(Some(&name.schema), &name.name)
                .ok_or_else(unknown)?;
            // The view's column names need not be the table's.
            let event = match &step.event {
                Event::Update { .. } => any_update(),
                other => other.clone(),
            };
            self.add(table, event, Image::Unknown);
        }
        Ok(())
    }

    /// A virtual table of SQLite keeps its rows in tables whose names begin with its own.
    fn begin_foreign(&mut self, table: &'c Table) -> Result<(), Unbounded> {
        if self.catalog.dialect() != Dialect::Sqlite {
            return Err(Unbounded::Anything);
        }
        self.add(table, Event::Everything { cascades: false }, Image::Unknown);
        let prefix = format!("{}_", table.name.name.to_lowercase());
        for other in self.catalog.tables() {
            if other.name.name.to_lowercase().starts_with(&prefix) {
                self.add(other, Event::Everything { cascades: false }, Image::Unknown);
            }
        }
        Ok(())
    }

    fn add(&mut self, table: &'c Table, event: Event, image: Image) {
        self.push(Step {
            table,
            event,
            image,
            is_target: false,
            reaches_partitions: true,
            is_replacing: false,
        });
    }

    fn push(&mut self, step: Step<'c>) {
        if !self.done.contains(&step) && !self.pending.contains(&step) {
            self.pending.push(step);
        }
    }

    /// Follows partitions and foreign keys until nothing new is met.
    fn follow(&mut self) -> Result<(), Unbounded> {
        while let Some(mut step) = self.pending.pop() {
            step.change_row(&triggers::changes(step.table, &step.event, self.catalog));
            // Before its triggers fire: those that set off each other would do so without end.
            if self.done.contains(&step) {
                continue;
            }
            self.fire(&step)?;
            self.done.push(step.clone());
            let Step {
                table, event, image, ..
            } = &step;
            if step.reaches_partitions {
                for relative in descendants(self.catalog, table) {
                    self.add(relative, event.clone(), image.clone());
                }
            }
            for relative in ancestors(self.catalog, table) {
                self.push(Step {
                    table: relative,
                    is_target: false,
                    reaches_partitions: false,
                    ..step.clone()
                });
            }
            for child in self.catalog.tables() {
                for key in child.foreign_keys.iter().filter(|key| is_parent(key, table)) {
                    if let Some(effect) = effect(key, table, event) {
                        let image = image::of_children(image, key, table, child);
                        self.add(child, effect, image);
                    }
                }
            }
        }
        Ok(())
    }
}

impl<'c> Touch<'c> {
    /// Adds what the triggers of a table write in turn.
    fn fire(&mut self, step: &Step<'c>) -> Result<(), Unbounded> {
        for trigger in step
            .table
            .triggers
            .iter()
            .filter(|trigger| triggers::fires(trigger, &step.event))
        {
            for write in triggers::effects(step.table, trigger, step.is_replacing, self.catalog)? {
                self.begin(Step {
                    table: write.table,
                    event: Event::of(&write.change),
                    image: Image::Unknown,
                    is_target: false,
                    reaches_partitions: true,
                    is_replacing: write.is_replacing,
                })?;
            }
        }
        Ok(())
    }
}

impl Step<'_> {
    /// Takes in what triggers make of the rows on their way.
    fn change_row(&mut self, change: &RowChange) {
        match (&mut self.event, change) {
            (Event::Insert, _) => self.image.forget(change),
            (Event::Update { columns, new }, RowChange::Columns(changed)) => {
                // The rows are found by their old values, which no trigger changes.
                new.forget(changed);
                if let Some(columns) = columns {
                    for column in changed {
                        if !columns.contains(column) {
                            columns.push(column.clone());
                        }
                    }
                }
            }
            (Event::Update { .. }, RowChange::Any) => {
                self.image = Image::Unknown;
                self.event = any_update();
            }
            (Event::Delete | Event::Everything { .. }, RowChange::Any) => self.image = Image::Unknown,
            (Event::Delete | Event::Everything { .. }, RowChange::Columns(_)) => {}
        }
    }
}

impl Event {
    fn of(change: &Change) -> Self {
        match change {
            Change::Insert => Self::Insert,
            Change::Refresh => Self::Everything { cascades: false },
            Change::Truncate { is_cascading } => Self::Everything {
                cascades: *is_cascading,
            },
            Change::Update(columns) => Self::Update {
                columns: columns.clone(),
                new: Values::default(),
            },
            Change::Delete => Self::Delete,
        }
    }
}

/// An update of which nothing is known.
fn any_update() -> Event {
    Event::Update {
        columns: None,
        new: Values::default(),
    }
}

fn is_parent(key: &ForeignKey, table: &Table) -> bool {
    key.parent.schema.eq_ignore_ascii_case(&table.name.schema)
        && key.parent.name.eq_ignore_ascii_case(&table.name.name)
}

/// What a foreign key does to its child when this happens to the parent.
fn effect(key: &ForeignKey, parent: &Table, event: &Event) -> Option<Event> {
    let changed = |new: Values| Event::Update {
        columns: Some(key.columns.clone()),
        new,
    };
    match event {
        Event::Insert | Event::Everything { cascades: false } => None,
        Event::Everything { cascades: true } => Some(event.clone()),
        Event::Delete => match key.on_delete {
            ForeignKeyAction::Refuse => None,
            ForeignKeyAction::Cascade => Some(Event::Delete),
            ForeignKeyAction::SetNull => Some(changed(Values::nulls(&key.columns))),
            ForeignKeyAction::SetDefault => Some(changed(Values::default())),
        },
        Event::Update { columns, .. } => {
            let acts = key.on_update != ForeignKeyAction::Refuse && may_change(columns.as_ref(), key, parent);
            acts.then(|| changed(Values::default()))
        }
    }
}

/// Whether an update of these columns may change what the foreign key refers to.
fn may_change(columns: Option<&Vec<String>>, key: &ForeignKey, parent: &Table) -> bool {
    let Some(columns) = columns else { return true };
    // A key without columns refers to the parent's primary key, whatever that is.
    key.parent_columns.is_empty()
        || key.parent_columns.iter().any(|referenced| {
            let is_generated = parent.columns.iter().any(|column| {
                (column.is_generated || column.is_set_on_update)
                    && column.name.eq_ignore_ascii_case(referenced)
            });
            is_generated
                || columns
                    .iter()
                    .any(|column| column.eq_ignore_ascii_case(referenced) || is_rowid(column))
        })
}

/// SQLite's names for the key of a row, which may be any column of the table.
fn is_rowid(column: &str) -> bool {
    ["rowid", "oid", "_rowid_"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(column))
}

/// Whether a reason not to cache concerns the values that a view shows, not the tables from which they come.
fn is_about_values(reason: &crate::reason::Reason) -> bool {
    use crate::reason::Reason;
    match reason {
        Reason::View { reason, .. } => is_about_values(reason),
        Reason::TimeDependent(_)
        | Reason::SessionState(_)
        | Reason::VolatileFunction(_)
        | Reason::SystemColumn(_)
        | Reason::RowSecurity(_)
        | Reason::UnknownOperator(_) => true,
        _ => false,
    }
}
