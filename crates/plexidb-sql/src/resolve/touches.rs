//! What happens to rows into the tags that it touches.
//!
//! Invariant: for each key of a table the value of every row is named, or the rows of unknown value are touched.

use plexidb_core::{Catalog, CatalogColumn, Facet, KeySpace, Table, TableKind, Tag};

use super::image::{Image, Row, Values};
use super::keys::{self, TableKey};
use super::learning;
use super::lookup::{ancestors, descendants};
use super::triggers;
use super::writes::{Event, Step};
use crate::change::ChangeDetail;
use crate::plan::{KeyTouch, PinnedColumn, PinnedKey, TableTouch, TouchedKey, WritePlan};
use crate::profile::Profile;

/// The plan of these steps of a statement.
pub(super) fn plan(steps: &[Step<'_>], profile: &Profile, catalog: &Catalog) -> WritePlan {
    let mut plan = WritePlan {
        tables: steps.iter().map(touch).collect(),
        is_void_without_rows: is_void_without_rows(steps, profile, catalog),
        ..WritePlan::default()
    };
    learning::prepare(&mut plan, steps, profile, catalog);
    plan
}

/// Whether a count of no rows excludes every effect. A trigger may act once a statement, or turn rows away after it has written
/// others; another statement in WITH has a count of its own.
fn is_void_without_rows(steps: &[Step<'_>], profile: &Profile, catalog: &Catalog) -> bool {
    let targets = match &profile.detail {
        // Of an upsert the second is the row that is there already.
        Some(ChangeDetail::Insert { assignments, .. }) if !assignments.is_empty() => 2,
        Some(_) => 1,
        None => return false,
    };
    let is_plain = |step: &Step<'_>| {
        step.table.kind == TableKind::Table
            && step.table.triggers.is_empty()
            && ancestors(catalog, step.table).is_empty()
            && descendants(catalog, step.table).is_empty()
    };
    profile.targets.len() == targets
        && steps.iter().filter(|step| step.is_target).all(is_plain)
        // What SQLite replaces goes before it is known whether anything comes in its place.
        && !triggers::replaces(profile, catalog)
}

fn touch(step: &Step<'_>) -> TableTouch {
    let table = step.table;
    let mut touch = TableTouch {
        label: String::new(),
        all: Tag::table(&table.name.schema, &table.name.name),
        is_unbounded: false,
        table: keys::place(table),
        facets: Vec::new(),
        keys: Vec::new(),
    };
    match &step.event {
        Event::Everything { .. } => touch.is_unbounded = true,
        Event::Insert => {
            touch.facets = vec![Facet::INSERT];
            for key in keys::keys(table) {
                let known = inserted(&key, &step.image);
                touch.keys.push(key_touch(&key, &touch.facets, known));
            }
        }
        Event::Delete => {
            touch.facets = of_delete(table);
            for key in keys::keys(table) {
                let known = fixed(&key, &step.image, None);
                touch.keys.push(key_touch(&key, &touch.facets, known));
            }
        }
        Event::Update { columns, new } => update(&mut touch, step, columns.as_deref(), new),
    }
    touch.label = label(step, &touch);
    touch
}

fn update(touch: &mut TableTouch, step: &Step<'_>, columns: Option<&[String]>, new: &Values) {
    let table = step.table;
    let changed = changed(table, columns);
    touch.facets = changed.iter().map(|column| Facet::column(&column.name)).collect();
    touch.facets.push(Facet::ANY_COLUMN);
    for key in keys::keys(table) {
        let may_move = key
            .columns
            .iter()
            .any(|own| changed.iter().any(|column| column.name == own.name));
        let old = fixed(&key, &step.image, None);
        if !may_move {
            touch.keys.push(key_touch(&key, &touch.facets, old));
            continue;
        }
        // The row leaves its old value and comes to a new one.
        touch.keys.push(key_touch(&key, &of_delete(table), old));
        let moved: Vec<&CatalogColumn> = key
            .columns
            .iter()
            .copied()
            .filter(|own| changed.iter().any(|column| column.name == own.name))
            .collect();
        let to = fixed(&key, &step.image, Some((&moved, new)));
        let mut facets = touch.facets.clone();
        facets.push(Facet::INSERT);
        touch.keys.push(key_touch(&key, &facets, to));
    }
}

/// The columns that an update may change: those that it names, and those that the database sets besides.
fn changed<'c>(table: &'c Table, columns: Option<&[String]>) -> Vec<&'c CatalogColumn> {
    let is_named = |column: &CatalogColumn| {
        columns.is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(&column.name)))
    };
    // A name that the table has not may be any of its columns: SQLite's rowid.
    let has_unknown =
        columns.is_some_and(|names| names.iter().any(|name| keys::column(table, name).is_none()));
    let all = table.columns.iter();
    all.filter(|column| has_unknown || is_named(column) || column.is_generated || column.is_set_on_update)
        .collect()
}

