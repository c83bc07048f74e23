//! Two parents with their children and fans: a parent that goes takes its children along and leaves its fans alone.

use plexidb::Value;

use crate::coherence::edit::{Edit, insert_sql, values};
use crate::coherence::fact::{Fact, NULL, Table, tuple};

pub(super) const UNITS: usize = 6;
pub(super) const PARENTS_PER_UNIT: i64 = 2;
pub(super) const CHILDREN_PER_UNIT: i64 = 4;
pub(super) const FANS_PER_UNIT: i64 = 2;

pub(super) fn initial(unit: i64) -> Vec<Fact> {
    let mut facts = Vec::new();
    let parent = |number: i64| unit * PARENTS_PER_UNIT + number % PARENTS_PER_UNIT;
    for number in 0..PARENTS_PER_UNIT {
        facts.push(Fact::new(Table::Parents, &[parent(number), 0]));
    }
    for number in 0..CHILDREN_PER_UNIT {
        let id = unit * CHILDREN_PER_UNIT + number;
        facts.push(Fact::new(Table::Children, &[id, parent(number), 0]));
    }
    for number in 0..FANS_PER_UNIT {
        let id = unit * FANS_PER_UNIT + number;
        facts.push(Fact::new(Table::Fans, &[id, parent(number), 0]));
    }
    facts
}

pub(super) fn edit(unit: i64, edit: &mut Edit<'_>) {
    let parent = unit * PARENTS_PER_UNIT + edit.dice.number(PARENTS_PER_UNIT);
    if edit.find(Table::Parents, 0, parent).is_none() {
        let title = edit.fresh();
        edit.add(Table::Parents, tuple(&[parent, title]));
        return;
    }
    match edit.dice.below(7) {
        0 => remove_parent(parent, edit),
        1 => {
            let title = edit.fresh();
            edit.set(Table::Parents, parent, "title", title);
        }
        2 => {
            let note = edit.fresh();
            edit.run(
                "UPDATE children SET note = ? WHERE parent = ?",
                vec![note.into(), parent.into()],
            );
            edit.update(
                Table::Children,
                |cells| cells[1] == parent,
                |cells| cells[2] = note,
            );
        }
        3 => {
            let fan = unit * FANS_PER_UNIT + edit.dice.number(FANS_PER_UNIT);
            edit.set(Table::Fans, fan, "parent", parent);
        }
        4 => bring_children(unit, parent, edit),
        _ => {
            let child = unit * CHILDREN_PER_UNIT + edit.dice.number(CHILDREN_PER_UNIT);
            match edit.find(Table::Children, 0, child) {
                Some(_) => edit.set(Table::Children, child, "parent", parent),
                None => edit.add(Table::Children, tuple(&[child, parent, 0])),
            }
        }
    }
}

fn remove_parent(parent: i64, edit: &mut Edit<'_>) {
    match edit.dice.below(2) {
        0 => edit.remove(Table::Parents, parent),
        _ => {
            edit.run("DELETE FROM parents WHERE id IN (?, -1)", vec![parent.into()]);
            edit.delete(Table::Parents, |cells| cells[0] == parent);
        }
    }
    edit.delete(Table::Children, |cells| cells[1] == parent);
    edit.update(Table::Fans, |cells| cells[1] == parent, |cells| cells[1] = NULL);
}

/// Inserts the children that are missing, as one statement for many rows or one with several.
fn bring_children(unit: i64, parent: i64, edit: &mut Edit<'_>) {
    let first = unit * CHILDREN_PER_UNIT;
    let note = edit.fresh();
    let missing: Vec<_> = (first..first + CHILDREN_PER_UNIT)
        .filter(|id| edit.find(Table::Children, 0, *id).is_none())
        .map(|id| tuple(&[id, parent, note]))
        .collect();
    let rows: Vec<Vec<Value>> = missing
        .iter()
        .map(|child| values(Table::Children, child))
        .collect();
    if rows.is_empty() {
        edit.set(Table::Children, first, "note", note);
        return;
    }
    if edit.dice.below(2) == 0 {
        edit.run_many(&insert_sql(Table::Children), rows);
    } else {
        let more = vec![", (?, ?, ?)"; rows.len() - 1].concat();
        edit.run(&format!("{}{more}", insert_sql(Table::Children)), rows.concat());
    }
    missing
        .into_iter()
        .for_each(|child| edit.insert(Table::Children, child));
}
