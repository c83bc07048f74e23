//! Entries in Redis: one string each, under `namespace:l2:` and the entry's name.
//!
//! Invariant: it never waits longer than its connection does, and touches no key of another namespace.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use plexidb_core::BoxFuture;
use redis::{Cmd, Value};

use super::namespace::Namespace;
use super::port::{L2Store, StoreError, StoreKey, StoreStatus, StoredEntry};
use crate::redis_connection::{RedisConnection, RedisFailure, RedisStatus};

/// How many keys one step of [`clear`](L2Store::clear) looks at.
const SCAN_COUNT: usize = 500;
/// Digits of an entry's name.
const NAME_DIGITS: usize = 32;

/// Entries in Redis or Valkey.
#[derive(Clone, Debug)]
pub struct RedisStore {
    connection: RedisConnection,
    prefix: String,
}

impl RedisStore {
    /// Keeps the entries of a namespace over this connection, which nothing else should use: entries may be large.
    #[must_use]
    pub fn new(connection: RedisConnection, namespace: &Namespace) -> Self {
        Self {
            connection,
            prefix: format!("{namespace}:l2:"),
        }
    }

    fn key(&self, name: StoreKey) -> String {
        format!("{}{name}", self.prefix)
    }

    fn set(&self, entry: &StoredEntry) -> Cmd {
        let mut command = redis::cmd("SET");
        let ttl_ms = u64::try_from(entry.ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        command
            .arg(self.key(entry.key))
            .arg(&entry.bytes[..])
            .arg("PX")
            .arg(ttl_ms);
        command
    }

    async fn put(&self, entries: &[StoredEntry]) -> Result<(), RedisFailure> {
        if self.connection.is_cluster() {
            let commands: Vec<Cmd> = entries.iter().map(|entry| self.set(entry)).collect();
            let answers = join_all(commands.iter().map(|command| self.connection.call(command))).await;
            return answers.into_iter().try_for_each(|answer| answer.map(drop));
        }
        let mut pipeline = redis::pipe();
        for entry in entries {
            pipeline.add_command(self.set(entry));
        }
        self.connection.call_all(&pipeline).await.map(drop)
    }

    async fn clear_all(&self) -> Result<u64, RedisFailure> {
        let mut count = 0;
        for (host, port) in self.nodes().await? {
            let mut cursor = "0".to_owned();
            loop {
                let keys;
                (cursor, keys) = self.scan(&cursor, &host, port).await?;
                count += self.unlink(&keys).await?;
                if cursor == "0" {
                    break;
                }
            }
        }
        Ok(count)
    }

    /// One step of a scan: the next cursor, and keys of this namespace.
    async fn scan(
        &self,
        cursor: &str,
        host: &str,
        port: u16,
    ) -> Result<(String, Vec<Vec<u8>>), RedisFailure> {
        let mut command = redis::cmd("SCAN");
        // As many characters as a name has, so that a namespace which begins like this one is not meant.
        let pattern = format!("{}{}", self.prefix, "?".repeat(NAME_DIGITS));
        command
            .arg(cursor)
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(SCAN_COUNT);
        let answer = self.connection.call_node(&command, host, port).await?;
        redis::from_redis_value(answer).map_err(|_| unexpected("SCAN"))
    }

    async fn unlink(&self, keys: &[Vec<u8>]) -> Result<u64, RedisFailure> {
        if keys.is_empty() {
            return Ok(0);
        }
        let mut command = redis::cmd("UNLINK");
        command.arg(keys);
        let answer = self.connection.call(&command).await?;
        redis::from_redis_value(answer).map_err(|_| unexpected("UNLINK"))
    }

    /// The primaries, each of which holds keys; a single server needs no address.
    async fn nodes(&self) -> Result<BTreeSet<(String, u16)>, RedisFailure> {
        if !self.connection.is_cluster() {
            return Ok(BTreeSet::from([(String::new(), 0)]));
        }
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let answer = self.connection.call(&command).await?;
        primaries(&answer).ok_or_else(|| unexpected("CLUSTER SLOTS"))
    }
}

/// The first node of each range of slots.
fn primaries(answer: &Value) -> Option<BTreeSet<(String, u16)>> {
    let Value::Array(ranges) = answer else {
        return None;
    };
    ranges
        .iter()
        .map(|range| {
            let Value::Array(parts) = range else {
                return None;
            };
            let Value::Array(node) = parts.get(2)? else {
                return None;
            };
            match node.as_slice() {
                [Value::BulkString(host), Value::Int(port), ..] => {
                    Some((String::from_utf8(host.clone()).ok()?, u16::try_from(*port).ok()?))
                }
                _ => None,
            }
        })
        .collect()
}

fn unexpected(command: &str) -> RedisFailure {
    RedisFailure::Refused {
        code: "ERR".into(),
        message: format!("an answer to {command} that makes no sense").into(),
    }
}

/// What was asked for, and the answer as entries.
fn entries_of(answer: Value, wanted: usize) -> Result<Vec<Option<Bytes>>, RedisFailure> {
    let Value::Array(values) = answer else {
        return Err(unexpected("MGET"));
    };
    if values.len() != wanted {
        return Err(unexpected("MGET"));
    }
    let entries = values.into_iter().map(|value| match value {
        Value::BulkString(bytes) => Some(Bytes::from(bytes)),
        _ => None,
    });
    Ok(entries.collect())
}

impl L2Store for RedisStore {
    fn get_many<'a>(&'a self, keys: &'a [StoreKey]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>, StoreError>> {
        Box::pin(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let mut command = redis::cmd("MGET");
            for &key in keys {
                command.arg(self.key(key));
            }
            let answer = self.connection.call(&command).await?;
            Ok(entries_of(answer, keys.len())?)
        })
    }

    fn put_many<'a>(&'a self, entries: &'a [StoredEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if entries.is_empty() {
                return Ok(());
            }
            let result = self.put(entries).await;
            self.connection.note_write(&result);
            Ok(result?)
        })
    }

    fn remove_many<'a>(&'a self, keys: &'a [StoreKey]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let keys: Vec<Vec<u8>> = keys.iter().map(|&key| self.key(key).into_bytes()).collect();
            self.unlink(&keys).await?;
            Ok(())
        })
    }

    fn clear(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.clear_all().await?) })
    }

    fn status(&self) -> StoreStatus {
        match self.connection.status() {
            RedisStatus::Connected => StoreStatus::Connected,
            RedisStatus::Degraded { since, error } => StoreStatus::Degraded { since, error },
        }
    }
}

impl From<RedisFailure> for StoreError {
    fn from(failure: RedisFailure) -> Self {
        match failure {
            RedisFailure::Unavailable { error } => Self::Unavailable { error },
            RedisFailure::Timeout { after } => Self::Timeout { after },
            RedisFailure::Lost { error } => Self::Failed { error },
            refused @ RedisFailure::Refused { .. } => Self::Failed {
                error: Arc::from(refused.to_string()),
            },
        }
    }
}
