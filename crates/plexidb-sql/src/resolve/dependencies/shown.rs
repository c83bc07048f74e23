//! Columns that a result merely shows, of rows whose unique key it holds.
//!
//! Invariant: such a column decides neither which rows the result has nor their order, so that a change of it in any other row
//! leaves the result as it is. That a row of the result goes, comes or moves to another key shows in the columns that remain.

use std::collections::BTreeSet;

use super::Member;
use super::columns::Read;
use super::joined::position;
use crate::block::Block;
use crate::plan::{FollowedKey, ShownColumns};
use crate::resolve::keys;

/// Takes the columns that are merely shown out of those that are read, where the result holds a key to follow them by.
pub(super) fn split(
    block: &Block,
    members: &[Member<'_, '_>],
    member: &Member<'_, '_>,
    columns: Read,
) -> (Read, Option<(String, ShownColumns)>) {
    match shown(block, members, member, &columns) {
        Some((rest, found)) => (rest, Some(found)),
        None => (columns, None),
    }
}

/// For people: the columns and the key by which they are followed.
pub(super) fn describe(shown: Option<&(String, ShownColumns)>) -> String {
    shown.map_or_else(String::new, |(label, _)| format!("; {label}"))
}

fn shown(
    block: &Block,
    members: &[Member<'_, '_>],
    member: &Member<'_, '_>,
    columns: &Read,
) -> Option<(Read, (String, ShownColumns))> {
    let Read::These(columns) = columns else {
        return None;
    };
    // An order that is not understood may be by the number of an output.
    if !block.is_outermost || !block.is_plain || block.merges_columns || block.order.is_none() {
        return None;
    }
    let (shown, rest): (BTreeSet<String>, BTreeSet<String>) = columns
        .iter()
        .cloned()
        .partition(|name| block.shown.contains(&name.to_lowercase()));
    if shown.is_empty() {
        return None;
    }
    let all = keys::keys(member.table);
    let unique = all.iter().filter(|key| key.is_unique && key.columns.len() == 1);
    let (column, key) = unique
        .filter_map(|key| {
            let is_own = |found: &Member<'_, '_>, name: &str| {
                found.position == member.position && name == key.columns[0].name
            };
            Some((position(block, members, is_own)?, key))
        })
        .next()?;
    let label = format!(
        "{} where {} is in the result",
        shown.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        key.columns[0].name
    );
    let each = Read::These(shown).facets();
    let of_row = if columns.len() == member.table.columns.len() {
        Read::All.facets()
    } else {
        each.clone()
    };
    let followed = FollowedKey {
        column,
        comparison: key.columns[0].comparison,
        space: key.space,
        facets: of_row,
        needs_insert: false,
        // A key that may be NULL leads to no row.
        is_null_nothing: false,
    };
    let shown = ShownColumns {
        facets: each,
        key: followed,
    };
    Some((Read::These(rest), (label, shown)))
}
