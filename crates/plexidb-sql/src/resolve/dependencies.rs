//! What a statement reads into what its result depends on.
//!
//! Invariant: a column, a row or a join that is not understood widens to the whole table; what the blocks do not account for
//! is read as a whole.

use plexidb_core::{Facet, Place, Table, TableKind, TableName, Tag};

use super::keys::{self, TableKey};
use super::lookup::{Found, descendants, find};
use super::reads::Reads;
use crate::block::Block;
use crate::plan::{InsertNeed, PinnedKey, ReadPlan, TableRead};
use crate::profile::{Profile, RelationName};

mod columns;
mod joined;
mod pinned;
mod shown;

pub(super) use pinned::Pins;

/// A relation of a block with its table.
pub(super) struct Member<'p, 'c> {
    pub(super) position: usize,
    pub(super) alias: &'p str,
    pub(super) table: &'c Table,
    pub(super) is_nullable: bool,
}

/// The plan of a read.
pub(super) fn plan(profile: &Profile, reads: &Reads<'_>) -> ReadPlan {
    let catalog = reads.catalog;
    let mut plan = ReadPlan::default();
    let mut precise: Vec<RelationName> = Vec::new();
    for block in &profile.blocks {
        let mut members = Vec::new();
        for (position, relation) in block.relations.iter().enumerate() {
            let Some(name) = &relation.name else { continue };
            let Found::Table(table) = find(catalog, name, None) else {
                continue;
            };
            let is_simple = matches!(table.kind, TableKind::Table | TableKind::MaterializedView)
                && descendants(catalog, table).is_empty();
            if is_simple {
                members.push(Member {
                    position,
                    alias: &relation.alias,
                    table,
                    is_nullable: relation.is_nullable,
                });
                precise.push(name.clone());
            }
        }
        plan_block(profile, block, &members, reads, &mut plan);
    }
    let mut wide: Vec<&TableName> = reads.hidden.iter().collect();
    for relation in &profile.relations {
        if let Some(index) = precise.iter().position(|name| *name == relation.name) {
            precise.swap_remove(index);
            continue;
        }
        // Not in a block, or not a plain table: whatever the reads made of it.
        if let Found::Table(table) = find(catalog, &relation.name, None)
            && reads.tables.contains(&table.name)
        {
            wide.push(&table.name);
        }
    }
    wide.sort();
    wide.dedup();
    plan.tables.extend(wide.into_iter().map(whole));
    plan
}

/// A table of which everything matters.
fn whole(name: &TableName) -> TableRead {
    TableRead {
        label: format!("{name}: all rows and columns"),
        all: Tag::table(&name.schema, &name.name),
        table: Place::table(&name.schema, &name.name),
        facets: vec![Facet::ANY_COLUMN],
        insert: InsertNeed::Always,
        key: None,
        shown: None,
    }
}

fn plan_block(
    profile: &Profile,
    block: &Block,
    members: &[Member<'_, '_>],
    reads: &Reads<'_>,
    plan: &mut ReadPlan,
) {
    let pins = Pins::of(block, members);
    for member in members {
        let key = pinned::choose(&pins, member);
        let columns = columns::read_of(profile, member, reads);
        // A row that a policy hides is not in the result, and its key neither.
        let is_policed = !reads.policies_of(&member.table.name).is_empty();
        if key.is_none()
            && !is_policed
            && let Some(joined) = joined::key(profile, block, members, member, &columns)
        {
            plan.joined.push(joined);
            continue;
        }
        let is_parent = || joined::is_parent_of_another(block, members, member);
        let insert = match &key {
            Some((key, pinned)) if is_proven(block, member, key, pinned) => InsertNeed::UnlessFound,
            // Pinned to a key, a row that is there already may come by a change of that key.
            None if !is_policed && is_parent() => InsertNeed::Never,
            _ => InsertNeed::Always,
        };
        let is_one_row = matches!(&key, Some((key, pinned)) if key.is_unique && pinned.len() == 1);
        let (columns, shown) = if is_policed || is_one_row {
            (columns, None)
        } else {
            shown::split(block, members, member, columns)
        };
        plan.tables.push(TableRead {
            label: label(member, &columns, key.as_ref(), insert) + &shown::describe(shown.as_ref()),
            all: Tag::table(&member.table.name.schema, &member.table.name.name),
            table: keys::place(member.table),
            facets: columns.facets(),
            insert,
            key: key.map(|(_, pinned)| pinned),
            shown: shown.map(|(_, shown)| shown),
        });
    }
}

/// Whether a row of the result proves that the only row which the key can lead to is there.
fn is_proven(block: &Block, member: &Member<'_, '_>, key: &TableKey<'_>, pinned: &PinnedKey) -> bool {
    block.is_outermost
        && block.is_plain
        && !block.has_offset
        && key.is_unique
        && pinned.len() == 1
        && !member.is_nullable
}

fn label(
    member: &Member<'_, '_>,
    columns: &columns::Read,
    key: Option<&(TableKey<'_>, PinnedKey)>,
    insert: InsertNeed,
) -> String {
    let mut label = member.table.name.to_string();
    if let Some((key, pinned)) = key {
        label.push_str(" where ");
        label.push_str(&pinned::describe(key, pinned));
    }
    label.push_str(": ");
    label.push_str(match insert {
        InsertNeed::Always => "new rows, ",
        InsertNeed::UnlessFound => "new rows unless found, ",
        InsertNeed::Never => "",
    });
    label.push_str(&columns.describe());
    label
}
