//! Where Redis is and how to get in.
//!
//! Invariant: secrets are kept as such and are never printed.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::url;

/// Where Redis is, how to get in, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// The server, or the servers by which it is found.
    pub servers: RedisServers,
    /// The ACL user; the default user if there is none.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<SecretString>,
    /// The number of the database. 0; Redis Cluster has no other.
    pub database: u32,
    /// Encrypts the connection. The server's certificate must be valid for the host that is connected to.
    pub tls: Option<RedisTls>,
    /// The longest wait for a new connection, its greeting included. 2 s.
    pub connect_timeout: Duration,
    /// The longest wait for an answer. 50 ms.
    pub call_timeout: Duration,
    /// The pause before a broken connection is tried again. It doubles with every try that fails. 100 ms.
    pub retry_min: Duration,
    /// The longest pause. 5 s, at most 1 hour.
    pub retry_max: Duration,
}

/// What answers for Redis.
#[derive(Clone, Debug)]
pub enum RedisServers {
    /// One server.
    One(RedisAddress),
    /// Sentinels know which server is the primary.
    Sentinel {
        /// Where they are; one that answers is enough.
        sentinels: Vec<ServerAddress>,
        /// The name under which they watch the primary.
        service: String,
        /// The sentinels' own ACL user, if any.
        username: Option<String>,
        /// That user's password.
        password: Option<SecretString>,
    },
    /// Redis Cluster.
    Cluster {
        /// Some of its nodes; the others are learnt from them.
        seeds: Vec<ServerAddress>,
    },
}

/// The address of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisAddress {
    /// Over TCP.
    Tcp(ServerAddress),
    /// A Unix socket's path.
    Unix(PathBuf),
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Whom to trust, and who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedisTls {
    /// PEM file of the authority that signs the server's certificate; the system's authorities if there is none.
    pub ca_file: Option<PathBuf>,
    /// PEM files of our own certificate and its key, where the server asks for one.
    pub client_files: Option<(PathBuf, PathBuf)>,
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisConfigError {
    /// The URL is not one of Redis. It is not quoted, since it may hold a password.
    #[error("the Redis URL cannot be used: {problem}")]
    Url {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// In the words of the system.
        error: String,
    },
    /// The parts do not fit together.
    #[error("the Redis configuration cannot be used: {problem}")]
    Conflict {
        /// What does not fit.
        problem: String,
    },
    /// There is no runtime on which the connection could be kept.
    #[error("a Redis connection must be made on a tokio runtime")]
    NoRuntime,
}

impl RedisConfig {
    /// The port where none is named.
    pub const DEFAULT_PORT: u16 = 6379;
    /// The port of a sentinel where none is named.
    pub const DEFAULT_SENTINEL_PORT: u16 = 26379;

    /// The configuration for these servers, with the defaults.
    #[must_use]
    pub fn new(servers: RedisServers) -> Self {
        Self {
            servers,
            username: None,
            password: None,
            database: 0,
            tls: None,
            connect_timeout: Duration::from_secs(2),
            call_timeout: Duration::from_millis(50),
            retry_min: Duration::from_millis(100),
            retry_max: Duration::from_secs(5),
        }
    }

    /// Reads a URL:
    ///
    /// - `redis://[[user]:password@]host[:port][/database]`, encrypted with `rediss://`
    /// - `redis+unix:///path/to/socket[?db=3][&user=…][&password=…]`
    /// - `redis+sentinel://[[user]:password@]host[:port][,host…]/service[/database]`
    /// - `redis+cluster://[[user]:password@]host[:port][,host…]`
    ///
    /// The last two are encrypted with `rediss+`. Options after `?`: `ca`, `cert` and `key` name PEM files;
    /// `sentinel_user` and `sentinel_password` are those of the sentinels. Special characters are percent-encoded.
    ///
    /// # Errors
    ///
    /// [`RedisConfigError::Url`] says what is wrong.
    pub fn from_url(text: &str) -> Result<Self, RedisConfigError> {
        url::parse(text).map_err(|problem| RedisConfigError::Url { problem })
    }
}
