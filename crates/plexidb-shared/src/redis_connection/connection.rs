//! The connection that callers share: up or down, and what each call makes of it.
//!
//! Invariant: while it is down no call waits. Only the keeper, in the background, brings it up again.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use tokio::sync::Notify;
use tokio::time;

use super::config::{RedisConfig, RedisConfigError};
use super::failure::RedisFailure;
use super::keeper;
use super::link::Link;
use super::script::RedisScript;
use super::subscription::RedisSubscription;
use super::target::Target;

/// A connection to Redis, kept in the background. Cloning shares it; dropping the last clone ends it.
///
/// Whoever sends large values and whoever must not be delayed by them have a connection each.
#[derive(Clone)]
pub struct RedisConnection(Arc<Shared>);

/// Whether Redis can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisStatus {
    /// It answers, and takes what it is sent.
    Connected,
    /// It is out of reach, or refuses.
    Degraded {
        /// Since when.
        since: Instant,
        /// What has been found last.
        error: Arc<str>,
    },
}

/// What the clones and the keeper share.
pub(super) struct Shared {
    pub(super) target: Target,
    state: Mutex<State>,
    /// Tells the keeper that the connection went down, or that the last clone is gone.
    pub(super) down: Arc<Notify>,
}

enum State {
    Up {
        link: Link,
        since: Instant,
        /// Tells this link from those before it.
        number: u64,
        /// Since when it refuses what it is asked for, and in which words.
        refusal: Option<(Instant, Arc<str>)>,
    },
    Down {
        since: Instant,
        error: Arc<str>,
        /// The link that failed, how long it had held, and its number: it may only have been slow.
        failed: Option<(Link, u64)>,
        number: u64,
        held: Option<Duration>,
    },
}

/// What the keeper finds when it looks after a connection that is down.
pub(super) struct Broken {
    /// The link that failed, which may only have been slow.
    pub(super) link: Option<Link>,
    /// How long it had held.
    pub(super) held: Option<Duration>,
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection")
            .field("config", self.0.target.config())
            .field("status", &self.status())
            .finish()
    }
}

