//! Which columns of a block's relations are fixed to values, and the key that follows.
//!
//! Invariant: a pin of a relation's column holds for every row of it that can matter to the result.

use plexidb_core::Value;

use super::Member;
use crate::block::{Block, Condition};
use crate::plan::{PINNED_VALUES_MAX, PinnedColumn, PinnedKey, PinnedValue};
use crate::profile::ColumnUse;
use crate::resolve::keys::{self, TableKey};

/// The fixed columns of a block: the relation's position, the column's own name, its values.
pub(in crate::resolve) struct Pins(Vec<(usize, String, Vec<PinnedValue>)>);

impl Pins {
    pub(in crate::resolve) fn of(block: &Block, members: &[Member<'_, '_>]) -> Self {
        let mut pins = Self(Vec::new());
        for restriction in &block.conditions {
            if let Condition::Pin { column, values } = &restriction.condition
                && let Some((member, name)) = meant(block, members, column)
                && restriction.restricts.contains(&member.position)
            {
                pins.add(member.position, &name, values);
            }
        }
        // Equal columns pass their values on, along chains of joins.
        for _ in 0..members.len() {
            for restriction in &block.conditions {
                if let Condition::Equal(left, right) = &restriction.condition {
                    pins.pass_on(block, members, (left, right), &restriction.restricts);
                    pins.pass_on(block, members, (right, left), &restriction.restricts);
                }
            }
        }
        pins
    }

    fn add(&mut self, position: usize, name: &str, values: &[PinnedValue]) {
        let known = self.values(position, name).map(<[PinnedValue]>::len);
        // Of two conditions each is true: the shorter list tells more.
        if known.is_none_or(|known| values.len() < known) {
            self.0
                .retain(|(other, column, _)| !(*other == position && column == name));
            self.0.push((position, name.to_owned(), values.to_vec()));
        }
    }

    fn pass_on(
        &mut self,
        block: &Block,
        members: &[Member<'_, '_>],
        (from, to): (&ColumnUse, &ColumnUse),
        restricts: &[usize],
    ) {
        let (Some((source, source_name)), Some((target, target_name))) =
            (meant(block, members, from), meant(block, members, to))
        else {
            return;
        };
        let are_comparable = keys::column(source.table, &source_name)
            .zip(keys::column(target.table, &target_name))
            .is_some_and(|(one, other)| keys::are_comparable(one, other));
        if !are_comparable || source.position == target.position || !restricts.contains(&target.position) {
            return;
        }
        if let Some(values) = self
            .values(source.position, &source_name)
            .map(<[PinnedValue]>::to_vec)
        {
            self.add(target.position, &target_name, &values);
        }
    }

    /// The values that a column of the relation at this position is fixed to.
    pub(in crate::resolve) fn values(&self, position: usize, name: &str) -> Option<&[PinnedValue]> {
        let found = self
            .0
            .iter()
            .find(|(other, column, _)| *other == position && column == name);
        found.map(|(_, _, values)| values.as_slice())
    }
}

/// The relation and the column's own name that a use of a column means, where there is no doubt.
pub(super) fn meant<'m, 'p, 'c>(
    block: &Block,
    members: &'m [Member<'p, 'c>],
    column: &ColumnUse,
) -> Option<(&'m Member<'p, 'c>, String)> {
    let own = |member: &Member<'_, '_>| keys::column(member.table, &column.name).map(|own| own.name.clone());
    let Some(qualifier) = &column.qualifier else {
        // Without a qualifier it may be a column of something whose columns nobody knows here.
        if block.merges_columns || members.len() != block.relations.len() {
            return None;
        }
        let mut found = members.iter().filter_map(|member| Some((member, own(member)?)));
        let first = found.next()?;
        return found.next().is_none().then_some(first);
    };
    let named = block
        .relations
        .iter()
        .filter(|relation| relation.alias.eq_ignore_ascii_case(qualifier));
    if named.count() != 1 {
        return None;
    }
    let member = members
        .iter()
        .find(|member| member.alias.eq_ignore_ascii_case(qualifier))?;
    Some((member, own(member)?))
}

/// The key of the relation that its pins fix best.
pub(super) fn choose<'c>(pins: &Pins, member: &Member<'_, 'c>) -> Option<(TableKey<'c>, PinnedKey)> {
    let fixed = keys::keys(member.table).into_iter().filter_map(|key| {
        let pinned = pinned(pins, member.position, &key)?;
        Some((key, pinned))
    });
    // A unique key tells most, then the one with more columns, then the one with fewer values.
    fixed.max_by_key(|(key, pinned)| (key.is_unique, key.columns.len(), std::cmp::Reverse(pinned.len())))
}

/// The key with the values to which all its columns are fixed.
pub(in crate::resolve) fn pinned(pins: &Pins, position: usize, key: &TableKey<'_>) -> Option<PinnedKey> {
    let columns: Option<Vec<PinnedColumn>> = key
        .columns
        .iter()
        .map(|column| {
            Some(PinnedColumn {
                comparison: column.comparison,
                values: pins.values(position, &column.name)?.to_vec(),
            })
        })
        .collect();
    let pinned = PinnedKey {
        space: key.space,
        columns: columns?,
    };
    (pinned.len() <= PINNED_VALUES_MAX).then_some(pinned)
}

/// `channel_id = $1 and user_id = 7`.
pub(in crate::resolve) fn describe(key: &TableKey<'_>, pinned: &PinnedKey) -> String {
    let columns = key.columns.iter().zip(&pinned.columns).map(|(column, pinned)| {
        let values: Vec<String> = pinned.values.iter().map(describe_value).collect();
        match values.as_slice() {
            [value] => format!("{} = {value}", column.name),
            values => format!("{} in ({})", column.name, values.join(", ")),
        }
    });
    columns.collect::<Vec<_>>().join(" and ")
}

fn describe_value(value: &PinnedValue) -> String {
    match value {
        PinnedValue::Parameter(index) | PinnedValue::ParameterUnlessNull(index) => format!("${}", index + 1),
        PinnedValue::Constant(Value::Int(number)) => number.to_string(),
        PinnedValue::Constant(Value::Bool(value)) => value.to_string(),
        // Texts may be anybody's secrets.
        PinnedValue::Constant(_) => "?".to_owned(),
    }
}
