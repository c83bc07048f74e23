//! The one-row table that tells a generated database from others, and a complete one from a half-made one.

use plexidb::{Database, Error, Execution, params};

use super::scale::Scale;

/// Raised when the same seed and scale come to mean other rows, so that databases of old are made anew.
const VERSION: i64 = 1;

pub(super) const TABLE: &str = "plexidb_demo";
pub(super) const COLUMNS: [&str; 7] = [
    "version", "seed", "users", "channels", "messages", "made_at", "complete",
];

/// Marks a complete database as half made, before it is taken down.
pub(super) const HALF_MADE: &str = "UPDATE plexidb_demo SET complete = 0";

/// What a complete generated database was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The seed.
    pub seed: u64,
    /// The scale.
    pub scale: Scale,
    /// When it was completed, in milliseconds since 1970, UTC.
    pub made_at_ms: i64,
}

/// What the database was generated from; `None` where it was not, not completely, or by another version.
///
/// # Errors
///
/// [`Error::Driver`] or [`Error::Pool`]; [`Error::Row`] where a foreign table has the record's name.
pub async fn made(database: &Database) -> Result<Option<Made>, Error> {
    if database.catalog().table(None, TABLE).is_none() {
        return Ok(None);
    }
    let sql = format!("SELECT {} FROM {TABLE}", COLUMNS.join(", "));
    let execution = Execution {
        no_cache: true,
        ..Execution::default()
    };
    let rows = database.query_with(&sql, params![], execution).await?;
    let Some(row) = rows.rows().first() else {
        return Ok(None);
    };
    if row.get::<i64>("version")? != VERSION || row.get::<i64>("complete")? != 1 {
        return Ok(None);
    }
    let Ok(seed) = row.get::<&str>("seed")?.parse() else {
        return Ok(None);
    };
    let scale = Scale {
        users: row.get("users")?,
        channels: row.get("channels")?,
        messages: row.get("messages")?,
    };
    Ok(Some(Made {
        seed,
        scale,
        made_at_ms: row.get("made_at")?,
    }))
}

/// The statements that mark the database as half made.
pub(super) fn begin(seed: u64, scale: Scale) -> [String; 2] {
    let Scale {
        users,
        channels,
        messages,
    } = scale;
    [
        format!(
            "CREATE TABLE {TABLE} (version BIGINT NOT NULL, seed VARCHAR(20) NOT NULL, users BIGINT NOT NULL, \
             channels BIGINT NOT NULL, messages BIGINT NOT NULL, made_at BIGINT NOT NULL, complete BIGINT NOT NULL)"
        ),
        format!("INSERT INTO {TABLE} VALUES ({VERSION}, '{seed}', {users}, {channels}, {messages}, 0, 0)"),
    ]
}

/// The statement that marks it as complete.
pub(super) fn end(made_at_ms: i64) -> String {
    format!("UPDATE {TABLE} SET made_at = {made_at_ms}, complete = 1")
}
