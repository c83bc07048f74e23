//! The servers of one database, and from which of them a statement gets its connection.
//!
//! Invariant: with a single server there is a pool and nothing else; with replicas everything but a read that a replica may
//! serve goes to the primary.

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{Connector, DriverError, SessionId, Tag};
use plexidb_pool::{GroupStats, Pool, PoolStats, Priority};
use secrecy::SecretString;

use crate::error::Error;

mod checkpoints;
mod lease;
mod reads;
mod replica_set;
mod replicas;
mod servers;
mod sessions;
mod tags;
mod watch;
mod write_log;

pub(crate) use lease::{EndpointLease, Origin};
pub(crate) use reads::Freshness;
pub(crate) use replica_set::{ReplicaSet, ReplicaSettings};
pub use replicas::Replicas;
pub use servers::ServerStats;
pub use tags::ServerTag;
pub(crate) use tags::ServerTraits;
pub(crate) use write_log::WriteLog;

/// The servers of one database.
pub(crate) struct Endpoints {
    servers: Servers,
    /// In the order of the configuration; the first is that of the database's own URL.
    connectors: Vec<Arc<dyn Connector>>,
}

enum Servers {
    Single(Pool),
    Replicated {
        set: Arc<ReplicaSet>,
        watchers: Vec<tokio::task::AbortHandle>,
    },
}

/// Which server may run a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The primary alone, though with a tag only where it serves reads of that.
    Primary(Option<ServerTag>),
    /// A replica that is fresh enough, else the primary.
    Replica(Freshness),
}

impl Route {
    /// Whether the result may lack writes that were acknowledged before the read.
    pub(crate) fn may_lag(self) -> bool {
        matches!(self, Self::Replica(Freshness { lag_max: Some(_), .. }))
    }

    /// The primary in its place.
    pub(crate) fn on_primary(self) -> Self {
        match self {
            Self::Primary(tag) | Self::Replica(Freshness { tag, .. }) => Self::Primary(tag),
        }
    }
}

/// The primary of a database as long as no other takes over.
pub(crate) struct Primary<'a> {
    pub(crate) connector: &'a Arc<dyn Connector>,
    /// Its place in the configuration, and the takeover by which it came.
    pub(crate) place: (usize, u64),
}

impl Endpoints {
    pub(crate) fn single(connector: Arc<dyn Connector>, pool: Pool) -> Self {
        Self {
            servers: Servers::Single(pool),
            connectors: vec![connector],
        }
    }

    /// A primary and its replicas, which are watched from now on. Returns once each was asked what it is, or could not be.
    pub(crate) async fn replicated(
        set: ReplicaSet,
        connectors: Vec<Arc<dyn Connector>>,
        check_interval: Duration,
    ) -> Self {
        let set = Arc::new(set);
        let watchers = watch::begin(&set, &connectors, check_interval).await;
        Self {
            servers: Servers::Replicated { set, watchers },
            connectors,
        }
    }

    /// The replicas, where there are any.
    pub(crate) fn replicas(&self) -> Option<&Arc<ReplicaSet>> {
        match &self.servers {
            Servers::Single(_) => None,
            Servers::Replicated { set, .. } => Some(set),
        }
    }

    /// The log of writes, where somebody reads it.
    pub(crate) fn write_log(&self) -> Option<&Arc<WriteLog>> {
        self.replicas().map(|set| set.writes())
    }

    /// Notes that somebody else may have written this: no replica counts as fresh for it until it has replayed what the primary
    /// has now.
    pub(crate) fn note_write(&self, tags: &[Tag]) {
        if let Some(log) = self.write_log() {
            log.note(tags);
        }
    }

    /// A connection to the primary.
    pub(crate) async fn checkout(&self) -> Result<EndpointLease, Error> {
        match &self.servers {
            Servers::Single(pool) => Ok(EndpointLease::of_pool(pool.checkout().await?)),
            Servers::Replicated { set, .. } => set.checkout().await,
        }
    }

    /// A connection to the primary for a user or for a background task; where there are replicas all are users.
    pub(crate) async fn checkout_as(&self, priority: Priority) -> Result<EndpointLease, Error> {
        match &self.servers {
            Servers::Single(pool) => Ok(EndpointLease::of_pool(pool.checkout_as(priority).await?)),
            Servers::Replicated { .. } => self.checkout().await,
        }
    }

    /// A connection for a read, and whether it sees every write that was acknowledged before the route was chosen to what the
    /// read depends on.
    pub(crate) async fn checkout_for_read(&self, route: Route) -> Result<(EndpointLease, bool), Error> {
        let Servers::Replicated { set, .. } = &self.servers else {
            return Ok((self.checkout().await?, true));
        };
        let (lease, is_strict) = match route {
            Route::Replica(freshness) => set.checkout_for_read(freshness).await?,
            Route::Primary(tag) => (set.checkout_primary(tag).await?, true),
        };
        set.count_read(lease.origin().index);
        Ok((lease, is_strict))
    }

