//! Taking up a database's part in the shared tier.
//!
//! Invariant: nothing here waits for Redis. Until it answers nothing is served from the cache, and writes take the way that the
//! configuration has chosen for that.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use plexidb_cache::SlotArray;
use plexidb_core::{Dialect, Tag};
use plexidb_shared::bus::RedisBus;
use plexidb_shared::node::Node;
use plexidb_shared::protocol::{Fingerprint, Terms};
use plexidb_shared::redis_connection::{RedisConfig as Address, RedisConnection};
use plexidb_shared::store::{CodecConfig, L2, L2Config, Namespace, RedisStore};
use secrecy::ExposeSecret as _;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::host::ThisProcess;
use super::marker::Marker;
use super::owed::Owed;
use super::own_connection::OwnConnection;
use super::{CutOff, Results, Tier, TierSettings, fence};
use crate::config::{Coherence, DatabaseConfig, OnPartition, RedisConfig};
use crate::database::Inner;
use crate::shared::SharedError;

/// Slots of a shared array: 2^18 for single values and 2^16 for all others. A process that joins reads their versions: 2.5 MiB.
const SLOT_BITS: u32 = 18;

/// Redis, and what all databases of a manager have in common there.
pub(crate) struct Redis {
    /// For the record of each database; results have a connection of their own, so that large ones delay no renewal.
    record: RedisConnection,
    results: RedisConnection,
    namespace: Namespace,
    config: RedisConfig,
}

impl Redis {
    /// Connects in the background; `None` where each process is for itself.
    ///
    /// # Errors
    ///
    /// What is configured cannot be used.
    pub(crate) fn open(config: &RedisConfig) -> Result<Option<Self>, SharedError> {
        if config.coherence == Coherence::Local {
            return Ok(None);
        }
        tracing::warn!(
            "the shared tier is new and not proven with several processes yet (docs/limits.md); `coherence = \"local\"` switches it off"
        );
        let mut address = Address::from_url(config.url().expose_secret())?;
        address.call_timeout = config.timeout;
        let namespace = Namespace::new(&config.namespace);
        Ok(Some(Self {
            record: RedisConnection::new(address.clone())?,
            results: RedisConnection::new(address)?,
            namespace: namespace.map_err(|error| SharedError::Namespace(error.to_string()))?,
            config: config.clone(),
        }))
    }

    /// The slots of a database, which all processes lay out alike.
    pub(crate) fn slots(&self, database: &str) -> SlotArray {
        SlotArray::with_layout(SLOT_BITS, self.seed(database))
    }

    /// From the secret, where there is one: who knows it can choose values that fall into one slot.
    fn seed(&self, database: &str) -> u64 {
        let secret = self
            .config
            .secret
            .as_ref()
            .map_or("", |secret| secret.expose_secret());
        let name = format!("{}/{database}", self.namespace);
        xxh3_64_with_seed(name.as_bytes(), xxh3_64(secret.as_bytes()))
    }

    fn lease(&self) -> Duration {
        match self.config.coherence {
            Coherence::Bounded => self.config.max_staleness,
            Coherence::Strict | Coherence::Local => self.config.lease,
        }
    }

    fn is_strict(&self) -> bool {
        self.config.coherence == Coherence::Strict
    }

    /// The marker of a database, made where it is not there yet; `None` where writes are refused without Redis. **Before** the
    /// schema is read, of which it is a part.
    pub(crate) async fn marker(&self, inner: &Inner) -> Option<MarkerReady> {
        if !self.is_strict() || self.config.on_partition == OnPartition::Refuse {
            return None;
        }
        let marker = Marker::new(
            inner.connector.dialect(),
            format!("{}/{}", self.namespace, inner.name),
        );
        let made = async {
            let mut lease = inner.endpoints.checkout().await?;
            marker.create(&mut **lease).await?;
            Ok::<(), crate::Error>(())
        };
        match made.await {
            Ok(()) => Some(MarkerReady(marker)),
            Err(error) => {
                tracing::warn!(
                    database = %inner.name, %error,
                    "cannot make the table plexidb_marker: writes are refused while Redis cannot be reached"
                );
                None
            }
        }
    }

