//! From a configuration to connections: what is read and checked once, and how each kind of deployment is connected to.

use std::fs;
use std::path::Path;

use redis::aio::PubSub;
use redis::cluster::ClusterClient;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    RedisConnectionInfo, RedisResult, TlsCertificates, TlsMode,
};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::ExposeSecret as _;

use super::config::{RedisAddress, RedisConfig, RedisConfigError, RedisServers, ServerAddress};
use super::link::Link;

/// A checked configuration, with its files read.
pub(super) struct Target {
    config: RedisConfig,
    certificates: Option<TlsCertificates>,
}

impl Target {
    pub(super) fn new(config: RedisConfig) -> Result<Self, RedisConfigError> {
        check(&config)?;
        let certificates = read_certificates(&config)?;
        if certificates.is_some() {
            // The client takes the process's provider and panics where there is none and several could be meant.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let target = Self { config, certificates };
        // What the client does not take is found now, not in the background.
        target.probe().map_err(|error| RedisConfigError::Conflict {
            problem: error.to_string(),
        })?;
        Ok(target)
    }

    pub(super) fn config(&self) -> &RedisConfig {
        &self.config
    }

    /// Whether a new connection could lead to another server.
    pub(super) fn finds_primary(&self) -> bool {
        !matches!(self.config.servers, RedisServers::One(_))
    }

    /// Makes a connection. The caller bounds the time.
    pub(super) async fn connect(&self) -> RedisResult<Link> {
        if let RedisServers::Cluster { seeds } = &self.config.servers {
            let connection = self.cluster(seeds)?.get_async_connection().await?;
            return Ok(Link::Cluster(connection));
        }
        // Every call has a timeout of its own.
        let settings = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(Some(self.config.connect_timeout));
        let client = self.client().await?;
        let connection = client
            .get_multiplexed_async_connection_with_config(&settings)
            .await?;
        Ok(Link::One(connection))
    }

    /// Makes a connection that can listen. The caller bounds the time.
    pub(super) async fn connect_to_listen(&self) -> RedisResult<PubSub> {
        let RedisServers::Cluster { seeds } = &self.config.servers else {
            return self.client().await?.get_async_pubsub().await;
        };
        // Every node of a cluster hears every channel.
        let mut seeds = seeds.iter();
        loop {
            let Some(seed) = seeds.next() else {
                return Err(redis::RedisError::from(std::io::Error::other(
                    "no node can be reached",
                )));
            };
            let heard = self.client_of(self.tcp(seed))?.get_async_pubsub().await;
            if heard.is_ok() || seeds.len() == 0 {
                return heard;
            }
        }
    }

    async fn client(&self) -> RedisResult<Client> {
        match &self.config.servers {
            RedisServers::One(address) => self.client_of(self.address(address)),
            RedisServers::Sentinel { .. } => self.sentinels()?.build()?.async_get_client().await,
            RedisServers::Cluster { seeds } => match seeds.first() {
                Some(seed) => self.client_of(self.tcp(seed)),
                None => Err(redis::RedisError::from(std::io::Error::other("no seeds"))),
            },
        }
    }

    /// Builds what can be built without a server.
    fn probe(&self) -> RedisResult<()> {
        match &self.config.servers {
            RedisServers::One(address) => self.client_of(self.address(address)).map(drop),
            RedisServers::Sentinel { .. } => self.sentinels()?.build().map(drop),
            RedisServers::Cluster { seeds } => self.cluster(seeds).map(drop),
        }
    }

    fn client_of(&self, address: ConnectionAddr) -> RedisResult<Client> {
        let info = self.info(address)?;
        match (&self.certificates, info.addr()) {
            (Some(certificates), ConnectionAddr::TcpTls { .. }) => {
                Client::build_with_tls(info, certificates.clone())
            }
            _ => Client::open(info),
        }
    }

    fn info(&self, address: ConnectionAddr) -> RedisResult<ConnectionInfo> {
        let mut account = RedisConnectionInfo::default().set_db(i64::from(self.config.database));
        if let Some(username) = &self.config.username {
            account = account.set_username(username);
        }
        if let Some(password) = &self.config.password {
            account = account.set_password(password.expose_secret());
        }
        let info = address.into_connection_info()?;
        Ok(info.set_redis_settings(account).set_tcp_settings(tcp_settings()))
    }

    fn sentinels(&self) -> RedisResult<SentinelClientBuilder> {
        let RedisServers::Sentinel {
            sentinels,
            service,
            username,
            password,
        } = &self.config.servers
        else {
            return SentinelClientBuilder::new([], "", SentinelServerType::Master);
        };
        let addresses = sentinels.iter().map(|sentinel| self.tcp(sentinel));
        let mut builder = SentinelClientBuilder::new(addresses, service, SentinelServerType::Master)?
            .set_client_to_redis_db(i64::from(self.config.database))
            .set_client_to_redis_tcp_settings(tcp_settings())
            .set_client_to_sentinel_tcp_settings(tcp_settings());
        if let Some(username) = &self.config.username {
            builder = builder.set_client_to_redis_username(username);
        }
        if let Some(password) = &self.config.password {
            builder = builder.set_client_to_redis_password(password.expose_secret());
        }
        if let Some(username) = username {
            builder = builder.set_client_to_sentinel_username(username);
        }
        if let Some(password) = password {
            builder = builder.set_client_to_sentinel_password(password.expose_secret());
        }
        if let Some(certificates) = &self.certificates {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_certificates(certificates.clone());
        }
        Ok(builder)
    }

    fn cluster(&self, seeds: &[ServerAddress]) -> RedisResult<ClusterClient> {
        let seeds: Vec<ConnectionInfo> = seeds
            .iter()
            .map(|seed| self.info(self.tcp(seed)))
            .collect::<RedisResult<_>>()?;
        let mut builder = ClusterClient::builder(seeds)
            // One node that does not answer must not use up the time for all.
            .connection_timeout(self.config.connect_timeout / 2)
            .response_timeout(self.config.call_timeout)
            .overall_response_timeout(None)
            .retries(2)
            .tcp_settings(tcp_settings());
        if let Some(certificates) = &self.certificates {
            builder = builder.tls(TlsMode::Secure).certs(certificates.clone());
        }
        builder.build()
    }

    fn address(&self, address: &RedisAddress) -> ConnectionAddr {
        match address {
            RedisAddress::Tcp(address) => self.tcp(address),
            RedisAddress::Unix(path) => ConnectionAddr::Unix(path.clone()),
        }
    }

    fn tcp(&self, address: &ServerAddress) -> ConnectionAddr {
        let ServerAddress { host, port } = address.clone();
        match self.certificates {
            Some(_) => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            },
            None => ConnectionAddr::Tcp(host, port),
        }
    }
}

