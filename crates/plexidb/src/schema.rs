//! Schema epochs: the catalog, and the statements that were analysed against it.
//!
//! Invariant: DDL touches the whole database until every write that was planned against the old catalog has
//! ended, since such a write does not know what the new schema makes it touch (a new trigger, a new cascade).
//! It works by ownership: the hold belongs to the retired epoch and ends when its last user drops it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use plexidb_cache::WriteHold;
use plexidb_core::{Catalog, Dialect};
use plexidb_sql::Precision;
use quick_cache::sync::Cache;

use crate::config::TableConfig;
use crate::flight::Untold;
use crate::statistics::Registry;

mod statement;

pub(crate) use statement::{Statement, Way};

/// How statements are planned.
#[derive(Clone, Debug)]
pub(crate) struct Planning {
    /// Most statements whose plans are kept.
    pub(crate) statements_max: usize,
    pub(crate) precision: Precision,
    /// Settings of single tables.
    pub(crate) tables: Arc<[TableConfig]>,
}

/// One reading of the schema with the statements planned against it.
pub(crate) struct Epoch {
    pub(crate) number: u64,
    pub(crate) catalog: Catalog,
    /// Whether the catalog could not be read: nothing is cached, every write touches the whole database.
    pub(crate) is_blind: bool,
    statements: Cache<Arc<str>, Arc<Statement>>,
    planning: Planning,
    registry: Arc<Registry>,
    retired_by: Mutex<Option<WriteHold>>,
    fingerprint: OnceLock<u128>,
}

impl Epoch {
    /// Processes with the same fingerprint derive the same tags from the same statement.
    pub(crate) fn fingerprint(&self) -> u128 {
        *self.fingerprint.get_or_init(|| {
            let precision = self.planning.precision as u128;
            self.catalog.fingerprint().wrapping_add(precision)
        })
    }

    /// The analysed statement of this text.
    pub(crate) fn statement(&self, sql: &str) -> Arc<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return statement;
        }
        let statement = Arc::new(Statement::plan(
            sql,
            &self.catalog,
            &self.planning,
            &self.registry,
        ));
        self.statements
            .insert(Arc::clone(&statement.sql), Arc::clone(&statement));
        statement
    }
}

impl Drop for Epoch {
    fn drop(&mut self) {
        let hold = self
            .retired_by
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(hold) = hold {
            hold.end();
        }
    }
}

/// The current epoch of one database.
pub(crate) struct Schema {
    current: RwLock<Arc<Epoch>>,
    /// Whoever reads the catalog holds it, so that the newest reading is the one that stays.
    pub(crate) reading: tokio::sync::Mutex<()>,
    /// Changes that have ended, until the schema is read after them.
    untold: Mutex<Vec<Untold>>,
    numbers: AtomicU64,
    planning: Planning,
    registry: Arc<Registry>,
    dialect: Dialect,
}

impl Schema {
    /// A schema of which nothing is known yet.
    pub(crate) fn blind(dialect: Dialect, planning: Planning, registry: Arc<Registry>) -> Self {
        let epoch = new_epoch(0, None, dialect, planning.clone(), Arc::clone(&registry));
        Self {
            current: RwLock::new(epoch),
            reading: tokio::sync::Mutex::new(()),
            untold: Mutex::default(),
            numbers: AtomicU64::new(1),
            planning,
            registry,
            dialect,
        }
    }

    /// The epoch by which statements are planned now.
    pub(crate) fn current(&self) -> Arc<Epoch> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps changes that have ended until the schema is read after them.
    pub(crate) fn owe(&self, untold: impl IntoIterator<Item = Untold>) {
        self.untold().extend(untold);
    }

    /// The changes that were kept before the schema was read.
    pub(crate) fn take_untold(&self) -> Vec<Untold> {
        std::mem::take(&mut *self.untold())
    }

    fn untold(&self) -> MutexGuard<'_, Vec<Untold>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this epoch is still the current one.
    pub(crate) fn is_current(&self, epoch: &Arc<Epoch>) -> bool {
        Arc::ptr_eq(
            &self.current.read().unwrap_or_else(PoisonError::into_inner),
            epoch,
        )
    }

    /// Makes a new epoch of this catalog, or of nothing where it could not be read. `hold`, which touches the whole
    /// database, ends with the last user of the old epoch.
    pub(crate) fn replace(&self, mut catalog: Option<Catalog>, hold: WriteHold) {
        for table in &*self.planning.tables {
            if let (Some(catalog), Some(writes)) = (&mut catalog, &table.trigger_writes) {
                catalog.declare_trigger_writes(&table.name, writes);
            }
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let epoch = new_epoch(
            number,
            catalog,
            self.dialect,
            self.planning.clone(),
            Arc::clone(&self.registry),
        );
        let old = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, epoch)
        };
        *old.retired_by.lock().unwrap_or_else(PoisonError::into_inner) = Some(hold);
        // Dropped outside the lock: this may be the last user, whose end raises the slots.
        drop(old);
    }
}

fn new_epoch(
    number: u64,
    catalog: Option<Catalog>,
    dialect: Dialect,
    planning: Planning,
    registry: Arc<Registry>,
) -> Arc<Epoch> {
    let is_blind = catalog.is_none();
    let catalog = catalog
        .unwrap_or_else(|| Catalog::new(dialect, String::new(), Vec::new(), Vec::new(), HashMap::new()));
    let statements = Cache::new(planning.statements_max);
    Arc::new(Epoch {
        number,
        catalog,
        is_blind,
        statements,
        planning,
        registry,
        retired_by: Mutex::new(None),
        fingerprint: OnceLock::new(),
    })
}
