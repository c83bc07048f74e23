//! What a statement is by its first words; only what reads or changes rows goes to the parser.
//!
//! Invariant: a statement that can change rows is never classified as harmless by its first words alone.

use plexidb_core::Dialect;

use super::text::Text;
use crate::kind::StatementKind;
use crate::profile::{Effect, Profile};
use crate::reason::{Reason, Unbounded};
use crate::scan::TokenKind;
use crate::split::split_statements;

mod bulk;
mod explain;
mod transaction;

/// What the first words tell.
pub(super) enum Lead {
    /// Everything that there is to know.
    Known(Box<Profile>),
    /// That the parser must read it from this token on; `wrapper` says why its result cannot be cached anyway.
    Grammar { from: usize, wrapper: Option<Reason> },
}

const DDL: &[&str] = &[
    "CREATE",
    "ALTER",
    "DROP",
    "COMMENT",
    "GRANT",
    "REVOKE",
    "RENAME",
    "REASSIGN",
    "SECURITY",
    "IMPORT",
    "INSTALL",
    "UNINSTALL",
];
const SESSION: &[&str] = &[
    "SET",
    "RESET",
    "USE",
    "LISTEN",
    "UNLISTEN",
    "LOCK",
    "UNLOCK",
    "PREPARE",
    "DEALLOCATE",
    "DISCARD",
    "DECLARE",
    "FETCH",
    "MOVE",
    "CLOSE",
    "HANDLER",
    "ATTACH",
    "DETACH",
];
const MAINTENANCE: &[&str] = &[
    "ANALYZE",
    "VACUUM",
    "REINDEX",
    "CLUSTER",
    "CHECKPOINT",
    "OPTIMIZE",
    "CHECK",
    "CHECKSUM",
    "FLUSH",
    "KILL",
    "PURGE",
    "NOTIFY",
    "CACHE",
    "REPAIR",
    "CHANGE",
    "STOP",
];

/// Statements of maintenance that end MySQL's current transaction, as a change of the schema does.
const COMMITTING: &[&str] = &[
    "ANALYZE", "OPTIMIZE", "CHECK", "REPAIR", "FLUSH", "CACHE", "CHANGE", "STOP",
];

/// Classifies a statement.
///
/// # Errors
///
/// The reason for which it is not understood.
pub(super) fn classify(text: &Text<'_>) -> Result<Lead, Reason> {
    if text.len() == 0 {
        return Err(Reason::DoesNotParse("the statement is empty".to_owned()));
    }
    if text
        .tokens()
        .iter()
        .any(|token| token.kind == TokenKind::Semicolon)
        && split_statements(text.sql(), text.dialect()).take(2).count() > 1
    {
        return Err(Reason::MultiStatement);
    }
    if let Some(control) = transaction::control(text) {
        return Ok(known(text, StatementKind::Transaction(control), Effect::Targets));
    }
    let starts_grammar = text.is_kind(0, TokenKind::Open)
        || text.is_any(
            0,
            &[
                "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE",
            ],
        );
    if starts_grammar {
        return Ok(Lead::Grammar {
            from: 0,
            wrapper: None,
        });
    }
    if let Some(lead) = explain::classify(text).or_else(|| bulk::classify(text)) {
        return lead;
    }
    other(text).ok_or_else(|| Reason::DoesNotParse(format!("unknown statement \"{}\"", text.text(0))))
}

fn other(text: &Text<'_>) -> Option<Lead> {
    let unbounded = |reason| Effect::Unbounded(reason);
    if text.is_any(
        0,
        &[
            "CALL", "DO", "EXECUTE", "BEGIN", "COMMIT", "ROLLBACK", "START", "SHUTDOWN",
        ],
    ) {
        // A transaction's words would have been recognised: these begin a block, or end a prepared transaction.
        return Some(known(
            text,
            StatementKind::Procedure,
            unbounded(Unbounded::Procedure),
        ));
    }
    if text.is_any(0, DDL) {
        return Some(ddl(text));
    }
    if text.is_any(0, SESSION) || text.is_word(0, "LOAD") {
        return Some(session(text));
    }
    if text.is_any(0, MAINTENANCE) {
        // SQLite's VACUUM may renumber rows; a repair may lose some.
        let changes_rows = text.is_word(0, "REPAIR")
            || (text.dialect() == Dialect::Sqlite && text.is_word(0, "VACUUM"))
            || text.is_any(0, &["CHANGE", "STOP"]);
        let effect = if changes_rows {
            unbounded(Unbounded::Anything)
        } else {
            Effect::Targets
        };
        if text.dialect() == Dialect::MySql && text.is_any(0, COMMITTING) {
            return Some(known(text, StatementKind::Ddl, unbounded(Unbounded::Schema)));
        }
        return Some(known(text, StatementKind::Maintenance, effect));
    }
    None
}

fn ddl(text: &Text<'_>) -> Lead {
    let is_temporary =
        text.is_word(0, "CREATE") && (1..5).any(|index| text.is_any(index, &["TEMP", "TEMPORARY"]));
    let runs_query = contains_word(text, &["SELECT", "EXECUTE", "VALUES", "TABLESPACE"])
        || text
            .tokens()
            .iter()
            .any(|token| token.kind == TokenKind::Semicolon);
    match (is_temporary, runs_query) {
        (true, false) => known(text, StatementKind::Session, Effect::Targets),
        // The query of a temporary table may call anything.
        (true, true) => known(
            text,
            StatementKind::Session,
            Effect::Unbounded(Unbounded::Anything),
        ),
        (false, _) => known(text, StatementKind::Ddl, Effect::Unbounded(Unbounded::Schema)),
    }
}

fn session(text: &Text<'_>) -> Lead {
    if text.is_word(0, "SET") && text.is_word(1, "STATEMENT") {
        return known(
            text,
            StatementKind::Procedure,
            Effect::Unbounded(Unbounded::Procedure),
        );
    }
    // A cursor's query runs while it is fetched from, and a value that is set may be computed by a function.
    let runs_code = text.is_any(0, &["DECLARE", "FETCH", "MOVE"])
        || (text.is_word(0, "SET") && text.tokens().iter().any(|token| token.kind == TokenKind::Open));
    let effect = if runs_code {
        Effect::Unbounded(Unbounded::Anything)
    } else {
        Effect::Targets
    };
    known(text, StatementKind::Session, effect)
}

fn contains_word(text: &Text<'_>, words: &[&str]) -> bool {
    (0..text.len()).any(|index| text.is_any(index, words))
}

fn known(text: &Text<'_>, kind: StatementKind, effect: Effect) -> Lead {
    Lead::Known(Box::new(Profile {
        effect,
        ..Profile::bare(text.dialect(), kind)
    }))
}
