//! Statements that begin and end transactions.
//!
//! Invariant: what ends a transaction of another session (`COMMIT PREPARED`) or begins a block of code is none of them.

use plexidb_core::Dialect;

use crate::analyze::text::Text;
use crate::kind::TransactionControl;

/// What the statement does to the transaction, if that is all it does.
pub(super) fn control(text: &Text<'_>) -> Option<TransactionControl> {
    use TransactionControl::{Begin, Commit, Release, Rollback, RollbackTo, Savepoint};
    let is_mysql = text.dialect() == Dialect::MySql;
    let word = text.word(0).to_ascii_uppercase();
    Some(match word.as_str() {
        // MariaDB's BEGIN NOT ATOMIC and routines' bodies begin code.
        "BEGIN" if is_mysql && text.len() > 1 && !text.is_word(1, "WORK") => return None,
        "BEGIN" => Begin,
        "START" if text.is_word(1, "TRANSACTION") => Begin,
        "END" if !is_mysql => Commit,
        "COMMIT" | "ROLLBACK" if text.is_word(1, "PREPARED") => return None,
        "COMMIT" => Commit,
        "PREPARE" if text.is_word(1, "TRANSACTION") => Commit,
        "XA" => match text.word(1).to_ascii_uppercase().as_str() {
            "START" | "BEGIN" => Begin,
            "ROLLBACK" => Rollback,
            _ => Commit,
        },
        "ROLLBACK" if (1..4).any(|index| text.is_word(index, "TO")) => RollbackTo,
        "ROLLBACK" => Rollback,
        "ABORT" if !is_mysql => Rollback,
        "SAVEPOINT" => Savepoint,
        "RELEASE" => Release,
        _ => return None,
    })
}
