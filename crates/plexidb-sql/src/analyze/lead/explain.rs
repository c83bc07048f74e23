//! Statements that tell of the schema, the session or a plan.
//!
//! Invariant: an EXPLAIN that runs its statement counts as that statement.

use plexidb_core::Dialect;

use super::{Lead, known};
use crate::analyze::text::Text;
use crate::kind::StatementKind;
use crate::profile::{Effect, Profile};
use crate::reason::{Reason, Unbounded};
use crate::scan::TokenKind;

const QUERY: &[&str] = &[
    "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE",
];
/// Pragmas of SQLite that read although they take an argument.
const PRAGMAS_OF_TABLES: &[&str] = &[
    "TABLE_INFO",
    "TABLE_XINFO",
    "TABLE_LIST",
    "INDEX_LIST",
    "INDEX_INFO",
    "INDEX_XINFO",
    "FOREIGN_KEY_LIST",
    "FOREIGN_KEY_CHECK",
    "INTEGRITY_CHECK",
    "QUICK_CHECK",
];
const PRAGMAS_OF_MAINTENANCE: &[&str] = &[
    "OPTIMIZE",
    "WAL_CHECKPOINT",
    "INCREMENTAL_VACUUM",
    "SHRINK_MEMORY",
];

/// Classifies EXPLAIN, DESCRIBE, SHOW and PRAGMA; `None` for everything else.
pub(super) fn classify(text: &Text<'_>) -> Option<Result<Lead, Reason>> {
    if text.is_any(0, &["SHOW", "HELP"]) {
        return Some(Ok(metadata(text)));
    }
    if text.is_word(0, "PRAGMA") {
        return Some(Ok(pragma(text)));
    }
    let is_mysql = text.dialect() == Dialect::MySql;
    let explains = text.is_word(0, "EXPLAIN") || (is_mysql && text.is_any(0, &["DESCRIBE", "DESC"]));
    let runs_alone = is_mysql && text.is_word(0, "ANALYZE");
    if !explains && !runs_alone {
        return None;
    }
    let from =
        (1..text.len()).find(|index| text.is_any(*index, QUERY) && !text.is_kind(index - 1, TokenKind::Dot));
    let options = 0..from.unwrap_or(text.len());
    let runs =
        text.dialect() != Dialect::Sqlite && options.clone().any(|index| text.is_word(index, "ANALYZE"));
    match from {
        // `ANALYZE TABLE t` looks after the statistics.
        _ if runs_alone && text.is_any(1, &["TABLE", "LOCAL", "NO_WRITE_TO_BINLOG"]) => None,
        Some(from) if runs => Some(Ok(Lead::Grammar {
            from,
            wrapper: Some(Reason::Metadata),
        })),
        // It runs what no rule here explains: EXECUTE, CREATE TABLE AS.
        None if runs && explains => Some(Ok(known(
            text,
            StatementKind::Procedure,
            Effect::Unbounded(Unbounded::Procedure),
        ))),
        None if runs_alone => None,
        _ => Some(Ok(metadata(text))),
    }
}

fn metadata(text: &Text<'_>) -> Lead {
    Lead::Known(Box::new(Profile {
        refusal: Some(Reason::Metadata),
        ..Profile::bare(text.dialect(), StatementKind::Read)
    }))
}

fn pragma(text: &Text<'_>) -> Lead {
    let name = if text.is_kind(2, TokenKind::Dot) { 3 } else { 1 };
    if text.is_any(name, PRAGMAS_OF_MAINTENANCE) {
        return known(text, StatementKind::Maintenance, Effect::Targets);
    }
    let sets = text.is_operator(name + 1, "=")
        || (text.is_kind(name + 1, TokenKind::Open) && !text.is_any(name, PRAGMAS_OF_TABLES));
    if sets {
        known(text, StatementKind::Session, Effect::Targets)
    } else {
        metadata(text)
    }
}
