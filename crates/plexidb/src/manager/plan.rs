//! What is made for a database before anything connects: its connectors, the settings of its pools, and the budgets that
//! databases of one server share.
//!
//! Invariant: all pools of one server are in the same budget, whichever database they belong to.

use std::collections::HashMap;
use std::sync::Arc;

use plexidb_core::{Connector, Dialect};
use plexidb_drivers::ConnectOptions;
use plexidb_pool::{Budget, Pool, PoolConfig, PoolHooks, Shedding};
use secrecy::ExposeSecret as _;

use super::DatabaseConfig;
use crate::error::Error;

#[cfg(test)]
mod tests;

/// One database that is about to be opened.
pub(super) struct Plan<'a> {
    pub(super) database: &'a DatabaseConfig,
    /// That of the database's own URL, which there always is, then those of its replicas.
    pub(super) connectors: Vec<Arc<dyn Connector>>,
    /// By server.
    budgets: HashMap<String, Budget>,
    hooks: Option<Arc<dyn PoolHooks>>,
}

impl<'a> Plan<'a> {
    /// Plans all databases of a configuration. Nothing connects yet.
    pub(super) fn all(databases: &'a [DatabaseConfig]) -> Result<Vec<Self>, Error> {
        let mut plans = Vec::with_capacity(databases.len());
        for database in databases {
            plans.push(Self {
                database,
                connectors: connectors(database)?,
                budgets: HashMap::new(),
                hooks: None,
            });
        }
        let budgets = budgets(&plans);
        for plan in &mut plans {
            plan.budgets.clone_from(&budgets);
        }
        Ok(plans)
    }

    /// Says who watches the pools of this database.
    pub(super) fn watch(&mut self, hooks: Arc<dyn PoolHooks>) {
        self.hooks = Some(hooks);
    }

    /// The connector of the database's own URL.
    pub(super) fn primary(&self) -> &Arc<dyn Connector> {
        // `connectors` makes it first.
        &self.connectors[0]
    }

    /// A pool of connections to one of the servers.
    pub(super) fn pool(&self, connector: &Arc<dyn Connector>) -> Pool {
        let mut builder = Pool::builder(Arc::clone(connector)).config(settings(self.database));
        if let Some(budget) = self.budgets.get(&server(connector.target())) {
            builder = builder.budget(budget.clone());
        }
        if let Some(hooks) = &self.hooks {
            builder = builder.hooks(Arc::clone(hooks));
        }
        builder.build()
    }
}

fn connectors(database: &DatabaseConfig) -> Result<Vec<Arc<dyn Connector>>, Error> {
    let options = ConnectOptions {
        connect_timeout: database.connect_timeout,
        ..ConnectOptions::default()
    };
    let own = database.url();
    let urls = std::iter::once(&own).chain(database.replicas.iter().map(|replica| &replica.url));
    let connectors = urls.map(|url| plexidb_drivers::connector(url.expose_secret(), &options));
    Ok(connectors.collect::<Result<_, _>>()?)
}

/// A budget for each server that any of its databases bounds: the lowest bound.
fn budgets(plans: &[Plan<'_>]) -> HashMap<String, Budget> {
    let mut bounds: HashMap<String, usize> = HashMap::new();
    for plan in plans {
        let Some(bound) = plan.database.server_connections_max else {
            continue;
        };
        let servers = plan
            .connectors
            .iter()
            .filter(|connector| connector.dialect() != Dialect::Sqlite);
        for connector in servers {
            let lowest = bounds.entry(server(connector.target())).or_insert(bound);
            *lowest = bound.min(*lowest);
        }
    }
    bounds
        .into_iter()
        .map(|(server, bound)| (server, Budget::new(bound)))
        .collect()
}

/// The server of a target such as `host:5432/database` or `/folder/of/socket/database`.
fn server(target: &str) -> String {
    let server = match target.starts_with('/') {
        true => target.rsplit_once('/'),
        false => target.split_once('/'),
    };
    // Host names know no case; a database's name behind a socket's folder is cut off.
    server.map_or(target, |(server, _)| server).to_ascii_lowercase()
}

fn settings(database: &DatabaseConfig) -> PoolConfig {
    PoolConfig {
        connections_max: database.connection_pool_size,
        overflow_max: database.max_overflow,
        overflow_idle_timeout: database.overflow_idle_timeout,
        min_idle: database.min_idle,
        checkout_timeout: database.pool_timeout,
        lifetime_max: database.pool_recycle,
        idle_timeout: database.idle_timeout,
        waiting_max: database.waiting_max,
        shedding: database.shedding_target.map(|target| Shedding {
            target,
            interval: database.shedding_interval,
        }),
        leak_after: database.leak_after,
        ..PoolConfig::default()
    }
}
