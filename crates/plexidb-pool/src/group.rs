//! The servers of one logical database, and the choice among them.
//!
//! Invariant: writes go to at most one endpoint, and never to one that was last seen to be read-only. Nothing here knows SQL or a
//! particular database: what the servers are is observed by others and told.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

mod arbitration;
mod balance;
mod board;
mod breaker;
mod chance;
mod checkout;
mod config;
mod endpoint;
mod error;
mod fitness;
mod lease;
mod mark;
mod member;
mod need;
mod outcome;
mod role;
mod standing;
mod stats;
#[cfg(test)]
mod tests;

use board::Board;
use endpoint::ENDPOINTS_MAX;

use crate::pool::Pool;

pub use balance::Balance;
pub use breaker::{BreakerConfig, BreakerState};
pub use config::GroupConfig;
pub use endpoint::{Endpoint, EndpointId};
pub use error::{GroupError, InvalidGroup};
pub use fitness::Unfit;
pub use lease::{EndpointGuard, GroupLease};
pub use mark::Mark;
pub use need::{Intent, Need};
pub use outcome::Outcome;
pub use role::{Observation, Role};
pub use stats::{EndpointStats, GroupStats};

/// The servers of one logical database; cloning shares them.
///
/// Writes go to the primary. Reads go to a replica that is fit for them, else to the primary. Who is what is configured at first, and
/// then follows what [`observe`](Self::observe) is told.
///
/// All is under one lock, which is held for a few comparisons an endpoint.
///
/// ```
/// use std::time::Duration;
/// use plexidb_pool::{Endpoint, Group, GroupConfig, Need, Observation, Outcome, Pool, Role};
/// use tokio::time::Instant;
///
/// async fn read_somewhere(one: Pool, two: Pool) -> Result<(), Box<dyn std::error::Error>> {
///     let endpoints = vec![
///         Endpoint::new("one", Role::Primary, one),
///         Endpoint::new("two", Role::Replica, two).weight(2).tag("analytics"),
///     ];
///     let group = Group::new("chat", endpoints, GroupConfig::default())?;
///     // A background task asks the servers what they are.
///     if let Some(two) = group.endpoint("two") {
///         let seen = Observation::replica(Instant::now()).lag(Duration::from_millis(3));
///         group.observe(two, seen);
///     }
///     let need = Need::read().lag_max(Duration::from_secs(5));
///     let mut lease = group.checkout(&need).await?;
///     let started = Instant::now();
///     lease.ping().await?;
///     lease.note(Outcome::Answered(started.elapsed()));
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Group {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    name: String,
    names: Vec<String>,
    pools: Vec<Pool>,
    config: GroupConfig,
    board: Mutex<Board>,
    /// Told when something was observed.
    changed: Notify,
}

impl Group {
    /// The most endpoints of a group: 64.
    pub const ENDPOINTS_MAX: usize = ENDPOINTS_MAX;

    /// Binds endpoints together.
    ///
    /// # Errors
    ///
    /// [`InvalidGroup`] where there is none, more than [`ENDPOINTS_MAX`](Self::ENDPOINTS_MAX), or two of one name.
    pub fn new(
        name: impl Into<String>,
        endpoints: Vec<Endpoint>,
        config: GroupConfig,
    ) -> Result<Self, InvalidGroup> {
        let name = name.into();
        if let Some(reason) = invalidity(&endpoints) {
            return Err(InvalidGroup { group: name, reason });
        }
        let names = endpoints.iter().map(|endpoint| endpoint.traits.name.clone());
        let names = names.collect();
        let (traits, pools) = endpoints
            .into_iter()
            .map(|endpoint| (endpoint.traits, endpoint.pool))
            .unzip();
        Ok(Self {
            shared: Arc::new(Shared {
                name,
                names,
                pools,
                config,
                board: Mutex::new(Board::new(traits, config)),
                changed: Notify::new(),
            }),
        })
    }

    /// Checks a connection out of an endpoint that is fit. Where a read meets an endpoint that gives no connection it goes to
    /// another. Dropping the future leaves nothing counted.
    ///
    /// Whoever uses the connection says what came of it by [`GroupLease::note`].
    ///
    /// # Errors
    ///
    /// [`GroupError::NoPrimary`], [`GroupError::SeveralPrimaries`], [`GroupError::OutdatedPrimary`],
    /// [`GroupError::DeposedPrimary`] or [`GroupError::Unavailable`] where no endpoint is fit, [`GroupError::Pool`] or
    /// [`GroupError::NoConnection`] where those that are give no connection.
    pub async fn checkout(&self, need: &Need) -> Result<GroupLease, GroupError> {
        self.shared.checkout(need).await
    }

