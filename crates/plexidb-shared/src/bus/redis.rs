//! The bus in Redis or Valkey (6.2 and later): the record in four keys, changed by scripts alone; messages and acknowledgements on one channel.
//!
//! Invariant: each call is one script, hence atomic, and does exactly what the record of the protocol does. What another history of the data
//! has kept (a server that started again, a replica that took over) counts as gone. Nothing expires.

use plexidb_core::BoxFuture;
use redis::{Cmd, Value};

use super::{Bus, BusError, Subscription};
use crate::protocol::{
    Acknowledgement, At, Begun, Ended, EpochId, Fingerprint, Intent, IntentId, Joined, Joining, MemberId,
    Opening, Renewed, Touched,
};
use crate::redis_connection::{RedisConnection, RedisFailure, RedisScript};
use crate::store::Namespace;

use answer::{Answer, malformed};
use keys::Keys;
use scripts::Scripts;
use subscription::RedisNotices;

mod answer;
mod keys;
mod notice;
mod scripts;
mod subscription;
mod wire;

/// The most slots of a record: 128 MiB of versions, which a member reads when it joins.
const SLOTS_MAX: u32 = 1 << 24;

/// The record of one database of a namespace, in Redis.
///
/// The user that it connects as needs `EVAL`, `EVALSHA`, `INFO`, `PUBLISH`, `SUBSCRIBE`, `WAIT` where replicas are waited for, and the commands
/// of hashes and strings on keys and channels that begin with `{namespace/`.
///
/// A server with replicas must not lose what it has answered, so give [`with_replicas_min`](Self::with_replicas_min). Keys must not be evicted
/// (`maxmemory-policy noeviction` or `volatile-*`); where one is all the same the record counts as gone and a new epoch is opened.
#[derive(Debug)]
pub struct RedisBus {
    connection: RedisConnection,
    keys: Keys,
    scripts: Scripts,
    replicas_min: u32,
}

impl RedisBus {
    /// The record of this database over this connection, which nothing else should use: what is large delays what is urgent.
    #[must_use]
    pub fn new(connection: RedisConnection, namespace: &Namespace, database: &str) -> Self {
        let keys = Keys::new(namespace, database, connection.config().database);
        Self {
            connection,
            keys,
            scripts: Scripts::new(),
            replicas_min: 0,
        }
    }

    /// Renewals and announcements count only when so many replicas have them, so that no replica that takes over lacks them: a majority of
    /// all servers, less the primary. They are waited for during half of the connection's longest wait. 0.
    #[must_use]
    pub fn with_replicas_min(self, replicas_min: u32) -> Self {
        Self { replicas_min, ..self }
    }

    async fn run(&self, script: &RedisScript, arguments: &[&[u8]]) -> Result<Answer, BusError> {
        let arguments = self.keys.arguments(arguments);
        Answer::new(self.connection.run(script, &self.keys.all(), &arguments).await?)
    }

    /// As [`run`](Self::run), for the answer that holds the whole record: a new connection may take as long.
    async fn run_at_leisure(&self, script: &RedisScript, arguments: &[&[u8]]) -> Result<Answer, BusError> {
        let (keys, arguments) = (self.keys.all(), self.keys.arguments(arguments));
        let config = self.connection.config();
        let after = config.call_timeout.max(config.connect_timeout);
        let call = async |command: Cmd| self.connection.call_within(&command, after).await;
        let answer = match call(script.by_hash(&keys, &arguments)).await {
            Err(failure) if is_unknown_script(&failure) => call(script.eval_command(&keys, &arguments)).await,
            answer => answer,
        };
        Answer::new(answer?)
    }

    /// As [`run`](Self::run); it counts only when as many replicas have it as is asked for.
    async fn run_replicated(&self, script: &RedisScript, arguments: &[&[u8]]) -> Result<Answer, BusError> {
        if self.replicas_min == 0 {
            return self.run(script, arguments).await;
        }
        let (keys, arguments) = (self.keys.all(), self.keys.arguments(arguments));
        let answers = match self.call_and_wait(script.by_hash(&keys, &arguments)).await {
            Err(failure) if is_unknown_script(&failure) => {
                self.call_and_wait(script.eval_command(&keys, &arguments)).await
            }
            answers => answers,
        };
        let Ok([answer, Value::Int(confirmed)]) = <[Value; 2]>::try_from(answers?) else {
            return Err(malformed("an answer to WAIT that is no number"));
        };
        let answer = Answer::new(answer)?;
        if confirmed < i64::from(self.replicas_min) {
            return Err(BusError::Unreachable(format!(
                "{confirmed} replicas have it in time, and {} are needed",
                self.replicas_min
            )));
        }
        Ok(answer)
    }

    async fn call_and_wait(&self, command: Cmd) -> Result<Vec<Value>, RedisFailure> {
        // 0 would wait for ever.
        let wait_ms = (self.connection.config().call_timeout.as_millis() / 2).clamp(1, 60_000);
        let mut pipeline = redis::pipe();
        pipeline
            .add_command(command)
            .cmd("WAIT")
            .arg(self.replicas_min)
            .arg(wait_ms.to_string());
        self.connection.call_all(&pipeline).await
    }
}

