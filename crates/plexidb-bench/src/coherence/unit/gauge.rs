//! A view of one row, which is redefined with every write.

use plexidb::Dialect;

use crate::coherence::edit::Edit;
use crate::coherence::fact::{Fact, Table};

pub(super) const UNITS: usize = 1;

pub(super) fn initial() -> Vec<Fact> {
    vec![Fact::new(Table::Gauge, &[0, 0])]
}

pub(super) fn edit(edit: &mut Edit<'_>) {
    let n = edit.fresh();
    let body = definition(n);
    if edit.dialect == Dialect::Sqlite {
        edit.run("DROP VIEW gauge", Vec::new());
        edit.run(&format!("CREATE VIEW gauge AS {body}"), Vec::new());
    } else {
        edit.run(&format!("CREATE OR REPLACE VIEW gauge AS {body}"), Vec::new());
    }
    edit.update(Table::Gauge, |_| true, |cells| cells[1] = n);
}

/// The query of the view.
pub(crate) fn definition(n: i64) -> String {
    format!("SELECT id, {n} AS n FROM people WHERE id = 0")
}
