//! Tables whose rows the result itself names, and parents that every child has.
//!
//! Invariant: all rows of the table that were considered are among the rows of the result, so that no other row of it can
//! change the result (`coherence`: keys from the result).

use plexidb_core::{CatalogColumn, Facet, Table, Tag};

use super::Member;
use super::columns::Read;
use super::pinned::meant;
use crate::block::{Block, Condition, Output};
use crate::plan::{FollowedKey, JoinedTable};
use crate::profile::{ColumnUse, Profile};
use crate::resolve::keys::{self, TableKey};

/// An equality that joins a relation to another by columns that compare alike.
struct Link<'m, 'p, 'c> {
    /// Its position among the block's conditions.
    condition: usize,
    own: &'c CatalogColumn,
    other: &'m Member<'p, 'c>,
    referencing: &'c CatalogColumn,
    /// Whether rows of the other that find no partner are dropped here, rather than kept without one.
    is_inner: bool,
}

/// The key of the result by which a relation can be followed, if it is joined by nothing else.
pub(super) fn key(
    profile: &Profile,
    block: &Block,
    members: &[Member<'_, '_>],
    member: &Member<'_, '_>,
    columns: &Read,
) -> Option<JoinedTable> {
    if !block.is_outermost || !block.is_plain || block.merges_columns {
        return None;
    }
    let links = links(block, members, member);
    let [link] = links.as_slice() else { return None };
    let key = keys::keys(member.table)
        .into_iter()
        .find(|key| key.is_unique && is_column(key, link.own))?;
    let is_alone = block
        .conditions
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != link.condition)
        .all(|(_, restriction)| {
            let mentioned = restriction.condition.columns();
            mentioned.into_iter().all(|column| is_of_others(column, member))
        });
    let is_ordered_by_others = !block.is_bounded
        || block.order.as_ref().is_some_and(|order| {
            order
                .iter()
                .all(|column| is_of_others(column, member) && !is_output_name(column, profile))
        });
    let has_all = !link.is_inner || refers(link.other.table, link.referencing, member.table, link.own);
    // Rows that are skipped show in the result by their number alone, which the row that each joins must not change.
    if !is_alone || !is_ordered_by_others || !has_all && block.has_offset {
        return None;
    }
    let column = position(block, members, |found, name| {
        let is_referencing = found.position == link.other.position && name == link.referencing.name;
        let is_own = found.position == member.position && name == link.own.name;
        is_referencing || is_own && !member.is_nullable
    })?;
    Some(joined(member, &key, columns, column, has_all))
}

/// `has_all`: no row of the other relation can lack its row of this one, or it is returned without.
fn joined(
    member: &Member<'_, '_>,
    key: &TableKey<'_>,
    columns: &Read,
    column: usize,
    has_all: bool,
) -> JoinedTable {
    let name = &key.columns[0].name;
    let needs_insert = member.is_nullable;
    let table = keys::place(member.table);
    let mut guards: Vec<Tag> = columns
        .facets()
        .into_iter()
        .map(|facet| table.tag(facet))
        .collect();
    if needs_insert {
        guards.push(table.tag(Facet::INSERT));
    }
    let missing = if has_all {
        Vec::new()
    } else {
        // A row whose partner is missing is not in the result: it comes when the partner does.
        vec![table.tag(Facet::INSERT), table.tag(Facet::column(name))]
    };
    let new = if needs_insert || !has_all {
        "new rows, "
    } else {
        ""
    };
    JoinedTable {
        label: format!(
            "{} where {name} is in the result: {new}{}",
            member.table.name,
            columns.describe()
        ),
        all: Tag::table(&member.table.name.schema, &member.table.name.name),
        key: FollowedKey {
            column,
            comparison: key.columns[0].comparison,
            space: key.space,
            facets: columns.facets_of_row(member.table),
            needs_insert,
            // Nothing equals NULL: no row was joined, and none can be.
            is_null_nothing: true,
        },
        missing,
        guards,
    }
}