/// Small commands must not wait for more to come.
fn tcp_settings() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn check(config: &RedisConfig) -> Result<(), RedisConfigError> {
    let conflict = |problem: &str| {
        Err(RedisConfigError::Conflict {
            problem: problem.into(),
        })
    };
    match &config.servers {
        RedisServers::One(RedisAddress::Unix(_)) if config.tls.is_some() => {
            conflict("a Unix socket is not encrypted")
        }
        RedisServers::Sentinel { sentinels, .. } if sentinels.is_empty() => conflict("no sentinel is named"),
        RedisServers::Cluster { seeds } if seeds.is_empty() => conflict("no node of the cluster is named"),
        RedisServers::Cluster { .. } if config.database != 0 => {
            conflict("Redis Cluster has database 0 alone")
        }
        _ if config.username.is_some() && config.password.is_none() => conflict("the user needs a password"),
        _ if config.call_timeout.is_zero() || config.connect_timeout.is_zero() => {
            conflict("a timeout of zero leaves no time for an answer")
        }
        _ => Ok(()),
    }
}

fn read_certificates(config: &RedisConfig) -> Result<Option<TlsCertificates>, RedisConfigError> {
    let Some(tls) = &config.tls else {
        return Ok(None);
    };
    let client_tls = match &tls.client_files {
        Some((certificate, key)) => Some(ClientTlsConfig {
            client_cert: read(certificate)?,
            client_key: read(key)?,
        }),
        None => None,
    };
    Ok(Some(TlsCertificates {
        client_tls,
        root_cert: tls.ca_file.as_deref().map(read_authorities).transpose()?,
    }))
}

/// A file without a certificate would make every connection fail later, without a word of the file.
fn read_authorities(path: &Path) -> Result<Vec<u8>, RedisConfigError> {
    let text = read(path)?;
    let mut store = RootCertStore::empty();
    let found = CertificateDer::pem_slice_iter(&text)
        .filter_map(Result::ok)
        .filter(|certificate| store.add(certificate.clone()).is_ok())
        .count();
    if found == 0 {
        return Err(RedisConfigError::File {
            path: path.to_owned(),
            error: "it holds no certificate of an authority in PEM form".into(),
        });
    }
    Ok(text)
}

fn read(path: &Path) -> Result<Vec<u8>, RedisConfigError> {
    fs::read(path).map_err(|error| RedisConfigError::File {
        path: path.to_owned(),
        error: error.to_string(),
    })
}

#[cfg(test)]
mod tests;