    /// Takes up a database's part.
    ///
    /// # Errors
    ///
    /// What is configured cannot be used.
    pub(crate) fn join(
        &self,
        inner: &Arc<Inner>,
        database: &DatabaseConfig,
        marker: Option<MarkerReady>,
    ) -> Result<(), SharedError> {
        let dialect = inner.connector.dialect();
        let terms = self.terms(inner, marker.is_some());
        let owed = Arc::new(Owed::new(terms.whole));
        let holds = Arc::new(AtomicUsize::new(0));
        let marker = marker.map(|MarkerReady(marker)| marker);
        let host = Arc::new(ThisProcess {
            inner: Arc::downgrade(inner),
            slots: Arc::clone(&inner.slots),
            held: Mutex::default(),
            holds: Arc::clone(&holds),
            marker: marker.clone(),
            connection: OwnConnection::default(),
        });
        if let Some(set) = inner.endpoints.replicas() {
            set.tell_takeovers(Arc::clone(&owed));
        }
        let bus = RedisBus::new(self.record.clone(), &self.namespace, &inner.name);
        let node = Node::start(Arc::new(bus), host, terms, inner.fingerprint());
        let tier = Arc::new(Tier {
            node,
            results: self.results_of(&inner.name, database)?,
            settings: TierSettings {
                dialect,
                is_strict: self.is_strict(),
                is_sole: self.config.sole_process,
                fence: fence::patience(dialect, self.lease()),
            },
            cut_off: marker.map(|marker| CutOff::new(marker, Duration::from_nanos(terms.lease_waited()))),
            owed,
            holds,
            unannounced: AtomicUsize::new(0),
            payer: OnceLock::new(),
        });
        tier.pay_in_background(&inner.runtime);
        // The only caller, once for each database.
        let _ = inner.tier.set(tier);
        Ok(())
    }

    fn terms(&self, inner: &Inner, has_marker: bool) -> Terms {
        let whole = inner.slots.slots_of([Tag::DATABASE].into_iter());
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Terms {
            slots: u32::try_from(inner.slots.slot_count()).unwrap_or(u32::MAX),
            whole: whole.first().copied().unwrap_or_default(),
            layout: xxh3_64_with_seed(env!("CARGO_PKG_VERSION").as_bytes(), self.seed(&inner.name)),
            lease: nanos(self.lease()),
            fence: nanos(fence::patience(inner.connector.dialect(), self.lease())),
            is_strict: self.is_strict(),
            has_marker,
        }
    }

    fn results_of(&self, name: &str, database: &DatabaseConfig) -> Result<Option<Results>, SharedError> {
        if !self.config.l2 {
            return Ok(None);
        }
        let secrets = [&self.config.secret, &self.config.previous_secret];
        let config = L2Config {
            codec: CodecConfig {
                entry_bytes_max: usize::try_from(self.config.l2_entry_bytes_max).unwrap_or(usize::MAX),
                secrets: secrets.into_iter().flatten().cloned().collect(),
                ..CodecConfig::default()
            },
            ttl: self.config.l2_ttl,
            ..L2Config::default()
        };
        let store = RedisStore::new(self.results.clone(), &self.namespace);
        Ok(Some(Results {
            l2: L2::new(Arc::new(store), &self.namespace, &config)?,
            database: name.to_owned(),
            login: login(database),
        }))
    }
}

/// A marker whose row is there.
pub(crate) struct MarkerReady(Marker);

impl Inner {
    /// Processes with the same fingerprint derive the same tags from the same statement.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.schema.current().fingerprint())
    }
}

/// Whether a database of this kind can be shared: SQLite's is a file of one machine, and has no server that could end a session.
pub(crate) fn can_be_shared(dialect: Dialect) -> bool {
    dialect != Dialect::Sqlite
}

/// What of the login an answer depends on: user, database and options, but no server and no password.
fn login(database: &DatabaseConfig) -> String {
    let url = database.url();
    let url = url.expose_secret();
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    let (authority, path) = behind.split_once('/').unwrap_or((behind, ""));
    let user = authority.rsplit_once('@').map_or("", |(login, _)| login);
    let user = user.split_once(':').map_or(user, |(user, _)| user);
    format!("{user}/{path}")
}
