//! The prepared statements of one connection, by their text.
//!
//! Invariant: never more than the capacity; whoever adds a statement closes the one that had to go.

use std::collections::HashMap;
use std::sync::Arc;

use mysql_async::Statement;

use super::columns::Shape;

#[cfg(test)]
mod tests;

/// A prepared statement and the shape of its last result.
#[derive(Clone, Debug)]
pub(super) struct Prepared<S = Statement> {
    pub(super) statement: S,
    pub(super) shape: Option<Arc<Shape>>,
}

#[derive(Debug)]
struct Entry<S> {
    prepared: Prepared<S>,
    used_at: u64,
}

/// The cache; `S` is a statement, which tests cannot make.
#[derive(Debug)]
pub(super) struct Statements<S = Statement> {
    entries: HashMap<Box<str>, Entry<S>>,
    capacity: usize,
    clock: u64,
}

impl<S: Clone> Statements<S> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            entries: HashMap::new(),
            capacity,
            clock: 0,
        }
    }

    /// The statement with this text, which becomes the one that was used last.
    pub(super) fn get(&mut self, sql: &str) -> Option<Prepared<S>> {
        let entry = self.entries.get_mut(sql)?;
        self.clock += 1;
        entry.used_at = self.clock;
        Some(entry.prepared.clone())
    }

    /// Adds a statement; what has to be closed now, since the cache is full or keeps nothing.
    pub(super) fn add(&mut self, sql: &str, statement: S) -> Option<S> {
        if self.capacity == 0 {
            return Some(statement);
        }
        // A full scan per eviction is little beside the round trip that prepared the new statement.
        let evicted = (self.entries.len() >= self.capacity)
            .then(|| {
                let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used_at)?;
                let sql = oldest.0.clone();
                self.remove(&sql)
            })
            .flatten();
        self.clock += 1;
        let prepared = Prepared {
            statement,
            shape: None,
        };
        let used_at = self.clock;
        self.entries.insert(sql.into(), Entry { prepared, used_at });
        evicted
    }

    /// Forgets a statement, to be closed by the caller.
    pub(super) fn remove(&mut self, sql: &str) -> Option<S> {
        self.entries.remove(sql).map(|entry| entry.prepared.statement)
    }

    /// Forgets all statements, to be closed by the caller.
    pub(super) fn drain(&mut self) -> Vec<S> {
        let entries = self.entries.drain();
        entries.map(|(_, entry)| entry.prepared.statement).collect()
    }

    /// Keeps the shape of a statement's result for its next one.
    pub(super) fn keep_shape(&mut self, sql: &str, shape: &Arc<Shape>) {
        if let Some(entry) = self.entries.get_mut(sql) {
            entry.prepared.shape = Some(Arc::clone(shape));
        }
    }
}
