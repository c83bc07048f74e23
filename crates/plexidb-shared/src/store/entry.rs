//! What an entry answers, and what its freshness is judged by.
//!
//! Invariant: two keys are equal only if everything that can change the answer is equal. It is kept in full, in the entry as well.

use std::sync::Arc;

use plexidb_core::ValueRef;

use super::layout::put_varint;

#[cfg(test)]
mod tests;

/// Everything that can change the answer to a statement. Cloning shares it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryKey(Arc<[u8]>);

/// The parts of an [`EntryKey`].
#[derive(Clone, Copy, Debug)]
pub struct KeyParts<'a> {
    /// The name under which all members know the database.
    pub database: &'a str,
    /// The fingerprint of the catalog by which the statement was planned.
    pub catalog: u128,
    /// What else of the session the answer depends on, written so that equal bytes mean equal answers.
    pub scope: &'a [u8],
    /// The statement's text.
    pub sql: &'a str,
    /// The bound values; those of different types are different.
    pub params: &'a [ValueRef<'a>],
}

impl EntryKey {
    /// Makes the key of these parts.
    #[must_use]
    pub fn new(parts: &KeyParts<'_>) -> Self {
        let mut bytes = Vec::with_capacity(64 + parts.database.len() + parts.scope.len() + parts.sql.len());
        bytes.extend_from_slice(&parts.catalog.to_le_bytes());
        for part in [parts.database.as_bytes(), parts.scope, parts.sql.as_bytes()] {
            put_varint(&mut bytes, part.len() as u64);
            bytes.extend_from_slice(part);
        }
        let mut cell = Vec::new();
        for param in parts.params {
            cell.clear();
            param.encode(&mut cell);
            put_varint(&mut bytes, cell.len() as u64);
            bytes.extend_from_slice(&cell);
        }
        Self(bytes.into())
    }

    /// The parts, each with its length before it, so that no two keys share an encoding.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Under which state of the shared record a result was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The record's epoch.
    pub epoch: u128,
    /// The slots that were stamped first (those of the table as a whole), each with the record's version of it.
    pub first: Vec<(u32, u64)>,
    /// All other slots, each with the record's version of it.
    pub then: Vec<(u32, u64)>,
    /// What the database took for the answer, in microseconds.
    pub cost_us: u64,
    /// When the entry was filled, in milliseconds since 1970 by the filler's wall clock. It bounds the age where a user asked for
    /// that, and decides nothing about freshness.
    pub filled_at_ms: u64,
}
