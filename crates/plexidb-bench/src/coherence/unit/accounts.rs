//! The accounts of one owner: money moves between them, their sum stays.

use plexidb::Value;

use crate::coherence::edit::Edit;
use crate::coherence::fact::{Fact, Table, Tuple};

pub(super) const UNITS: usize = 6;
/// The ids of an owner's accounts are owner × this + 0, 1, 2, 3.
pub(super) const ACCOUNTS_PER_OWNER: i64 = 4;
/// What each account begins with.
const BALANCE: i64 = 1_000;

const TABLE: Table = Table::Accounts;

pub(super) fn initial(owner: i64) -> Vec<Fact> {
    (0..ACCOUNTS_PER_OWNER)
        .map(|number| Fact::new(TABLE, &[owner * ACCOUNTS_PER_OWNER + number, owner, BALANCE]))
        .collect()
}

pub(super) fn edit(owner: i64, edit: &mut Edit<'_>) {
    let first = owner * ACCOUNTS_PER_OWNER;
    let from = first + edit.dice.number(ACCOUNTS_PER_OWNER);
    let to = first + edit.dice.number(ACCOUNTS_PER_OWNER);
    let amount = 1 + edit.dice.number(20);
    if from == to {
        // All by one statement, and back: each sees the rows of the owner's key.
        let step = edit.dice.number(3) - 1;
        edit.run(
            "UPDATE accounts SET balance = balance + ? * (CASE WHEN id % 2 = 0 THEN 1 ELSE -1 END) WHERE owner = ?",
            vec![step.into(), owner.into()],
        );
        edit.update(
            TABLE,
            |cells| cells[1] == owner,
            |cells| {
                cells[2] += if cells[0] % 2 == 0 { step } else { -step };
            },
        );
        return;
    }
    match edit.dice.below(3) {
        0 => {
            edit.run(
                "UPDATE accounts SET balance = balance - ? WHERE id = ?",
                vec![amount.into(), from.into()],
            );
            edit.run(
                "UPDATE accounts SET balance = balance + ? WHERE id = ?",
                vec![amount.into(), to.into()],
            );
        }
        1 => {
            edit.run(
                "UPDATE accounts SET balance = CASE id WHEN ? THEN balance - ? ELSE balance + ? END WHERE id IN (?, ?)",
                [from, amount, amount, from, to].map(Value::from).to_vec(),
            );
        }
        _ => {
            let of = |id| edit.find(TABLE, 0, id).map_or(0, |account: Tuple| account[2]);
            let rows = [(from, of(from) - amount), (to, of(to) + amount)];
            edit.run_many(
                "UPDATE accounts SET balance = ? WHERE id = ?",
                rows.map(|(id, balance)| vec![balance.into(), id.into()]).to_vec(),
            );
        }
    }
    edit.update(TABLE, |cells| cells[0] == from, |cells| cells[2] -= amount);
    edit.update(TABLE, |cells| cells[0] == to, |cells| cells[2] += amount);
}