impl RedisConnection {
    /// Begins to connect in the background and returns at once: Redis need not be there. Must be called on a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`RedisConfigError`] where the configuration cannot work, or there is no runtime.
    pub fn new(config: RedisConfig) -> Result<Self, RedisConfigError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| RedisConfigError::NoRuntime)?;
        let down = Arc::new(Notify::new());
        let shared = Arc::new(Shared {
            target: Target::new(config)?,
            state: Mutex::new(State::Down {
                since: Instant::now(),
                error: "not connected yet".into(),
                failed: None,
                number: 0,
                held: None,
            }),
            down: Arc::clone(&down),
        });
        runtime.spawn(keeper::keep(Arc::downgrade(&shared), down));
        Ok(Self(shared))
    }

    /// Sends one command and waits for its answer, at most the configured time.
    ///
    /// # Errors
    ///
    /// [`RedisFailure`]; an answer that is an error counts as one.
    pub async fn call(&self, command: &Cmd) -> Result<Value, RedisFailure> {
        self.within_time(async |link| link.call(command).await).await
    }

    /// Sends several commands in one round trip; the answers are in their order. In Redis Cluster all keys must have one hash tag.
    ///
    /// # Errors
    ///
    /// [`RedisFailure`] of the first answer that is an error; the other commands may have taken effect.
    pub async fn call_all(&self, pipeline: &Pipeline) -> Result<Vec<Value>, RedisFailure> {
        self.within_time(async |link| link.call_all(pipeline).await).await
    }

    /// Runs a script. In Redis Cluster all keys must have one hash tag.
    ///
    /// # Errors
    ///
    /// [`RedisFailure`]; an error of the script is [`RedisFailure::Refused`].
    pub async fn run(
        &self,
        script: &RedisScript,
        keys: &[&[u8]],
        arguments: &[&[u8]],
    ) -> Result<Value, RedisFailure> {
        match self.call(&script.by_hash(keys, arguments)).await {
            Err(RedisFailure::Refused { code, .. }) if *code == *"NOSCRIPT" => {
                self.call(&script.eval_command(keys, arguments)).await
            }
            answer => answer,
        }
    }

    /// Opens a connection that listens on one channel. When it is returned the subscription stands.
    ///
    /// # Errors
    ///
    /// [`RedisFailure`]. It is tried whether or not the calls' connection is up, and does not change its state.
    pub async fn subscribe(&self, channel: &str) -> Result<RedisSubscription, RedisFailure> {
        let target = &self.0.target;
        let after = target.config().connect_timeout;
        let subscribed = time::timeout(after, async {
            let mut listening = target.connect_to_listen().await?;
            listening.subscribe(channel).await?;
            Ok(RedisSubscription::new(listening.into_on_message()))
        });
        match subscribed.await {
            Err(_) => Err(RedisFailure::Timeout { after }),
            Ok(result) => {
                result.map_err(|error: RedisError| RedisFailure::of(&error, target.finds_primary()))
            }
        }
    }

    /// Whether Redis can be used, as of the last call or probe.
    #[must_use]
    pub fn status(&self) -> RedisStatus {
        match &*self.0.state() {
            State::Up { refusal: None, .. } => RedisStatus::Connected,
            State::Up {
                refusal: Some((since, error)),
                ..
            }
            | State::Down { since, error, .. } => RedisStatus::Degraded {
                since: *since,
                error: Arc::clone(error),
            },
        }
    }

    /// Whether the servers are a cluster, where commands over several keys go to several servers.
    pub(crate) fn is_cluster(&self) -> bool {
        matches!(
            self.0.target.config().servers,
            super::config::RedisServers::Cluster { .. }
        )
    }

    /// As [`call`](Self::call), to one node of a cluster; a single server is every node.
    pub(crate) async fn call_node(
        &self,
        command: &Cmd,
        host: &str,
        port: u16,
    ) -> Result<Value, RedisFailure> {
        self.within_time(async |link| link.call_node(command, host, port).await)
            .await
    }

    /// How it is configured.
    pub(crate) fn config(&self) -> &RedisConfig {
        self.0.target.config()
    }

    /// As [`call`](Self::call), with another longest wait: an answer may be so large that it takes its time.
    pub(crate) async fn call_within(&self, command: &Cmd, after: Duration) -> Result<Value, RedisFailure> {
        self.within(after, async |link| link.call(command).await).await
    }

    async fn within_time<T>(
        &self,
        send: impl AsyncFnOnce(&mut Link) -> RedisResult<T>,
    ) -> Result<T, RedisFailure> {
        self.within(self.config().call_timeout, send).await
    }

    async fn within<T>(
        &self,
        after: Duration,
        send: impl AsyncFnOnce(&mut Link) -> RedisResult<T>,
    ) -> Result<T, RedisFailure> {
        let (mut link, number) = self.0.link()?;
        let failure = match time::timeout(after, send(&mut link)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => RedisFailure::of(&error, self.0.target.finds_primary()),
            Err(_) => RedisFailure::Timeout { after },
        };
        if failure.is_of_the_connection() {
            self.0.fail(number, &failure);
        }
        Err(failure)
    }

    /// Notes whether Redis takes what it is sent, for the status: a full or a read-only server answers reads all the same.
    pub(crate) fn note_write(&self, result: &Result<(), RedisFailure>) {
        let mut state = self.0.state();
        let State::Up { refusal, .. } = &mut *state else {
            return;
        };
        match (result, &refusal) {
            (Ok(()), _) => *refusal = None,
            (Err(failure @ RedisFailure::Refused { .. }), None) => {
                *refusal = Some((Instant::now(), failure.to_string().into()));
            }
            _ => {}
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The link and its number, or that there is none.
    fn link(&self) -> Result<(Link, u64), RedisFailure> {
        match &*self.state() {
            State::Up { link, number, .. } => Ok((link.clone(), *number)),
            State::Down { error, .. } => Err(RedisFailure::Unavailable {
                error: Arc::clone(error),
            }),
        }
    }

    /// The link of this number has failed. Another one may be up already.
    fn fail(&self, failed: u64, failure: &RedisFailure) {
        let mut state = self.state();
        if let State::Up {
            link, since, number, ..
        } = &*state
            && *number == failed
        {
            tracing::warn!(error = %failure, "Redis is out of reach; results go to the database alone");
            *state = State::Down {
                since: Instant::now(),
                error: failure.to_string().into(),
                failed: Some((link.clone(), failed)),
                number: failed,
                held: Some(since.elapsed()),
            };
            self.down.notify_one();
        }
    }

    /// What is to be repaired; `None` while the connection is up.
    pub(super) fn broken(&self) -> Option<Broken> {
        match &mut *self.state() {
            State::Up { .. } => None,
            State::Down { failed, held, .. } => Some(Broken {
                link: failed.take().map(|(link, _)| link),
                held: held.take(),
            }),
        }
    }

    /// Calls may go over this link.
    pub(super) fn bring_up(&self, link: Link) {
        let mut state = self.state();
        if let State::Down { number, .. } = &*state {
            tracing::info!("connected to Redis");
            *state = State::Up {
                link,
                since: Instant::now(),
                number: number + 1,
                refusal: None,
            };
        }
    }

    /// What the keeper has found this time.
    pub(super) fn still_down(&self, found: Arc<str>) {
        if let State::Down { error, .. } = &mut *self.state() {
            *error = found;
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.down.notify_one();
    }
}
