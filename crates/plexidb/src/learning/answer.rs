//! From the answer of a statement whose RETURNING list was extended to what its user gets, and what it touched.
//!
//! Invariant: the user gets the rows, columns and counts of the statement as it was written.

use plexidb_core::{DriverError, Executed, RowSet, ValueRef};
use plexidb_sql::{Learning, TagList};
use smallvec::SmallVec;

use crate::request::{Request, Response};

/// A bound on what the added columns may take: 64 rows of index keys, which no database lets grow beyond some kilobytes.
pub(super) const ADDED_BYTES_MAX: usize = 16 << 20;

/// An answer, taken apart.
pub(crate) struct Answer {
    /// For the user; an error where the result alone is larger than the user allows.
    pub(crate) response: Result<Response, DriverError>,
    /// What was touched in place of the precaution; `None` where the answer does not tell.
    pub(crate) tags: Option<TagList>,
    /// How many rows were written; `None` where the answer does not tell.
    pub(crate) rows_affected: Option<u64>,
}

impl Answer {
    /// Takes the added columns off the answer to `request`.
    pub(crate) fn read(learning: &Learning, request: &Request<'_>, response: Response) -> Self {
        let rows = match response {
            Response::Rows(rows) if rows.columns().len() >= learning.added_columns() => rows,
            response => {
                return Self {
                    response: Ok(response),
                    tags: None,
                    rows_affected: None,
                };
            }
        };
        Self {
            tags: tags(learning, &rows),
            rows_affected: Some(rows.len() as u64),
            response: own_response(learning, request, &rows),
        }
    }
}

/// The tags of the rows, by their last columns.
pub(super) fn tags(learning: &Learning, rows: &RowSet) -> Option<TagList> {
    let own = rows.columns().len().checked_sub(learning.added_columns())?;
    let mut tags = TagList::new();
    for row in rows {
        let added: SmallVec<[ValueRef<'_>; 4]> = row.values().skip(own).collect();
        learning.add_tags(&added, &mut tags);
    }
    Some(tags)
}

fn own_response(learning: &Learning, request: &Request<'_>, rows: &RowSet) -> Result<Response, DriverError> {
    let Request::Query { limits, .. } = request else {
        return Ok(Response::Executed(Executed {
            rows_affected: rows.len() as u64,
            last_insert_id: None,
        }));
    };
    let own = rows.without_last_columns(learning.added_columns());
    if own.cell_bytes() > limits.bytes_max {
        return Err(DriverError::ResultTooLarge {
            limit: format!("{} bytes", limits.bytes_max),
        });
    }
    Ok(Response::Rows(own))
}
