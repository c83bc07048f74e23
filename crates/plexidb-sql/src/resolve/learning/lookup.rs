//! The query for the keys of rows that an UPDATE has changed, for databases without `UPDATE … RETURNING`.
//!
//! Invariant: it finds the rows by a unique key that the UPDATE itself leaves alone.

use plexidb_core::{Dialect, Facet, Tag};

use super::{bounding_keys, push_name};
use crate::change::ChangeDetail;
use crate::plan::Lookup;
use crate::profile::Profile;
use crate::resolve::image::Image;
use crate::resolve::keys;
use crate::resolve::writes::{Event, Step};

/// The query for these columns; `None` where no unique key finds the rows afterwards.
pub(super) fn of_update(step: &Step<'_>, profile: &Profile, columns: &[String]) -> Option<Lookup> {
    let (Some(ChangeDetail::Update { block, .. }), Image::Fixed(values)) = (&profile.detail, &step.image)
    else {
        return None;
    };
    let Event::Update {
        columns: Some(changed),
        ..
    } = &step.event
    else {
        return None;
    };
    if block.relations.len() != 1 || columns.is_empty() {
        return None;
    }
    let table = step.table;
    let stays = |name: &String| {
        let column = keys::column(table, name);
        column.is_some_and(|column| !column.is_generated && !column.is_set_on_update)
            && !changed.iter().any(|other| other.eq_ignore_ascii_case(name))
    };
    let key = bounding_keys(step, table).find(|key| key.columns.iter().all(stays))?;

    let mut sql = String::from("SELECT ");
    for (index, column) in columns.iter().enumerate() {
        sql.push_str(if index == 0 { "" } else { ", " });
        push_name(&mut sql, column, Dialect::MySql);
    }
    sql.push_str(" FROM ");
    push_name(&mut sql, &table.name.schema, Dialect::MySql);
    sql.push('.');
    push_name(&mut sql, &table.name.name, Dialect::MySql);
    let mut found = Vec::new();
    for (index, column) in key.columns.iter().enumerate() {
        let pinned = values.of(column)?;
        sql.push_str(if index == 0 { " WHERE " } else { " AND " });
        push_name(&mut sql, column, Dialect::MySql);
        sql.push_str(" IN (?");
        sql.push_str(&", ?".repeat(pinned.len().saturating_sub(1)));
        sql.push(')');
        found.extend_from_slice(pinned);
    }
    let place = keys::place(table);
    let mut guards = vec![Tag::DATABASE, Tag::table(&table.name.schema, &table.name.name)];
    guards.extend(key.columns.iter().map(|column| place.tag(Facet::column(column))));
    Some(Lookup {
        sql,
        values: found,
        guards,
    })
}
