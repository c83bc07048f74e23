//! From an address to a byte stream: resolving, connecting, and the TLS handshake.
//!
//! Invariant: each step says its phase when it fails or takes too long.

use std::error::Error as StdError;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use plexidb_core::{ConnectPhase, ConnectProgress, DriverError};
use postgres_protocol::message::frontend;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

use super::settings::{Address, Settings};
use super::socket::Socket;
use super::tls::TlsClient;
use super::wire::Wire;

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    None,
    IfOffered,
    Required,
}

/// One attempt to connect, with its deadline.
pub(super) struct Dialler<'a> {
    pub(super) settings: &'a Settings,
    pub(super) tls: &'a TlsClient,
    pub(super) target: Arc<str>,
    pub(super) deadline: Option<Instant>,
    progress: &'a ConnectProgress,
}

impl<'a> Dialler<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        tls: &'a TlsClient,
        target: Arc<str>,
        progress: &'a ConnectProgress,
    ) -> Self {
        let deadline = settings
            .connect_timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        Self {
            settings,
            tls,
            target,
            deadline,
            progress,
        }
    }

    /// Whether there is no time for another attempt.
    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Tells of one step of connecting, and bounds it by the deadline of all.
    pub(super) async fn step<T>(
        &self,
        phase: ConnectPhase,
        step: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, DriverError> {
        self.progress.enter(phase);
        let Some(deadline) = self.deadline else {
            return step.await;
        };
        timeout_at(deadline, step).await.unwrap_or_else(|_| {
            let seconds = self.settings.connect_timeout.unwrap_or_default().as_secs_f64();
            let reason = format!(
                "no answer within {seconds} s; check host, port and firewall, or raise connect_timeout"
            );
            Err(self.failure(phase, reason, None))
        })
    }

    pub(super) fn failure(
        &self,
        phase: ConnectPhase,
        reason: impl Into<String>,
        source: Option<Box<dyn StdError + Send + Sync>>,
    ) -> DriverError {
        DriverError::Connect {
            target: self.target.to_string(),
            phase,
            reason: reason.into(),
            source,
        }
    }

    /// Opens the stream.
    pub(super) async fn open(&self, encryption: Encryption) -> Result<Wire, DriverError> {
        let socket = match &self.settings.address {
            Address::Unix { path } => self.step(ConnectPhase::Dial, self.dial_unix(path)).await?,
            Address::Tcp { host, dialled, port } => {
                let resolved = self.resolve(dialled.as_deref().unwrap_or(host), *port);
                let addresses = self.step(ConnectPhase::Resolve, resolved).await?;
                let stream = self.step(ConnectPhase::Dial, self.dial_tcp(&addresses)).await?;
                let secured = self.encrypt(stream, host, encryption);
                self.step(ConnectPhase::Tls, secured).await?
            }
        };
        Ok(Wire::new(socket, Arc::clone(&self.target)))
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, DriverError> {
        let addresses: Vec<SocketAddr> = match tokio::net::lookup_host((host, port)).await {
            Ok(addresses) => addresses.collect(),
            Err(error) => {
                let reason = format!("the host \"{host}\" cannot be resolved: {error}; check its name");
                return Err(self.failure(ConnectPhase::Resolve, reason, Some(Box::new(error))));
            }
        };
        if addresses.is_empty() {
            let reason = format!("the host \"{host}\" has no address");
            return Err(self.failure(ConnectPhase::Resolve, reason, None));
        }
        Ok(addresses)
    }

    async fn dial_tcp(&self, addresses: &[SocketAddr]) -> Result<TcpStream, DriverError> {
        let mut refusals = Vec::new();
        let mut source = None;
        for address in addresses {
            match self.dial_address(*address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => {
                    refusals.push(format!("{address}: {error}"));
                    source = Some(error.into());
                }
            }
        }
        let reason = format!(
            "{}; check that the server runs and listens there",
            refusals.join("; ")
        );
        Err(self.failure(ConnectPhase::Dial, reason, source))
    }

    async fn dial_address(&self, address: SocketAddr) -> std::io::Result<TcpStream> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_keepalive(self.settings.is_kept_alive)?;
        let stream = socket.connect(address).await?;
        // Requests are written whole: waiting for more would only delay them.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    #[cfg(unix)]
    async fn dial_unix(&self, path: &std::path::Path) -> Result<Socket, DriverError> {
        let stream = tokio::net::UnixStream::connect(path).await;
        stream.map(Socket::Unix).map_err(|error| {
            let reason = format!("{error}; check that the server runs and has its socket there");
            self.failure(ConnectPhase::Dial, reason, Some(Box::new(error)))
        })
    }

    #[cfg(not(unix))]
    async fn dial_unix(&self, _path: &std::path::Path) -> Result<Socket, DriverError> {
        let reason = "this system has no Unix sockets; name a TCP host";
        Err(self.failure(ConnectPhase::Dial, reason, None))
    }

    async fn encrypt(
        &self,
        stream: TcpStream,
        host: &str,
        encryption: Encryption,
    ) -> Result<Socket, DriverError> {
        if encryption == Encryption::None {
            return Ok(Socket::Tcp(stream));
        }
        let failure = |reason: String| self.failure(ConnectPhase::Tls, reason, None);
        let mut wire = Wire::new(Socket::Tcp(stream), Arc::clone(&self.target));
        if !self.settings.tls.is_direct {
            frontend::ssl_request(&mut wire.outbound);
            let lost =
                |error: DriverError| failure(format!("the server did not answer the request: {error}"));
            wire.flush().await.map_err(lost)?;
            match (wire.byte().await.map_err(lost)?, encryption) {
                (b'S', _) => {}
                (b'N', Encryption::IfOffered) => return Ok(wire.into_socket()),
                (b'N', _) => {
                    let reason =
                        "the server offers no TLS; set sslmode=prefer to go without, or turn its ssl on";
                    return Err(failure(reason.to_owned()));
                }
                _ => {
                    return Err(failure(
                        "the server does not speak PostgreSQL's protocol".to_owned(),
                    ));
                }
            }
        }
        let Socket::Tcp(stream) = wire.into_socket() else {
            return Err(failure("the stream is encrypted already".to_owned()));
        };
        let secured = self.tls.handshake(&self.settings.tls, host, stream).await;
        secured.map(Socket::Tls).map_err(failure)
    }
}
