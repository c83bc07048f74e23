//! Prepared statements of one connection, the least recently used one replaced first.
//!
//! Invariant: a name is never used twice on a connection, so that a statement which the server has dropped cannot be
//! taken for another.

use std::collections::HashMap;
use std::sync::Arc;

use plexidb_core::Column;

use super::message::Field;
use super::types::{Kind, Scalar, TypeRegistry, builtin};

#[cfg(test)]
mod tests;

/// A statement that the server has prepared.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) name: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) columns: Arc<[Column]>,
    pub(super) kinds: Vec<Kind>,
    /// The part of a Bind message that asks for the columns' formats.
    pub(super) result_formats: Vec<u8>,
}

/// The type that the server has inferred for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) oid: u32,
    /// `None`: the type has no mapping and is sent as text.
    pub(super) kind: Option<Kind>,
}

impl Parameter {
    pub(super) fn new(oid: u32) -> Self {
        let kind = builtin(oid).map(|info| info.kind);
        Self {
            oid,
            kind: kind.filter(|kind| *kind != Kind::Scalar(Scalar::Other)),
        }
    }
}

impl Statement {
    pub(super) fn new(name: String, parameters: &[u32], fields: Vec<Field>, types: &TypeRegistry) -> Self {
        let infos: Vec<_> = fields
            .iter()
            .map(|field| types.get_or_unknown(field.type_oid))
            .collect();
        let kinds: Vec<Kind> = infos.iter().map(|info| info.kind).collect();
        // A result has at most 1,664 columns.
        let mut result_formats = (kinds.len() as u16).to_be_bytes().to_vec();
        for kind in &kinds {
            result_formats.extend_from_slice(&kind.format().to_be_bytes());
        }
        let columns = fields.into_iter().zip(infos).map(|(field, info)| Column {
            name: field.name,
            type_name: info.name,
        });
        Self {
            name,
            parameters: parameters.iter().copied().map(Parameter::new).collect(),
            columns: columns.collect(),
            kinds,
            result_formats,
        }
    }
}

#[derive(Debug)]
struct Entry {
    statement: Arc<Statement>,
    used_at: u64,
}

/// The statements by their text.
#[derive(Debug)]
pub(super) struct StatementCache {
    entries: HashMap<Box<str>, Entry>,
    size_max: usize,
    uses: u64,
    names: u64,
    /// Names that the server is to forget with the next request.
    dropped: Vec<String>,
}

impl StatementCache {
    pub(super) fn new(size_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            size_max,
            uses: 0,
            names: 0,
            dropped: Vec::new(),
        }
    }

    pub(super) fn get(&mut self, sql: &str) -> Option<Arc<Statement>> {
        let entry = self.entries.get_mut(sql)?;
        self.uses += 1;
        entry.used_at = self.uses;
        Some(Arc::clone(&entry.statement))
    }

    pub(super) fn next_name(&mut self) -> String {
        self.names += 1;
        format!("s{}", self.names)
    }

    /// Keeps a statement. Without room for any it is dropped after its use.
    pub(super) fn insert(&mut self, sql: &str, statement: Arc<Statement>) {
        if self.size_max == 0 {
            self.dropped.push(statement.name.clone());
            return;
        }
        if self.entries.len() >= self.size_max {
            self.evict();
        }
        self.uses += 1;
        let used_at = self.uses;
        self.entries.insert(sql.into(), Entry { statement, used_at });
    }

    /// Drops a statement that is of no use any more.
    pub(super) fn forget(&mut self, sql: &str) {
        if let Some(entry) = self.entries.remove(sql) {
            self.dropped.push(entry.statement.name.clone());
        }
    }

    /// Forgets all statements: the server has none of them any more.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.dropped.clear();
    }

    /// The names of dropped statements, to be closed.
    pub(super) fn take_dropped(&mut self) -> Vec<String> {
        std::mem::take(&mut self.dropped)
    }

    /// Looks through all entries: that is short beside the round trip which a new statement takes.
    fn evict(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used_at);
        if let Some(sql) = oldest.map(|(sql, _)| sql.clone()) {
            self.forget(&sql);
        }
    }
}
