//! Making a connection: resolve, dial, encrypt, log in, set the session up.
//!
//! Invariant: the whole of it takes no longer than the connect timeout, and a session that comes out of it has the
//! settings of [`session_setup`].

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mysql_async::{Conn, DriverError as ClientError, Error, OptsBuilder};
use plexidb_core::{ConnectPhase, ConnectProgress, DriverError};
use secrecy::ExposeSecret;

use super::failure;
use super::settings::{Place, Settings, SslMode};
use super::tls::{name_in_certificate, ssl_opts};

mod session_setup;
mod watch;

pub(super) use session_setup::Session;

/// The protocol's own bound on a packet; the server's may be lower and is read from it.
const PACKET_BYTES_MAX: usize = 1 << 30;
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Makes connections, and remembers what it learned of the server.
pub(super) struct Dialer {
    settings: Settings,
    /// `ssl-mode=preferred` and the server has no TLS: do not ask every time.
    is_plain: AtomicBool,
    /// `ssl-mode=verify_ca`: a name of the server's certificate.
    certificate_name: Mutex<Option<String>>,
}

impl Dialer {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            is_plain: AtomicBool::new(false),
            certificate_name: Mutex::new(None),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Makes a connection within the connect timeout.
    pub(super) async fn connect(&self, progress: &ConnectProgress) -> Result<(Conn, Session), DriverError> {
        let timeout = self.settings.connect_timeout;
        if timeout.is_zero() {
            return self.connect_unbounded(progress).await;
        }
        match tokio::time::timeout(timeout, self.connect_unbounded(progress)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.timed_out(progress.phase().unwrap_or(ConnectPhase::Dial), timeout)),
        }
    }

    async fn connect_unbounded(&self, progress: &ConnectProgress) -> Result<(Conn, Session), DriverError> {
        progress.enter(ConnectPhase::Resolve);
        let addresses = self.resolve().await?;
        let mut conn = self.log_in(&addresses, progress).await?;
        progress.enter(ConnectPhase::Setup);
        match self.set_up(&mut conn).await {
            Ok(session) => Ok((conn, session)),
            Err(error) => Err(failure::of_setup(error, &self.settings.target)),
        }
    }

    /// Sets a session up that is new, or was reset.
    pub(super) async fn set_up(&self, conn: &mut Conn) -> Result<Session, Error> {
        session_setup::set_up(conn, &self.settings.session_variables).await
    }

    /// The addresses of the host; none for a socket.
    async fn resolve(&self) -> Result<Vec<IpAddr>, DriverError> {
        let Place::Tcp(host, port) = &self.settings.place else {
            return Ok(Vec::new());
        };
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let resolved = tokio::net::lookup_host((host.as_str(), *port)).await;
        let addresses: Vec<IpAddr> = match resolved {
            Ok(addresses) => addresses.map(|address| address.ip()).collect(),
            Err(error) => {
                let reason = format!("{error}; check the host's name");
                return Err(self.failed(ConnectPhase::Resolve, reason, error));
            }
        };
        if addresses.is_empty() {
            let reason = "the host's name has no address; check it";
            let error = io::Error::from(io::ErrorKind::NotFound);
            return Err(self.failed(ConnectPhase::Resolve, reason.to_owned(), error));
        }
        Ok(addresses)
    }

    async fn log_in(&self, addresses: &[IpAddr], progress: &ConnectProgress) -> Result<Conn, DriverError> {
        let is_encrypted = match self.settings.ssl_mode {
            SslMode::Disabled => false,
            SslMode::Preferred => !self.is_plain.load(Ordering::Relaxed),
            SslMode::Required | SslMode::VerifyCa | SslMode::VerifyIdentity => true,
        };
        let error = match self.attempt(addresses, is_encrypted, progress).await? {
            Ok(conn) => return Ok(conn),
            Err(error) => error,
        };
        let has_no_tls = matches!(error, Error::Driver(ClientError::NoClientSslFlagFromServer));
        let second = match self.settings.ssl_mode {
            SslMode::Preferred if has_no_tls => {
                self.is_plain.store(true, Ordering::Relaxed);
                self.attempt(addresses, false, progress).await?
            }
            SslMode::VerifyCa => match name_in_certificate(&error) {
                Some(name) if self.learn_certificate_name(&name) => {
                    self.attempt(addresses, true, progress).await?
                }
                _ => Err(error),
            },
            _ => Err(error),
        };
        second.map_err(|error| {
            let settings = &self.settings;
            failure::of_connect(
                error,
                &settings.target,
                &settings.user,
                settings.database.as_deref(),
            )
        })
    }

    /// Tries the host's addresses until one has a socket. The outer error is found before anything is sent.
    async fn attempt(
        &self,
        addresses: &[IpAddr],
        is_encrypted: bool,
        progress: &ConnectProgress,
    ) -> Result<Result<Conn, Error>, DriverError> {
        let mut places = addresses.iter().map(|address| Some(*address)).collect::<Vec<_>>();
        if places.is_empty() {
            places.push(None);
        }
        let (last, earlier) = places.split_last().unwrap_or((&None, &[]));
        for address in earlier {
            let opts = self.opts(*address, is_encrypted)?;
            let outcome = watch::watch(Conn::new(opts), progress).await;
            let has_socket = progress.phase() != Some(ConnectPhase::Dial);
            if outcome.is_ok() || has_socket {
                return Ok(outcome);
            }
        }
        let opts = self.opts(*last, is_encrypted)?;
        Ok(watch::watch(Conn::new(opts), progress).await)
    }

    fn certificate_name(&self) -> Option<String> {
        let name = self.certificate_name.lock();
        name.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a name of the server's certificate; whether it is news.
    fn learn_certificate_name(&self, name: &str) -> bool {
        let known = self.certificate_name.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let is_news = known.as_deref() != Some(name);
        *known = Some(name.to_owned());
        is_news
    }

    fn opts(&self, address: Option<IpAddr>, is_encrypted: bool) -> Result<OptsBuilder, DriverError> {
        let settings = &self.settings;
        let password = settings.password.get();
        let password = password.as_ref().map(|secret| secret.expose_secret());
        let mut opts = OptsBuilder::default()
            .user(Some(settings.user.as_str()))
            .pass(password)
            .db_name(settings.database.as_deref())
            .prefer_socket(false)
            .tcp_keepalive(Some(KEEPALIVE))
            // Statements are cached by the connection itself, by their text as it is.
            .stmt_cache_size(0)
            // Both given, the library asks the server for neither: that would be one more round trip.
            .max_allowed_packet(Some(PACKET_BYTES_MAX))
            .wait_timeout(Some(0));
        opts = match &settings.place {
            Place::Socket(path) => opts.socket(Some(path.as_str())),
            Place::Tcp(host, port) => opts
                .ip_or_hostname(host.as_str())
                .tcp_port(*port)
                .resolved_ips(address.map(|address| vec![address])),
        };
        if is_encrypted {
            opts = opts.ssl_opts(ssl_opts(settings, self.certificate_name())?);
        }
        Ok(opts)
    }

    fn failed<E>(&self, phase: ConnectPhase, reason: String, source: E) -> DriverError
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        DriverError::Connect {
            target: self.settings.target.clone(),
            phase,
            reason,
            source: Some(Box::new(source)),
        }
    }

    fn timed_out(&self, phase: ConnectPhase, after: Duration) -> DriverError {
        let cause = match phase {
            ConnectPhase::Resolve => "the host's name is not resolved",
            ConnectPhase::Dial => "it does not answer",
            ConnectPhase::Tls | ConnectPhase::Auth => "it accepts connections and the login is not done",
            ConnectPhase::Setup => "it does not set the session up",
        };
        let reason = format!(
            "{cause} within {after:?}; check host, port and the server's load, or raise connect_timeout"
        );
        self.failed(phase, reason, io::Error::from(io::ErrorKind::TimedOut))
    }
}
