//! A person: name, unique handle, boss.

use plexidb::Dialect;

use crate::coherence::edit::Edit;
use crate::coherence::fact::{Fact, NULL, Table};

pub(super) const UNITS: usize = 12;
/// A person's handle is one of so many that nobody else has.
pub(super) const HANDLES_PER_PERSON: i64 = 3;

pub(super) fn initial(id: i64) -> Vec<Fact> {
    vec![Fact::new(Table::People, &[id, id * HANDLES_PER_PERSON, 0, NULL])]
}

pub(super) fn edit(id: i64, edit: &mut Edit<'_>) {
    let table = Table::People;
    match edit.dice.below(8) {
        0 | 1 => {
            let name = edit.fresh();
            edit.set(table, id, "name", name);
        }
        2 => {
            let handle = handle(id, edit);
            edit.set(table, id, "handle", handle);
        }
        3 => {
            let boss = boss(edit);
            edit.set(table, id, "boss", boss);
        }
        // By the unique key that is moved, in other case than it is stored.
        4 => {
            let Some(person) = edit.find(table, 0, id) else {
                return;
            };
            let (old, new, name) = (person[1], handle(id, edit), edit.fresh());
            edit.run(
                "UPDATE people SET handle = ?, name = ? WHERE handle = ?",
                vec![
                    table.value(1, new),
                    table.value(2, name),
                    folded(edit.dialect, old).into(),
                ],
            );
            edit.update(
                table,
                |cells| cells[1] == old,
                |cells| (cells[1], cells[2]) = (new, name),
            );
        }
        5 if edit.dialect != Dialect::MySql => {
            let name = edit.fresh();
            edit.run_returning(
                "UPDATE people SET name = ? WHERE id = ? RETURNING id, name",
                vec![table.value(2, name), id.into()],
            );
            edit.update(table, |cells| cells[0] == id, |cells| cells[2] = name);
        }
        // Nothing tells which rows: the whole table counts as touched.
        6 => {
            let boss = boss(edit);
            edit.run(
                "UPDATE people SET boss = ? WHERE id + 0 = ?",
                vec![table.value(3, boss), id.into()],
            );
            edit.update(table, |cells| cells[0] == id, |cells| cells[3] = boss);
        }
        _ => {
            let (boss, name) = (boss(edit), edit.fresh());
            edit.run(
                "UPDATE people SET name = ?, boss = ? WHERE id IN (?, -1)",
                vec![table.value(2, name), table.value(3, boss), id.into()],
            );
            edit.update(
                table,
                |cells| cells[0] == id,
                |cells| (cells[2], cells[3]) = (name, boss),
            );
        }
    }
}

/// The handle in the case that the column ignores.
fn folded(dialect: Dialect, handle: i64) -> String {
    match dialect {
        Dialect::Sqlite => format!("HANDLE-{handle}"),
        Dialect::Postgres | Dialect::MySql => format!("hANDLE-{handle}"),
    }
}

fn handle(id: i64, edit: &mut Edit<'_>) -> i64 {
    id * HANDLES_PER_PERSON + edit.dice.number(HANDLES_PER_PERSON)
}

fn boss(edit: &mut Edit<'_>) -> i64 {
    match edit.dice.below(4) {
        0 => NULL,
        _ => edit.dice.number(4),
    }
}