fn of_delete(table: &Table) -> Vec<Facet> {
    let columns = table.columns.iter().map(|column| Facet::column(&column.name));
    [Facet::DELETE, Facet::ANY_COLUMN]
        .into_iter()
        .chain(columns)
        .collect()
}

fn key_touch(key: &TableKey<'_>, facets: &[Facet], known: Option<TouchedKey>) -> KeyTouch {
    KeyTouch {
        space: key.space,
        facets: facets.to_vec(),
        key: known.unwrap_or(TouchedKey::Unknown),
        is_learnt: false,
    }
}

/// The key's values in the rows that an INSERT lists.
fn inserted(key: &TableKey<'_>, image: &Image) -> Option<TouchedKey> {
    match image {
        Image::Rows(rows) => {
            let listed: Option<Vec<PinnedKey>> = rows.iter().map(|row| of_row(key, row)).collect();
            Some(TouchedKey::Listed(listed?))
        }
        Image::Fixed(_) | Image::Unknown => fixed(key, image, None),
    }
}

fn of_row(key: &TableKey<'_>, row: &Row) -> Option<PinnedKey> {
    pinned(key.space, &key.columns, |column| {
        Some(vec![row.value(&column.name)?.clone()])
    })
}

/// The key's values where all rows have the same, or one of few; `moved` columns have their new ones.
fn fixed(
    key: &TableKey<'_>,
    image: &Image,
    moved: Option<(&[&CatalogColumn], &Values)>,
) -> Option<TouchedKey> {
    let empty = Values::default();
    let old = match image {
        Image::Fixed(values) => values,
        Image::Rows(_) | Image::Unknown => &empty,
    };
    let found = pinned(key.space, &key.columns, |column| {
        let values = match moved {
            Some((columns, new)) if columns.iter().any(|own| own.name == column.name) => new,
            _ => old,
        };
        values.of(&column.name).map(<[_]>::to_vec)
    });
    found.map(TouchedKey::Pinned)
}

fn pinned(
    space: KeySpace,
    columns: &[&CatalogColumn],
    values: impl Fn(&CatalogColumn) -> Option<Vec<crate::plan::PinnedValue>>,
) -> Option<PinnedKey> {
    let columns: Option<Vec<PinnedColumn>> = columns
        .iter()
        .map(|column| {
            Some(PinnedColumn {
                comparison: column.comparison,
                values: values(column)?,
            })
        })
        .collect();
    Some(PinnedKey {
        space,
        columns: columns?,
    })
}

fn label(step: &Step<'_>, touch: &TableTouch) -> String {
    let what = match &step.event {
        Event::Everything { .. } => "everything".to_owned(),
        Event::Insert => "new rows".to_owned(),
        Event::Delete => "rows deleted".to_owned(),
        Event::Update {
            columns: Some(columns),
            ..
        } => columns.join(", "),
        Event::Update { columns: None, .. } => "any column".to_owned(),
    };
    let mut unknown = Vec::new();
    let keys = keys::keys(step.table);
    for key in &keys {
        let is_unknown = touch
            .keys
            .iter()
            .any(|touched| touched.space == key.space && touched.key == TouchedKey::Unknown);
        if is_unknown {
            let names: Vec<&str> = key.columns.iter().map(|column| column.name.as_str()).collect();
            unknown.push(names.join("+"));
        }
    }
    let name = &step.table.name;
    match (touch.is_unbounded || keys.is_empty(), unknown.as_slice()) {
        (true, _) => format!("{name}: {what}"),
        (false, []) => format!("{name}: {what}, all keys known"),
        (false, unknown) => format!("{name}: {what}, unknown by {}", unknown.join(", ")),
    }
}