impl Bus for RedisBus {
    fn open(&self, expected: Option<EpochId>, opening: Opening) -> BoxFuture<'_, Result<EpochId, BusError>> {
        Box::pin(async move {
            if opening.terms.slots > SLOTS_MAX {
                return Err(BusError::Unreachable(format!(
                    "a record in Redis has at most {SLOTS_MAX} slots: give the cache fewer"
                )));
            }
            let arguments: [&[u8]; 5] = [
                &optional(expected.map(|epoch| epoch.0.to_be_bytes())),
                &opening.epoch.0.to_be_bytes(),
                &wire::terms_bytes(&opening.terms),
                &opening.generation.to_be_bytes(),
                &opening.fingerprint.0.to_be_bytes(),
            ];
            self.run(&self.scripts.open, &arguments).await?.epoch()
        })
    }

    fn join(&self, joining: Joining) -> BoxFuture<'_, Result<Joined, BusError>> {
        Box::pin(async move {
            let head = [
                joining.member.0.to_be_bytes().to_vec(),
                wire::terms_bytes(&joining.terms),
                joining.fingerprint.0.to_be_bytes().to_vec(),
                optional(joining.known.map(|epoch| epoch.0.to_be_bytes())),
            ];
            let intents: Vec<Vec<u8>> = joining.intents.iter().map(wire::intent_bytes).collect();
            let arguments: Vec<&[u8]> = head.iter().chain(&intents).map(Vec::as_slice).collect();
            self.run_at_leisure(&self.scripts.join, &arguments)
                .await?
                .joined()
        })
    }

    fn renew(&self, at: At, member: MemberId) -> BoxFuture<'_, Result<Renewed, BusError>> {
        Box::pin(async move {
            let arguments: [&[u8]; 3] = [
                &at.epoch.0.to_be_bytes(),
                &at.applied.to_be_bytes(),
                &member.0.to_be_bytes(),
            ];
            self.run_replicated(&self.scripts.renew, &arguments)
                .await?
                .renewed()
        })
    }

    fn begin(&self, at: At, intent: Intent) -> BoxFuture<'_, Result<Begun, BusError>> {
        Box::pin(async move {
            let arguments: [&[u8]; 3] = [
                &at.epoch.0.to_be_bytes(),
                &at.applied.to_be_bytes(),
                &wire::intent_bytes(&intent),
            ];
            let answer = self.run_replicated(&self.scripts.begin, &arguments).await?;
            answer.begun(at.epoch)
        })
    }

    fn end(&self, epoch: EpochId, id: IntentId, touched: Vec<u32>) -> BoxFuture<'_, Result<Ended, BusError>> {
        Box::pin(async move {
            let arguments: [&[u8]; 3] = [
                &epoch.0.to_be_bytes(),
                &wire::intent_id_bytes(id),
                &wire::slots_bytes(&touched),
            ];
            self.run(&self.scripts.end, &arguments).await?.ended(epoch)
        })
    }

    fn touch(&self, epoch: EpochId, slots: Vec<u32>) -> BoxFuture<'_, Result<Touched, BusError>> {
        Box::pin(async move {
            let arguments: [&[u8]; 2] = [&epoch.0.to_be_bytes(), &wire::slots_bytes(&slots)];
            self.run(&self.scripts.touch, &arguments).await?.touched(epoch)
        })
    }

    fn declare(&self, epoch: EpochId, fingerprint: Fingerprint) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            let arguments: [&[u8]; 2] = [&epoch.0.to_be_bytes(), &fingerprint.0.to_be_bytes()];
            self.run(&self.scripts.declare, &arguments).await.map(drop)
        })
    }

    fn expel(
        &self,
        epoch: EpochId,
        member: MemberId,
        renewals: Option<u64>,
    ) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            let arguments: [&[u8]; 3] = [
                &epoch.0.to_be_bytes(),
                &member.0.to_be_bytes(),
                &optional(renewals.map(u64::to_be_bytes)),
            ];
            self.run(&self.scripts.expel, &arguments).await.map(drop)
        })
    }

    fn settle(&self, epoch: EpochId) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            let arguments: [&[u8]; 1] = [&epoch.0.to_be_bytes()];
            self.run(&self.scripts.settle, &arguments).await.map(drop)
        })
    }

    fn acknowledge(&self, acknowledgement: Acknowledgement) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            let mut command = redis::cmd("PUBLISH");
            command
                .arg(self.keys.channel())
                .arg(notice::acknowledgement_bytes(&acknowledgement));
            self.connection.call(&command).await?;
            Ok(())
        })
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Box<dyn Subscription>, BusError>> {
        Box::pin(async move {
            let messages = self.connection.subscribe(self.keys.channel()).await?;
            Ok(Box::new(RedisNotices::new(messages)) as Box<dyn Subscription>)
        })
    }
}

/// Nothing is written as no bytes.
fn optional<const N: usize>(bytes: Option<[u8; N]>) -> Vec<u8> {
    bytes.map_or_else(Vec::new, |bytes| bytes.to_vec())
}

fn is_unknown_script(failure: &RedisFailure) -> bool {
    matches!(failure, RedisFailure::Refused { code, .. } if **code == *"NOSCRIPT")
}

/// In which words a script fails that finds what no script has written.
const SIGNS_OF_GARBAGE: [&str; 4] = ["WRONGTYPE", "bad argument", "attempt to", "not an integer"];

impl From<RedisFailure> for BusError {
    fn from(failure: RedisFailure) -> Self {
        let text = failure.to_string();
        let is_garbage = matches!(failure, RedisFailure::Refused { .. })
            && SIGNS_OF_GARBAGE.iter().any(|sign| text.contains(sign));
        if is_garbage {
            Self::Malformed(text)
        } else {
            Self::Unreachable(text)
        }
    }
}
