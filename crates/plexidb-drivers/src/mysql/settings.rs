//! What a MySQL/MariaDB URL says, read once: where to connect, as whom, and how it is secured.
//!
//! Invariant: a value here was checked; the password leaves its secret only on the way into a login.

use std::path::PathBuf;
use std::time::Duration;

use plexidb_core::DriverError;

use crate::options::ConnectOptions;
use crate::password::Password;
use crate::url::{DatabaseUrl, invalid, parse_choice, parse_number};

mod session_variables;
#[cfg(test)]
mod tests;

const DEFAULT_PORT: u16 = 3306;
const SSL_MODE: [&str; 3] = ["ssl-mode", "ssl_mode", "sslmode"];
const SSL_CA: [&str; 3] = ["ssl-ca", "ssl_ca", "sslca"];
const SSL_CERT: [&str; 3] = ["ssl-cert", "ssl_cert", "sslcert"];
const SSL_KEY: [&str; 3] = ["ssl-key", "ssl_key", "sslkey"];
const CONNECT_TIMEOUT: [&str; 2] = ["connect_timeout", "connect-timeout"];
const SOCKET: [&str; 2] = ["socket", "unix_socket"];
const CHARSET: [&str; 1] = ["charset"];
const SESSION_VARIABLES: [&str; 2] = ["session_variables", "sessionVariables"];

/// How a connection is encrypted and what is verified; MySQL's `--ssl-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SslMode {
    /// Never encrypted.
    Disabled,
    /// Encrypted where the server can, without verification.
    Preferred,
    /// Always encrypted, without verification.
    Required,
    /// Encrypted, and the certificate comes from a known authority.
    VerifyCa,
    /// Encrypted, and the certificate comes from a known authority and names the host.
    VerifyIdentity,
}

const SSL_MODES: [(&str, SslMode); 11] = [
    ("disabled", SslMode::Disabled),
    ("preferred", SslMode::Preferred),
    ("required", SslMode::Required),
    ("verify_ca", SslMode::VerifyCa),
    ("verify_identity", SslMode::VerifyIdentity),
    ("disable", SslMode::Disabled),
    ("prefer", SslMode::Preferred),
    ("require", SslMode::Required),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-identity", SslMode::VerifyIdentity),
    ("verify-full", SslMode::VerifyIdentity),
];

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Host and port.
    Tcp(String, u16),
    /// Path of a Unix socket.
    Socket(String),
}

/// The files that secure a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TlsFiles {
    /// PEM or DER file of the authorities that are trusted, in place of the built-in ones.
    pub(super) authorities: Option<PathBuf>,
    /// The client's certificate chain and private key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

/// Everything that making a connection needs.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) place: Place,
    pub(super) user: String,
    pub(super) password: Password,
    pub(super) database: Option<String>,
    pub(super) ssl_mode: SslMode,
    pub(super) tls_files: TlsFiles,
    /// Zero means no bound.
    pub(super) connect_timeout: Duration,
    pub(super) statement_cache_size: usize,
    /// What the URL sets in each session, to be appended to a SET statement.
    pub(super) session_variables: String,
    /// `host:port/database` or `socket/database`.
    pub(super) target: String,
}

impl Settings {
    /// Reads a URL; options that it does not give come from `options`.
    pub(super) fn from_url(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Self, DriverError> {
        let known: Vec<&str> = [&SSL_MODE[..], &SSL_CA, &SSL_CERT, &SSL_KEY]
            .into_iter()
            .chain([&CONNECT_TIMEOUT[..], &SOCKET, &CHARSET, &SESSION_VARIABLES])
            .flatten()
            .copied()
            .collect();
        url.check_options(&known)?;
        check_charset(url)?;
        let place = place(url);
        let tls_files = tls_files(url)?;
        let ssl_mode = ssl_mode(url, &place, &tls_files)?;
        let connect_timeout = match option(url, &CONNECT_TIMEOUT) {
            Some((name, value)) => {
                let seconds: u32 = parse_number(name, value, "seconds")?;
                Duration::from_secs(seconds.into())
            }
            None => options.connect_timeout,
        };
        let database = url.database().map(str::to_owned);
        Ok(Self {
            target: target(&place, database.as_deref()),
            place,
            user: url.user().map_or_else(login_name, str::to_owned),
            password: Password::new(url.password().cloned()),
            database,
            ssl_mode,
            tls_files,
            connect_timeout,
            statement_cache_size: options.statement_cache_size,
            session_variables: match option(url, &SESSION_VARIABLES) {
                Some((_, value)) => session_variables::assignments(value)?,
                None => String::new(),
            },
        })
    }
}

/// The value of an option that goes by several names, with the name under which it was given.
fn option<'a>(url: &'a DatabaseUrl, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
    names
        .iter()
        .find_map(|name| url.option(name).map(|value| (*name, value)))
}

fn path(url: &DatabaseUrl, names: &[&'static str]) -> Option<PathBuf> {
    option(url, names).map(|(_, value)| PathBuf::from(value))
}

/// A host that begins with a slash is the socket, as in URLs for other databases.
fn place(url: &DatabaseUrl) -> Place {
    let host = url.host().unwrap_or("localhost");
    match option(url, &SOCKET) {
        Some((_, socket)) => Place::Socket(socket.to_owned()),
        None if host.starts_with('/') => Place::Socket(host.to_owned()),
        None => Place::Tcp(host.to_owned(), url.port().unwrap_or(DEFAULT_PORT)),
    }
}

fn target(place: &Place, database: Option<&str>) -> String {
    let database = database.unwrap_or_default();
    match place {
        Place::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}/{database}"),
        Place::Tcp(host, port) => format!("{host}:{port}/{database}"),
        Place::Socket(path) => format!("{path}/{database}"),
    }
}

fn tls_files(url: &DatabaseUrl) -> Result<TlsFiles, DriverError> {
    let identity = match (path(url, &SSL_CERT), path(url, &SSL_KEY)) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(invalid(
                "a client certificate takes both ssl-cert and ssl-key; add the other one",
            ));
        }
    };
    Ok(TlsFiles {
        authorities: path(url, &SSL_CA),
        identity,
    })
}

/// Without a mode, an authority asks for verification, as it does for MySQL's own client.
fn ssl_mode(url: &DatabaseUrl, place: &Place, files: &TlsFiles) -> Result<SslMode, DriverError> {
    let given = option(url, &SSL_MODE)
        .map(|(name, value)| parse_choice(name, value, &SSL_MODES))
        .transpose()?;
    let mode = match given {
        Some(mode) => mode,
        None if files.authorities.is_some() => SslMode::VerifyCa,
        None => SslMode::Preferred,
    };
    match (place, mode) {
        (Place::Tcp(..), mode) => Ok(mode),
        (Place::Socket(_), SslMode::Disabled | SslMode::Preferred) => Ok(SslMode::Disabled),
        (Place::Socket(_), _) => Err(invalid(
            "a Unix socket is not encrypted; leave out ssl-mode and ssl-ca, or connect by host and port",
        )),
    }
}

fn check_charset(url: &DatabaseUrl) -> Result<(), DriverError> {
    match option(url, &CHARSET) {
        Some((_, charset)) if !charset.eq_ignore_ascii_case("utf8mb4") => Err(invalid(format!(
            "charset={charset}: connections always speak utf8mb4, which the server converts from and to the \
             columns' own; leave the option out"
        ))),
        _ => Ok(()),
    }
}

/// The user of the operating system, whom MySQL's own client takes as well.
fn login_name() -> String {
    std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| "root".to_owned())
}