/// Whether every row of some other relation of the block has its row of this one, by an enforced foreign key along which
/// they are joined: a new row then changes nothing.
pub(super) fn is_parent_of_another(
    block: &Block,
    members: &[Member<'_, '_>],
    member: &Member<'_, '_>,
) -> bool {
    links(block, members, member)
        .iter()
        .any(|link| refers(link.other.table, link.referencing, member.table, link.own))
}

/// The equalities that restrict this relation to values of others.
fn links<'m, 'p, 'c>(
    block: &Block,
    members: &'m [Member<'p, 'c>],
    member: &Member<'_, '_>,
) -> Vec<Link<'m, 'p, 'c>> {
    let mut found = Vec::new();
    for (index, restriction) in block.conditions.iter().enumerate() {
        let Condition::Equal(left, right) = &restriction.condition else {
            continue;
        };
        if !restriction.restricts.contains(&member.position) {
            continue;
        }
        let sides = meant(block, members, left).zip(meant(block, members, right));
        let Some(((one, one_name), (two, two_name))) = sides else {
            continue;
        };
        let (own, own_name, other, other_name) = if one.position == member.position {
            (one, one_name, two, two_name)
        } else {
            (two, two_name, one, one_name)
        };
        if own.position != member.position || other.position == member.position {
            continue;
        }
        let columns = keys::column(own.table, &own_name).zip(keys::column(other.table, &other_name));
        if let Some((own, referencing)) = columns
            && keys::are_comparable(own, referencing)
        {
            found.push(Link {
                condition: index,
                own,
                other,
                referencing,
                is_inner: restriction.restricts.contains(&other.position),
            });
        }
    }
    found
}

fn is_column(key: &TableKey<'_>, column: &CatalogColumn) -> bool {
    matches!(key.columns.as_slice(), [only] if only.name == column.name)
}

/// Whether an enforced foreign key of one column leads from the child to the parent. Where it is NULL the row has no parent,
/// and none that comes can be joined to it.
fn refers(child: &Table, column: &CatalogColumn, parent: &Table, parent_column: &CatalogColumn) -> bool {
    child.foreign_keys.iter().any(|key| {
        let is_to = key.parent.schema.eq_ignore_ascii_case(&parent.name.schema)
            && key.parent.name.eq_ignore_ascii_case(&parent.name.name);
        let is_along = matches!(
            (key.columns.as_slice(), key.parent_columns.as_slice()),
            ([from], [to]) if from.eq_ignore_ascii_case(&column.name) && to.eq_ignore_ascii_case(&parent_column.name)
        );
        key.is_enforced && is_to && is_along
    })
}

/// Whether a column is certainly not one of this relation.
fn is_of_others(column: &ColumnUse, member: &Member<'_, '_>) -> bool {
    match &column.qualifier {
        Some(qualifier) => !qualifier.eq_ignore_ascii_case(member.alias),
        None => {
            keys::column(member.table, &column.name).is_none()
                && !column.name.eq_ignore_ascii_case(member.alias)
        }
    }
}

fn is_output_name(column: &ColumnUse, profile: &Profile) -> bool {
    let is_same = |name: &String| name.eq_ignore_ascii_case(&column.name);
    column.qualifier.is_none() && profile.output_names.iter().any(is_same)
}

/// The position of the first column of the result that is one of those wanted; nobody knows for certain how many columns a
/// `*` before it stands for.
pub(super) fn position(
    block: &Block,
    members: &[Member<'_, '_>],
    is_wanted: impl Fn(&Member<'_, '_>, &str) -> bool,
) -> Option<usize> {
    for (index, output) in block.outputs.iter().enumerate() {
        match output {
            Output::All(_) => return None,
            Output::Column(column) => {
                if let Some((found, name)) = meant(block, members, column)
                    && is_wanted(found, &name)
                {
                    return Some(index);
                }
            }
            Output::Other => {}
        }
    }
    None
}
