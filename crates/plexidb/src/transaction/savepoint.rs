//! Savepoints: part of a transaction that can be undone alone.

use std::ops::{Deref, DerefMut};

use super::Transaction;
use crate::error::Error;

/// A savepoint; statements run through it as through its transaction. Dropping it rolls back to it, before the
/// transaction's next statement.
pub struct Savepoint<'t> {
    transaction: &'t mut Transaction,
    /// `None` once it was released or rolled back.
    name: Option<String>,
}

impl<'t> Savepoint<'t> {
    pub(super) fn new(transaction: &'t mut Transaction, name: String) -> Self {
        Self {
            transaction,
            name: Some(name),
        }
    }

    /// Keeps what was done since the savepoint, as part of the transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`].
    pub async fn release(mut self) -> Result<(), Error> {
        self.transaction.roll_back_dropped_savepoints().await?;
        if let Some(name) = &self.name {
            self.transaction
                .control(&format!("RELEASE SAVEPOINT {name}"))
                .await?;
        }
        self.name = None;
        Ok(())
    }

    /// Undoes what was done since the savepoint.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`].
    pub async fn rollback(mut self) -> Result<(), Error> {
        if let Some(name) = self.name.take() {
            self.transaction.dropped_savepoints.insert(0, name);
        }
        self.transaction.roll_back_dropped_savepoints().await?;
        Ok(())
    }
}

impl Deref for Savepoint<'_> {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        self.transaction
    }
}

impl DerefMut for Savepoint<'_> {
    fn deref_mut(&mut self) -> &mut Transaction {
        self.transaction
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        // Savepoints nest, so an outer one is dropped after those in it and goes before them.
        if let Some(name) = self.name.take() {
            self.transaction.dropped_savepoints.insert(0, name);
        }
    }
}
