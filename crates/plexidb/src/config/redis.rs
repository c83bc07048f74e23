//! The shared tier: where Redis is, and how fresh results are that several processes share.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::address::{Authority, url_problems};
use super::field::{Contradiction, Section, section};
use super::kind::{Kind, bytes, count, seconds};
use super::value::choices;

/// How fresh cached results are where several processes write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coherence {
    /// As fresh as the database itself: a write is acknowledged once no process serves older results.
    Strict,
    /// At most [`RedisConfig::max_staleness`] old. The process that writes sees its own writes at once.
    Bounded,
    /// Each process for itself: the writes of others are not seen until the TTL is over. For a single process.
    Local,
}

choices!(Coherence, COHERENCES:
    "strict" = Coherence::Strict,
    "bounded" = Coherence::Bounded,
    "local" = Coherence::Local
);

/// What a write does that cannot be announced, since Redis cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPartition {
    /// It goes on: a row of a table `plexidb_marker` in the database keeps the other processes from serving cached results. The
    /// first such write waits for one lease.
    Marker,
    /// It fails before anything is sent, with an error that says why.
    Refuse,
}

choices!(OnPartition, ON_PARTITION: "marker" = OnPartition::Marker, "refuse" = OnPartition::Refuse);

section! {
    /// The Redis or Valkey server of the shared tier, and how fresh results are that several processes share.
    pub struct RedisConfig {
        /// The whole address, such as `redis://user:password@host:6379/0`; `rediss://…` for TLS, `redis+unix:///path`,
        /// `redis+sentinel://host,host/service/0`, `redis+cluster://host,host`. It stands alone: the keys from `host` to `tls` are the
        /// other way to say the same.
        url or "uri": Option<SecretString> = None, Kind::Secret;
        /// Host name or IP address; `localhost` where it is not given.
        host or "hostname": Option<String> = None, Kind::Text;
        /// The server's port; 6379 where it is not given.
        port: Option<u16> = None, count("", 1, 65_535);
        /// The user of Redis' access control list.
        username or "user": Option<String> = None, Kind::Text;
        /// The password.
        password: Option<SecretString> = None, Kind::Secret;
        /// The number of the database on the server; 0 where it is not given.
        db or "database": Option<u32> = None, count("", 0, 65_535);
        /// Whether the connection is encrypted; it is not where this is not given.
        tls or "ssl": Option<bool> = None, Kind::Switch;
        /// What the names of all keys in Redis begin with. Processes share results where they have the same namespace and the same
        /// names of databases.
        namespace or "key_prefix": String = "plexidb".to_owned(), Kind::Text;
        /// How fresh cached results are where several processes write.
        coherence or "mode": Coherence = Coherence::Strict, Kind::Choice(COHERENCES);
        /// How old a result may be with `bounded`: a process that has not heard from Redis for so long serves none.
        max_staleness: Duration = Duration::from_secs(1), seconds(0.1, 3_600.0);
        /// How long a process may serve cached results without hearing from Redis, with `strict`. A write waits so long at most for a
        /// process that has died.
        lease: Duration = Duration::from_secs(2), seconds(0.4, 60.0);
        /// What a write does that cannot be announced with `strict`, since Redis cannot be reached.
        on_partition: OnPartition = OnPartition::Marker, Kind::Choice(ON_PARTITION);
        /// Whether no other process writes to the databases: then cached results are served while Redis is away, too.
        sole_process: bool = false, Kind::Switch;
        /// Whether results are kept in Redis as well as in each process.
        l2 or "enable_l2": bool = true, Kind::Switch;
        /// How long a result may stay in Redis. It bounds memory only.
        l2_ttl: Duration = Duration::from_secs(600), seconds(1.0, 31_536_000.0);
        /// The largest single result that is kept in Redis, as it is written down.
        l2_entry_bytes_max: u64 = 1 << 20, bytes(1, 1 << 28);
        /// How long Redis may take to answer before a read goes on without it.
        timeout: Duration = Duration::from_millis(50), seconds(0.001, 10.0);
        /// Encrypts and authenticates the results in Redis: any text, of 16 characters at least, the same for all processes.
        secret: Option<SecretString> = None, Kind::Secret;
        /// The secret before the current one: what was encrypted with it is still read.
        previous_secret: Option<SecretString> = None, Kind::Secret;
    }
}

const SCHEMES: &[&str] = &[
    "redis",
    "rediss",
    "redis+unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
];
const SECRET_CHARS_MIN: usize = 16;

impl RedisConfig {
    /// A server at a URL.
    #[must_use]
    pub fn from_url(url: impl Into<SecretString>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::default()
        }
    }

    /// The address: the URL as it was given, or the one that the parts come to, encoded as URLs demand.
    #[must_use]
    pub fn url(&self) -> SecretString {
        if let Some(url) = &self.url {
            return url.clone();
        }
        let mut url = if self.tls == Some(true) {
            "rediss://"
        } else {
            "redis://"
        }
        .to_owned();
        let (username, password) = (self.username.as_deref(), self.password.as_ref());
        let host = self.host.as_deref().unwrap_or("localhost");
        Authority {
            username,
            password,
            host,
            port: Some(self.port.unwrap_or(6_379)),
        }
        .push_to(&mut url);
        url.extend(["/", &self.db.unwrap_or(0).to_string()]);
        url.into()
    }
}

impl Section for RedisConfig {
    const PARTS: &'static [&'static str] = &["host", "port", "username", "password", "db", "tls"];

    fn contradictions(&self) -> Vec<Contradiction> {
        let problems = |url| url_problems(url, SCHEMES, &self.parts());
        let mut found = self.url.as_ref().map(problems).unwrap_or_default();
        for (key, secret) in [
            ("secret", &self.secret),
            ("previous_secret", &self.previous_secret),
        ] {
            if secret
                .as_ref()
                .is_some_and(|secret| secret.expose_secret().chars().count() < SECRET_CHARS_MIN)
            {
                let what = format!("it is shorter than {SECRET_CHARS_MIN} characters");
                found.push((
                    key,
                    what,
                    "choose a random text, as of `openssl rand -hex 32`".to_owned(),
                ));
            }
        }
        if self.previous_secret.is_some() && self.secret.is_none() {
            let what = "there is a secret before, and none now".to_owned();
            found.push(("previous_secret", what, "give `secret`, too".to_owned()));
        }
        found
    }
}