    /// The tag of this name; any name will do where there is one server.
    pub(crate) fn tag(&self, name: &str) -> Option<ServerTag> {
        match &self.servers {
            Servers::Single(_) => Some(ServerTag::OF_ONLY_SERVER),
            Servers::Replicated { set, .. } => set.tag(name),
        }
    }

    /// The servers where there are several, in the order of the configuration.
    pub(crate) fn stats_of_servers(&self) -> Vec<ServerStats> {
        self.replicas().map(|set| set.servers()).unwrap_or_default()
    }

    /// Makes sure that the server is done with a session; see [`Connector::terminate`].
    pub(crate) async fn terminate(&self, origin: Origin, session: SessionId) -> Result<bool, DriverError> {
        if let Some(set) = self.replicas()
            && set.has_left(origin)
        {
            // Another server has taken over. What it has of the session's writes it has had since then, and what the old one
            // goes on doing is read by nobody.
            return Ok(true);
        }
        let answer = self.connectors[origin.index].terminate(session).await;
        if let (Err(error), Some(pool)) = (&answer, self.pools().get(origin.index)) {
            pool.heed(error);
        }
        answer
    }

    /// The name of the server on which a session is.
    pub(crate) fn target(&self, origin: Origin) -> &str {
        self.connectors[origin.index].target()
    }

    /// The primary, and what tells its time as one from those before it; `None` while there is none.
    pub(crate) fn primary(&self) -> Option<Primary<'_>> {
        let place = match &self.servers {
            Servers::Single(_) => (0, 0),
            Servers::Replicated { set, .. } => set.primary()?,
        };
        Some(Primary {
            connector: self.connectors.get(place.0)?,
            place,
        })
    }

    /// The connector of the server whose name is meant.
    pub(crate) fn connector_of(&self, is_meant: impl Fn(&str) -> bool) -> Option<&Arc<dyn Connector>> {
        self.connectors
            .iter()
            .find(|connector| is_meant(connector.target()))
    }

    /// Changes the password of the user of the database's own URL, at each server where it is this user who logs in.
    pub(crate) fn set_password(&self, password: &SecretString) -> Result<(), DriverError> {
        let user = self.connectors[0].user();
        for connector in self
            .connectors
            .iter()
            .filter(|connector| connector.user() == user)
        {
            connector.set_password(password.clone())?;
        }
        self.try_again();
        Ok(())
    }

    /// Servers that could not be reached are asked and tried at once.
    fn try_again(&self) {
        self.pools().iter().for_each(Pool::forget_failures);
        if let Some(set) = self.replicas() {
            set.ask_again();
        }
    }

    /// The connector of the server where there is one server only.
    pub(crate) fn only_connector(&self) -> Option<&Arc<dyn Connector>> {
        match &self.connectors[..] {
            [connector] => Some(connector),
            _ => None,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match &self.servers {
            Servers::Single(pool) => pool.is_closed(),
            Servers::Replicated { set, .. } => set.group().endpoints().all(|(_, _, pool)| pool.is_closed()),
        }
    }

    /// Refuses new checkouts at once and waits until all connections are back, at most for `grace` in all.
    pub(crate) async fn close(&self, grace: Duration) {
        match &self.servers {
            Servers::Single(pool) => {
                pool.close(grace).await;
            }
            Servers::Replicated { set, watchers } => {
                watchers.iter().for_each(tokio::task::AbortHandle::abort);
                let mut closings = tokio::task::JoinSet::new();
                for (_, _, pool) in set.group().endpoints() {
                    let pool = pool.clone();
                    closings.spawn(async move { pool.close(grace).await });
                }
                while closings.join_next().await.is_some() {}
            }
        }
    }

    /// The pool of each server.
    pub(crate) fn pools(&self) -> Vec<Pool> {
        match &self.servers {
            Servers::Single(pool) => vec![pool.clone()],
            Servers::Replicated { set, .. } => {
                let pools = set.group().endpoints();
                pools.map(|(_, _, pool)| pool.clone()).collect()
            }
        }
    }

    /// Each pool, by the name of its database and, where there are several, of its server.
    pub(crate) fn pool_stats(&self, database: &str) -> Vec<(String, PoolStats)> {
        match &self.servers {
            Servers::Single(pool) => vec![(database.to_owned(), pool.stats())],
            Servers::Replicated { set, .. } => {
                let pools = set.group().endpoints();
                pools
                    .map(|(_, name, pool)| (format!("{database}/{name}"), pool.stats()))
                    .collect()
            }
        }
    }

    pub(crate) fn group_stats(&self) -> Option<GroupStats> {
        self.replicas().map(|set| set.group().stats())
    }
}

impl Drop for Endpoints {
    fn drop(&mut self) {
        if let Servers::Replicated { watchers, .. } = &self.servers {
            watchers.iter().for_each(tokio::task::AbortHandle::abort);
        }
    }
}