    /// The endpoint with this name.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> Option<EndpointId> {
        let index = self.shared.names.iter().position(|own| own == name)?;
        Some(EndpointId(index))
    }

    /// All endpoints, in the order of the configuration, with their names and pools.
    pub fn endpoints(&self) -> impl ExactSizeIterator<Item = (EndpointId, &str, &Pool)> {
        let endpoints = self.shared.names.iter().zip(&self.shared.pools).enumerate();
        endpoints.map(|(index, (name, pool))| (EndpointId(index), name.as_str(), pool))
    }

    /// Takes note of what a check has seen of an endpoint. It closes the endpoint's breaker, and where the role is another one,
    /// all connections of its pool are retired. Returns whether that is so. An endpoint of another group is passed over.
    pub fn observe(&self, endpoint: EndpointId, observation: Observation) -> bool {
        let EndpointId(index) = endpoint;
        if index >= self.shared.pools.len() {
            return false;
        }
        let has_changed = self.shared.board().observe(index, observation);
        self.shared.role_was_noted(index, has_changed);
        self.shared.changed.notify_waiters();
        has_changed
    }

    /// Takes note that a check, sent at the given time, did not reach an endpoint: it counts as a failure. After as many in a row as
    /// open a breaker ([`BreakerConfig::failures_max`]), another server that is seen to be the primary takes over from it. Not
    /// for a check that found the pool exhausted.
    pub fn unreachable(&self, endpoint: EndpointId, asked_at: Instant) {
        let EndpointId(index) = endpoint;
        if index < self.shared.pools.len() {
            self.shared.board().lose(index, asked_at, Instant::now());
            self.shared.changed.notify_waiters();
        }
    }

    /// Takes note that a check, sent at the given time, got no answer of use: of lag and position nothing is known any more, since
    /// the endpoint may have started anew, from an earlier position. It says nothing of whether it works.
    pub fn forget_progress(&self, endpoint: EndpointId, asked_at: Instant) {
        let EndpointId(index) = endpoint;
        if let Some(member) = self.shared.board().members.get_mut(index) {
            member.forget_progress(asked_at);
        }
    }

    /// Forgets what was observed, the newest timeline included, so that the configuration counts again: for databases that were
    /// set up anew, with timelines that begin anew.
    pub fn forget_observations(&self) {
        self.shared.board().forget_observations();
        self.shared.pools.iter().for_each(|pool| {
            pool.retire_all();
        });
        self.shared.changed.notify_waiters();
    }

    /// How often another endpoint, or another timeline, took over the writes. A new one may lack writes that were acknowledged
    /// before: what was derived from those, as results in a cache and positions, does not count any more.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.shared.board().epoch
    }

    /// What the group has, knows and did.
    #[must_use]
    pub fn stats(&self) -> GroupStats {
        let pools: Vec<_> = self.shared.pools.iter().map(Pool::stats).collect();
        self.shared.board().stats(&pools, Instant::now())
    }
}

/// What is wrong with the endpoints of a group.
fn invalidity(endpoints: &[Endpoint]) -> Option<String> {
    if endpoints.is_empty() {
        return Some("there is none; name at least one".to_owned());
    }
    if endpoints.len() > ENDPOINTS_MAX {
        let count = endpoints.len();
        return Some(format!("there are {count}; the bound is {ENDPOINTS_MAX}"));
    }
    let mut names: Vec<_> = endpoints
        .iter()
        .map(|endpoint| endpoint.traits.name.as_str())
        .collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(format!("two are called \"{}\"; give each its own name", twice[0]))
}

impl Shared {
    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        // Nothing that runs under the lock can leave it half-done.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connections of an endpoint that has another role now were begun with the old one.
    pub(crate) fn role_was_noted(&self, index: usize, has_changed: bool) {
        if has_changed {
            tracing::info!(
                group = self.name,
                endpoint = self.names[index],
                "an endpoint has another role now"
            );
            self.pools[index].retire_all();
            self.changed.notify_waiters();
        }
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("name", &self.shared.name)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
