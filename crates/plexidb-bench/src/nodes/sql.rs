//! The table and the statements, in either dialect.
//!
//! Invariant: a write takes effect only on smaller numbers, so that a pair's number only grows, whoever writes it and however late a
//! write comes.

use std::fmt::Write as _;

/// Pairs of cells; both cells of a pair are always written together.
pub(super) const PAIRS: usize = 10;

/// The statements.
pub(super) struct Sql {
    pub(super) cell: String,
    pub(super) pair: String,
    pub(super) two_pairs: String,
    pub(super) all: String,
    pub(super) set_cell: String,
    pub(super) set_pair: String,
    pub(super) set_two_pairs: String,
}

impl Sql {
    pub(super) fn new(is_mariadb: bool) -> Self {
        let text = |sql: &str| if is_mariadb { sql.to_owned() } else { numbered(sql) };
        Self {
            cell: text("SELECT id, seq FROM cells WHERE id = ?"),
            pair: text("SELECT id, seq FROM cells WHERE pair = ? ORDER BY id"),
            two_pairs: text("SELECT id, seq FROM cells WHERE pair IN (?, ?) ORDER BY id"),
            all: text("SELECT id, seq FROM cells ORDER BY id"),
            set_cell: text("UPDATE cells SET seq = ? WHERE id = ? AND seq < ?"),
            set_pair: text("UPDATE cells SET seq = ? WHERE pair = ? AND seq < ?"),
            set_two_pairs: text("UPDATE cells SET seq = ? WHERE pair IN (?, ?) AND seq < ?"),
        }
    }
}

/// With PostgreSQL's placeholders.
fn numbered(sql: &str) -> String {
    let mut text = String::new();
    for (number, part) in sql.split('?').enumerate() {
        if number > 0 {
            let _ = write!(text, "${number}");
        }
        text.push_str(part);
    }
    text
}

/// The cells of a pair.
pub(super) fn cells(pair: usize) -> [usize; 2] {
    [2 * pair, 2 * pair + 1]
}

/// The pair of a cell.
pub(super) fn pair_of(cell: usize) -> usize {
    cell / 2
}

/// The table with its rows, in place of an older one.
pub(super) fn schema() -> String {
    let rows: Vec<String> = (0..2 * PAIRS)
        .map(|cell| format!("({cell}, {}, 0)", pair_of(cell)))
        .collect();
    format!(
        "CREATE TABLE cells (id BIGINT PRIMARY KEY, pair BIGINT NOT NULL, seq BIGINT NOT NULL); \
         CREATE INDEX cells_pair ON cells (pair); INSERT INTO cells VALUES {};",
        rows.join(", ")
    )
}

/// What the server's own client prints of the cells.
pub(super) const CONTENTS: &str = "SELECT concat(id, ' ', seq) FROM cells ORDER BY id";
