//! An order, whose quantity triggers enter into the ledger.

use crate::coherence::edit::Edit;
use crate::coherence::fact::{Fact, Table, tuple};

pub(super) const UNITS: usize = 8;

pub(super) fn initial(id: i64) -> Vec<Fact> {
    vec![
        Fact::new(Table::Orders, &[id, 0]),
        Fact::new(Table::Ledger, &[id, 0]),
    ]
}

pub(super) fn edit(id: i64, edit: &mut Edit<'_>) {
    let quantity = edit.fresh();
    if edit.find(Table::Orders, 0, id).is_none() {
        edit.add(Table::Orders, tuple(&[id, quantity]));
        edit.insert(Table::Ledger, tuple(&[id, quantity]));
        return;
    }
    if edit.dice.below(5) == 0 {
        edit.remove(Table::Orders, id);
        edit.delete(Table::Ledger, |cells| cells[0] == id);
        return;
    }
    edit.set(Table::Orders, id, "quantity", quantity);
    edit.update(Table::Ledger, |cells| cells[0] == id, |cells| cells[1] = quantity);
}
