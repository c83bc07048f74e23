//! A seat, whose key has two columns of which one moves; it is taken, free, or gone.

use super::domain::{HALLS, PEOPLE};
use crate::coherence::edit::Edit;
use crate::coherence::fact::{Fact, NULL, Table, tuple};

pub(super) const UNITS: usize = 8;

const TABLE: Table = Table::Seats;

pub(super) fn initial(place: i64) -> Vec<Fact> {
    vec![Fact::new(TABLE, &[place % HALLS, place, NULL])]
}

pub(super) fn edit(place: i64, edit: &mut Edit<'_>) {
    let holder = match edit.dice.below(3) {
        0 => NULL,
        _ => edit.dice.number(PEOPLE),
    };
    let to = edit.dice.number(HALLS);
    let Some(seat) = edit.find(TABLE, 1, place) else {
        edit.add(TABLE, tuple(&[to, place, holder]));
        return;
    };
    let hall = seat[0];
    match edit.dice.below(5) {
        0 => {
            edit.run(
                "DELETE FROM seats WHERE hall = ? AND place = ?",
                vec![hall.into(), place.into()],
            );
            edit.delete(TABLE, |_| true);
        }
        1 => {
            edit.run(
                "UPDATE seats SET hall = ? WHERE hall = ? AND place = ?",
                vec![to.into(), hall.into(), place.into()],
            );
            edit.update(TABLE, |_| true, |cells| cells[0] = to);
        }
        // Where it was does not stand in the statement.
        2 => {
            edit.run(
                "UPDATE seats SET hall = ?, holder = ? WHERE place = ?",
                vec![to.into(), TABLE.value(2, holder), place.into()],
            );
            edit.update(TABLE, |_| true, |cells| (cells[0], cells[2]) = (to, holder));
        }
        _ => {
            edit.run(
                "UPDATE seats SET holder = ? WHERE hall = ? AND place = ?",
                vec![TABLE.value(2, holder), hall.into(), place.into()],
            );
            edit.update(TABLE, |_| true, |cells| cells[2] = holder);
        }
    }
}
