//! From a configuration to open databases: the wiring of the parts.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use plexidb_cache::{Flights, L1, L1Config, SlotArray};
use plexidb_core::{Dialect, Limits};
use plexidb_pool::{Endpoint, Group, GroupConfig, Role as EndpointRole};
use tokio::sync::Semaphore;

use super::plan::Plan;
use super::{Config, Database};
use crate::config::Role;
use crate::database::{Inner, LastRefresh, Settings};
use crate::endpoints::{Endpoints, ReplicaSet, ReplicaSettings, Replicas, ServerTraits};
use crate::error::Error;
use crate::interest::Interest;
use crate::schema::{Planning, Schema};
use crate::scope::ScopeNumbers;
use crate::shared::{self, Redis};
use crate::statistics::Registry;

/// The resolution of expiry: TTLs bound memory, so that this is exact enough.
const TICK: Duration = Duration::from_millis(100);

pub(super) fn l1(config: &Config) -> L1 {
    L1::new(L1Config {
        bytes_max: config.l1_bytes_max,
        entry_bytes_max: config.l1_entry_bytes_max,
        ..L1Config::default()
    })
}

/// The task that moves the cache's coarse clock.
pub(super) fn ticker(l1: &Arc<L1>) -> tokio::task::JoinHandle<()> {
    let l1 = Arc::downgrade(l1);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(TICK);
        loop {
            ticks.tick().await;
            let Some(l1) = l1.upgrade() else { break };
            l1.tick();
        }
    })
}

/// Opens one database: connects once, so that a wrong URL or password shows now, and reads the schema.
pub(super) async fn database(
    config: &Config,
    plan: Plan<'_>,
    scope: u64,
    l1: Arc<L1>,
    redis: Option<&Redis>,
) -> Result<Database, Error> {
    let (database, connector) = (plan.database, Arc::clone(plan.primary()));
    let dialect = connector.dialect();
    let redis = redis.filter(|_| is_shared(database, dialect));
    let slots = Arc::new(match redis {
        Some(redis) => redis.slots(&database.name),
        None => SlotArray::for_cache(config.l1_bytes_max),
    });
    let endpoints = endpoints(&plan, &slots).await?;
    let registry = Arc::new(Registry::new(config.statements_max, database.adaptive_caching));
    let inner = Arc::new(Inner {
        name: database.name.clone(),
        scope,
        endpoints,
        writers: (dialect == Dialect::Sqlite).then(|| Arc::new(Semaphore::new(1))),
        connector,
        slots,
        l1,
        flights: Flights::default(),
        schema: Schema::blind(
            dialect,
            Planning {
                statements_max: config.statements_max,
                precision: database.invalidation,
                tables: database.tables.clone().into(),
            },
            Arc::clone(&registry),
        ),
        registry,
        settings: Settings {
            // What is written to the primary does not touch the slots of a replica.
            is_cached: database.role == Role::Primary
                && database.enable_query_cache.unwrap_or(config.enable_query_cache),
            ttl: database.cache_ttl.unwrap_or(config.cache_ttl),
            timeout: database.statement_timeout,
            limits: Limits {
                rows_max: database.result_rows_max.unwrap_or(u64::MAX),
                bytes_max: database.result_bytes_max,
            },
            key_learning: database.key_learning,
        },
        last_refresh: LastRefresh::default(),
        interest: Interest::default(),
        scope_numbers: ScopeNumbers::default(),
        tier: OnceLock::new(),
        runtime: tokio::runtime::Handle::current(),
    });
    let marker = match redis {
        Some(redis) => redis.marker(&inner).await,
        None => None,
    };
    inner.refresh_schema().await?;
    if let Some(redis) = redis {
        redis.join(&inner, database, marker)?;
    }
    warm_up(&inner, database.min_idle);
    Ok(Database { inner })
}

/// Whether other processes are told of writes to this database.
fn is_shared(database: &crate::config::DatabaseConfig, dialect: Dialect) -> bool {
    if !shared::can_be_shared(dialect) {
        tracing::warn!(
            database = %database.name,
            "SQLite files are not shared through Redis: each process caches for itself, and must be the only one that writes"
        );
        return false;
    }
    database.role == Role::Primary
}

/// Makes the connections that are kept ready, in the background. Where that fails the pools go on trying by themselves.
fn warm_up(inner: &Inner, connections: usize) {
    if connections == 0 {
        return;
    }
    for pool in inner.endpoints.pools() {
        inner.runtime.spawn(async move {
            if let Err(error) = pool.warm_up(connections).await {
                tracing::debug!(%error, "could not make the connections that are kept ready");
            }
        });
    }
}

/// The pool of a database, or with replicas all of theirs.
async fn endpoints(plan: &Plan<'_>, slots: &Arc<SlotArray>) -> Result<Endpoints, Error> {
    let Plan {
        database, connectors, ..
    } = plan;
    if database.replicas.is_empty() {
        let connector = plan.primary();
        return Ok(Endpoints::single(Arc::clone(connector), plan.pool(connector)));
    }
    let mut members: Vec<Endpoint> = Vec::with_capacity(connectors.len());
    let mut traits = Vec::with_capacity(connectors.len());
    for (index, connector) in connectors.iter().enumerate() {
        let pool = plan.pool(connector);
        let Some(replica) = index.checked_sub(1).map(|index| &database.replicas[index]) else {
            let primary = Endpoint::new(connector.target(), EndpointRole::Primary, pool);
            members.push(database.tags.iter().fold(primary, Endpoint::tag));
            traits.push(ServerTraits {
                tags: database.tags.clone(),
                weight: 1,
                is_reserved: false,
            });
            continue;
        };
        // Two users of one server have the same target.
        let is_taken = connectors[..index]
            .iter()
            .any(|other| other.target() == connector.target());
        let name = match is_taken {
            true => format!("{} (replica {index})", connector.target()),
            false => connector.target().to_owned(),
        };
        let member = Endpoint::new(name, EndpointRole::Replica, pool).weight(replica.weight);
        let member = replica.tags.iter().fold(member, Endpoint::tag);
        let is_reserved = replica.reserved && !replica.tags.is_empty();
        members.push(if is_reserved { member.reserved() } else { member });
        traits.push(ServerTraits {
            tags: replica.tags.clone(),
            weight: replica.weight,
            is_reserved,
        });
    }
    let group_config = GroupConfig {
        balance: database.balance,
        ..GroupConfig::default()
    };
    let group = Group::new(&database.name, members, group_config)?;
    let settings = ReplicaSettings {
        reads: database.max_replica_lag.map_or(Replicas::Strict, Replicas::Lag),
        patience: database.pool_timeout,
        wait: database.replica_wait,
        tagged_reads_on_primary: database.tagged_reads_on_primary,
    };
    let set = ReplicaSet::new(group, traits, settings, Arc::clone(slots));
    Ok(Endpoints::replicated(set, connectors.clone(), database.replica_check_interval).await)
}
