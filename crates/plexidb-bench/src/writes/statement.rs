//! The writes that are measured, each of one row.

use plexidb::{Dialect, Value};

use super::ROWS;

/// `items` has one key; a row of `notes` has another beside, which an update by id does not tell.
pub(super) const TABLES: [&str; 3] = [
    "CREATE TABLE items (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL, body VARCHAR(100) NOT NULL)",
    "CREATE TABLE notes (id BIGINT PRIMARY KEY, channel_id BIGINT NOT NULL, body VARCHAR(100) NOT NULL)",
    "CREATE INDEX notes_channel ON notes (channel_id)",
];

/// A prime that divides no number of rows used here: stepping by it spreads the writes over the table.
const STEP: i64 = 7_919;
const BODY: &str = "a text about as long as people write";

/// A write of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    Update,
    Insert,
    Delete,
    Edit,
}

impl Statement {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Update => "UPDATE by primary key",
            Self::Insert => "INSERT",
            Self::Delete => "DELETE by primary key",
            Self::Edit => "UPDATE of a row with an untold key",
        }
    }

    pub(super) fn sql(self, dialect: Dialect) -> &'static str {
        let (asked, numbered) = match self {
            Self::Update => (
                "UPDATE items SET amount = ? WHERE id = ?",
                "UPDATE items SET amount = $1 WHERE id = $2",
            ),
            Self::Insert => (
                "INSERT INTO items (id, amount, body) VALUES (?, ?, ?)",
                "INSERT INTO items (id, amount, body) VALUES ($1, $2, $3)",
            ),
            Self::Delete => (
                "DELETE FROM items WHERE id = ?",
                "DELETE FROM items WHERE id = $1",
            ),
            Self::Edit => (
                "UPDATE notes SET body = ? WHERE id = ?",
                "UPDATE notes SET body = $1 WHERE id = $2",
            ),
        };
        match dialect {
            Dialect::Postgres => numbered,
            Dialect::Sqlite | Dialect::MySql => asked,
        }
    }

    /// The values of the write of this number; no two numbers insert or delete the same row.
    pub(super) fn values(self, number: i64) -> Vec<Value> {
        let present = Value::Int(number * STEP % ROWS);
        let own = Value::Int(ROWS + number);
        match self {
            // Above all amounts before: MariaDB counts rows that an update leaves as they are for none.
            Self::Update => vec![own, present],
            Self::Insert => vec![own, Value::Int(number), Value::Text(BODY.into())],
            Self::Delete => vec![own],
            Self::Edit => vec![Value::Text(format!("{BODY}, {number}")), present],
        }
    }
}
