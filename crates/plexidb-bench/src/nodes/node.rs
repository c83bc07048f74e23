//! A node: one process with a manager, which reads and writes as it is told, and tells all that it does.
//!
//! Invariant: it ends as soon as the one who started it does.

use std::io::{BufRead as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use plexidb::{Coherence, Config, DatabaseConfig, Manager, RedisConfig, params};
use tokio::sync::{RwLock, mpsc};

use super::call::{CONNECT_TIMEOUT, POOL_TIMEOUT, STATEMENT_TIMEOUT};
use super::event::{Command, Event, Orders, State};
use super::number::Numbers;
use super::sql::Sql;
use super::{DATABASE, LEASE, MAX_STALENESS, NAMESPACE, REDIS_TIMEOUT, reader, writer};
use crate::coherence::Dice;

/// Between two tries to start.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a read at the end may wait for its table to be free.
const TRIES_MAX: usize = 100;

/// What the workers of a node share.
pub(super) struct Node {
    pub(super) manager: Manager,
    pub(super) sql: Sql,
    pub(super) numbers: Numbers,
    /// Each call holds it for reading, so that who holds it for writing knows that none is under way.
    pub(super) gate: RwLock<()>,
    orders: Orders,
}

impl Node {
    /// The dice of one operation of one worker of this process.
    pub(super) fn dice(&self, worker: u64, operation: u64) -> Dice {
        let Orders {
            node, incarnation, ..
        } = self.orders;
        let stream = (node as u64) << 40 | incarnation << 16 | worker;
        Dice::at(self.orders.seed, stream, operation)
    }

    /// Writes that were sent though the others could not be told.
    pub(super) fn unannounced(&self) -> u64 {
        let shared = self.manager.stats().shared;
        shared.iter().map(|(_, stats)| stats.unannounced_writes).sum()
    }
}

/// Tells one event: a line that is written at once.
pub(super) fn tell(event: &Event) {
    let Ok(mut line) = serde_json::to_vec(event) else {
        return;
    };
    line.push(b'\n');
    // One that cannot be told has nobody who listens: the process ends by its input.
    let _ = std::io::stdout().write_all(&line);
}

/// Runs the process: orders come on its input, events go to its output.
///
/// # Errors
///
/// Where the orders cannot be understood.
pub async fn node() -> Result<()> {
    let mut lines = lines();
    let first = lines.recv().await.context("no orders came")?;
    let orders: Orders = serde_json::from_str(&first).context("the orders")?;
    let manager = connect(&orders).await?;
    tell(&Event::Ready);
    let node = Arc::new(Node {
        manager,
        sql: Sql::new(orders.is_mariadb),
        numbers: Numbers::new(orders.node),
        gate: RwLock::new(()),
        orders,
    });
    for worker in 0..reader::READERS {
        tokio::spawn(reader::run(Arc::clone(&node), worker));
    }
    for worker in 0..writer::WRITERS {
        tokio::spawn(writer::run(Arc::clone(&node), worker));
    }
    let mut rest = None;
    while let Some(line) = lines.recv().await {
        match serde_json::from_str(&line).context("a command")? {
            Command::Pause => {
                rest = Some(node.gate.write().await);
                tell(&Event::Paused);
            }
            Command::TellState => tell(&Event::State(state(&node.manager))),
            Command::TellContents => tell(&contents(&node).await),
            Command::Close => {
                node.manager.clone().close().await;
                tell(&Event::Closed);
            }
        }
    }
    drop(rest);
    Ok(())
}

/// The lines of the input; its end is the end of the process.
fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.send(line).is_err() {
                break;
            }
        }
        std::process::exit(0);
    });
    receiver
}

/// The manager, as soon as the database lets it start.
async fn connect(orders: &Orders) -> Result<Manager> {
    let mut redis = RedisConfig::from_url(orders.redis_url.clone());
    redis.coherence = if orders.is_strict {
        Coherence::Strict
    } else {
        Coherence::Bounded
    };
    redis.lease = LEASE;
    redis.max_staleness = MAX_STALENESS;
    redis.namespace = NAMESPACE.to_owned();
    redis.timeout = REDIS_TIMEOUT;
    let database = DatabaseConfig {
        connection_pool_size: 8,
        max_overflow: 4,
        pool_timeout: POOL_TIMEOUT,
        connect_timeout: CONNECT_TIMEOUT,
        statement_timeout: Some(STATEMENT_TIMEOUT),
        // Hits wherever there may be one.
        adaptive_caching: false,
        ..DatabaseConfig::from_url(DATABASE, orders.database_url.clone())
    };
    let config = Config::builder().database(database).redis(redis).build()?;
    loop {
        match Manager::from_config(config.clone()).await {
            Ok(manager) => return Ok(manager),
            Err(error) => {
                eprintln!("node {} cannot start yet: {error}", orders.node);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn state(manager: &Manager) -> State {
    let stats = manager.stats();
    let shared = stats.shared.first().map(|(_, shared)| shared);
    State {
        serves: shared.is_some_and(|shared| shared.serves),
        slots_held: stats.slots.iter().map(|(_, slots)| slots.held).sum(),
        owed: shared.map_or(0, |shared| shared.owed_slots),
        abandoned: stats.slots.iter().map(|(_, slots)| slots.abandoned).sum(),
        others: shared.map_or(0, |shared| shared.node.others),
        contact: shared.map_or_else(String::new, |shared| shared.node.contact.to_string()),
    }
}

/// All cells, twice: as the cache shows them, and as the database does.
async fn contents(node: &Node) -> Event {
    let mut shown = Vec::new();
    for is_cached in [true, false] {
        let mut cells = Vec::new();
        for _ in 0..TRIES_MAX {
            let answer = if is_cached {
                node.manager.query(&node.sql.all, params![]).await
            } else {
                node.manager.select(&node.sql.all).no_cache().fetch().await
            };
            match answer.map(|rows| reader::cells_of(&rows)) {
                Ok(Ok(found)) => {
                    cells = found;
                    break;
                }
                // A connection that a fault has broken.
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
        shown.push(cells);
    }
    let fresh = shown.pop().unwrap_or_default();
    let cached = shown.pop().unwrap_or_default();
    Event::Contents { cached, fresh }
}
