//! What a URL and the connect options say of a PostgreSQL connection, checked once.
//!
//! Invariant: every option has libpq's name and meaning, or is refused; the password stays in its secret.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plexidb_core::DriverError;
use secrecy::SecretString;

use crate::options::ConnectOptions;
use crate::password::Password;
use crate::url::{DatabaseUrl, invalid, parse_bool, parse_choice, parse_number};

#[cfg(test)]
mod tests;

const PORT: u16 = 5432;
/// Where servers keep their sockets by default, most usual first.
const SOCKET_FOLDERS: [&str; 3] = ["/run/postgresql", "/var/run/postgresql", "/tmp"];
const OPTIONS: [&str; 23] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssencmode",
    "host",
    "hostaddr",
    "keepalives",
    "options",
    "password",
    "pooler",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "timezone",
    "user",
];

/// Everything that making a connection needs.
pub(super) struct Settings {
    pub(super) address: Address,
    pub(super) user: String,
    pub(super) password: Password,
    pub(super) database: String,
    pub(super) tls: TlsSettings,
    pub(super) channel_binding: ChannelBindingMode,
    /// `None`: as long as it takes.
    pub(super) connect_timeout: Option<Duration>,
    pub(super) statement_cache_size: usize,
    pub(super) is_kept_alive: bool,
    pub(super) session_role: SessionRole,
    /// Settings of the session that travel in the startup message.
    pub(super) startup: Vec<(&'static str, String)>,
    pub(super) pooler: PoolerMode,
}

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Tcp {
        /// The name that a certificate is checked against.
        host: String,
        /// Where to connect to instead of the host's own addresses.
        dialled: Option<String>,
        port: u16,
    },
    Unix {
        path: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TlsMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Which authorities may have signed the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Those of the system, and Mozilla's.
    System,
    File(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsSettings {
    pub(super) mode: TlsMode,
    /// Whether the URL itself names the mode.
    pub(super) is_explicit: bool,
    pub(super) roots: Roots,
    /// The client's certificate and key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    pub(super) sends_server_name: bool,
    /// Whether the handshake comes at once, without asking the server for it.
    pub(super) is_direct: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChannelBindingMode {
    Disable,
    Prefer,
    Require,
}

/// What the server must be to be of use (libpq's `target_session_attrs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionRole {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
}

/// Whether a pooler stands before the server that hands sessions on after each transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolerMode {
    /// One that shows counts as such.
    Auto,
    Transaction,
    /// There is none, or it keeps a session for each connection.
    Session,
}

impl Settings {
    pub(super) fn from_url(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Self, DriverError> {
        url.check_options(&OPTIONS)?;
        let user = url.option("user").or(url.user()).map(str::to_owned);
        let user = user.or_else(system_user).ok_or_else(|| {
            invalid(
                "it names no user, and the environment does not tell who runs this; write postgres://user@…",
            )
        })?;
        let database = url
            .option("dbname")
            .or(url.database())
            .unwrap_or(&user)
            .to_owned();
        let password = url.option("password").map(SecretString::from);
        check_compatibility(url)?;
        Ok(Self {
            address: Address::from_url(url)?,
            password: Password::new(password.or_else(|| url.password().cloned())),
            tls: TlsSettings::from_url(url)?,
            channel_binding: choice(
                url,
                "channel_binding",
                &CHANNEL_BINDING,
                ChannelBindingMode::Prefer,
            )?,
            connect_timeout: connect_timeout(url, options)?,
            statement_cache_size: options.statement_cache_size,
            is_kept_alive: url.option("keepalives") != Some("0"),
            session_role: choice(url, "target_session_attrs", &SESSION_ROLES, SessionRole::Any)?,
            startup: startup(url),
            pooler: choice(url, "pooler", &POOLER_MODES, PoolerMode::Auto)?,
            user,
            database,
        })
    }

    /// Host and port and database, or socket and database, for messages.
    pub(super) fn target(&self) -> String {
        format!("{}/{}", self.address, self.database)
    }
}

const TLS_MODES: [(&str, TlsMode); 6] = [
    ("disable", TlsMode::Disable),
    ("allow", TlsMode::Allow),
    ("prefer", TlsMode::Prefer),
    ("require", TlsMode::Require),
    ("verify-ca", TlsMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull),
];
const CHANNEL_BINDING: [(&str, ChannelBindingMode); 3] = [
    ("disable", ChannelBindingMode::Disable),
    ("prefer", ChannelBindingMode::Prefer),
    ("require", ChannelBindingMode::Require),
];
const SESSION_ROLES: [(&str, SessionRole); 6] = [
    ("any", SessionRole::Any),
    ("read-write", SessionRole::ReadWrite),
    ("read-only", SessionRole::ReadOnly),
    ("primary", SessionRole::Primary),
    ("standby", SessionRole::Standby),
    // With a single host there is nothing to prefer.
    ("prefer-standby", SessionRole::Any),
];

const POOLER_MODES: [(&str, PoolerMode); 3] = [
    ("auto", PoolerMode::Auto),
    ("transaction", PoolerMode::Transaction),
    ("session", PoolerMode::Session),
];

fn choice<T: Copy>(
    url: &DatabaseUrl,
    name: &str,
    choices: &[(&str, T)],
    default: T,
) -> Result<T, DriverError> {
    url.option(name)
        .map_or(Ok(default), |value| parse_choice(name, value, choices))
}

impl Address {
    fn from_url(url: &DatabaseUrl) -> Result<Self, DriverError> {
        let port = match url.option("port") {
            Some(port) => parse_number("port", port, "a TCP port")?,
            None => url.port().unwrap_or(PORT),
        };
        let dialled = url.option("hostaddr").map(str::to_owned);
        let host = url.option("host").or(url.host()).filter(|host| !host.is_empty());
        match host {
            Some(host) if host.contains(',') => Err(invalid(
                "it names several hosts; name one, and add the others as databases of their own",
            )),
            Some(folder) if folder.starts_with('/') => Ok(Self::socket(Path::new(folder), port)),
            Some(host) => Ok(Self::Tcp {
                host: host.to_owned(),
                dialled,
                port,
            }),
            None => Ok(Self::local(dialled, port)),
        }
    }

    fn socket(folder: &Path, port: u16) -> Self {
        Self::Unix {
            path: folder.join(format!(".s.PGSQL.{port}")),
        }
    }

    /// Without a host: the server on this machine, by its socket where there is one.
    fn local(dialled: Option<String>, port: u16) -> Self {
        let sockets = SOCKET_FOLDERS.map(|folder| Self::socket(Path::new(folder), port));
        let is_there = |address: &Self| matches!(address, Self::Unix { path } if path.exists());
        match sockets.into_iter().find(is_there) {
            Some(socket) if cfg!(unix) && dialled.is_none() => socket,
            _ => Self::Tcp {
                host: dialled.clone().unwrap_or_else(|| "localhost".to_owned()),
                dialled,
                port,
            },
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port, .. } => write!(f, "{host}:{port}"),
            Self::Unix { path } => write!(f, "{}", path.display()),
        }
    }
}

impl TlsSettings {
    fn from_url(url: &DatabaseUrl) -> Result<Self, DriverError> {
        let is_system = url.option("sslrootcert") == Some("system");
        let default = if is_system {
            TlsMode::VerifyFull
        } else {
            TlsMode::Prefer
        };
        let mut mode = choice(url, "sslmode", &TLS_MODES, default)?;
        if is_system && mode != TlsMode::VerifyFull {
            return Err(invalid(
                "sslrootcert=system trusts every public authority and is safe with sslmode=verify-full alone",
            ));
        }
        let roots = match url.option("sslrootcert").filter(|path| !path.is_empty()) {
            Some(path) if path != "system" => Roots::File(PathBuf::from(path)),
            _ => Roots::System,
        };
        if mode == TlsMode::Require && matches!(roots, Roots::File(_)) {
            mode = TlsMode::VerifyCa;
        }
        let identity = match (url.option("sslcert"), url.option("sslkey")) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, None) => None,
            _ => return Err(invalid("sslcert and sslkey belong together: name both or none")),
        };
        let negotiation = [("postgres", false), ("direct", true)];
        let is_direct = choice(url, "sslnegotiation", &negotiation, false)?;
        if is_direct && mode < TlsMode::Require {
            return Err(invalid("sslnegotiation=direct takes sslmode=require or stronger"));
        }
        Ok(Self {
            mode,
            is_explicit: url.option("sslmode").is_some(),
            roots,
            identity,
            sends_server_name: match url.option("sslsni") {
                Some(value) => parse_bool("sslsni", value)?,
                None => true,
            },
            is_direct,
        })
    }
}

/// Refuses the values of options whose only other value is what this driver does anyway.
fn check_compatibility(url: &DatabaseUrl) -> Result<(), DriverError> {
    if let Some(encoding) = url.option("client_encoding")
        && !matches!(
            encoding.to_ascii_lowercase().as_str(),
            "utf8" | "utf-8" | "auto" | "unicode"
        )
    {
        return Err(invalid("client_encoding can be UTF8 alone: leave the option out"));
    }
    if url.option("gssencmode") == Some("require") {
        return Err(invalid(
            "gssencmode=require: this driver encrypts with TLS, use sslmode=verify-full",
        ));
    }
    Ok(())
}

fn connect_timeout(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Option<Duration>, DriverError> {
    let timeout = match url.option("connect_timeout") {
        Some(seconds) => Duration::from_secs(parse_number("connect_timeout", seconds, "seconds")?),
        None => options.connect_timeout,
    };
    Ok((!timeout.is_zero()).then_some(timeout))
}

/// The session's settings. What the URL's `options` set is left alone: the startup message would go before it.
fn startup(url: &DatabaseUrl) -> Vec<(&'static str, String)> {
    let command_line = url.option("options").unwrap_or_default();
    let lower = command_line.to_ascii_lowercase();
    let name = url
        .option("application_name")
        .or(url.option("fallback_application_name"));
    let zone = url.option("timezone").unwrap_or("UTC");
    let mut settings = vec![("client_encoding", "UTF8".to_owned())];
    for (setting, value) in [
        ("DateStyle", "ISO"),
        ("IntervalStyle", "postgres"),
        // The analysis of statements reads backslashes in literals as this setting says.
        ("standard_conforming_strings", "on"),
        ("TimeZone", zone),
        ("application_name", name.unwrap_or("plexidb")),
    ] {
        if !lower.contains(&setting.to_ascii_lowercase()) {
            settings.push((setting, value.to_owned()));
        }
    }
    if !command_line.is_empty() {
        settings.push(("options", command_line.to_owned()));
    }
    settings
}

/// The name of the user who runs this process, by the environment.
fn system_user() -> Option<String> {
    let name = ["USER", "LOGNAME", "USERNAME"].iter();
    name.filter_map(|variable| std::env::var(variable).ok())
        .find(|name| !name.is_empty())
}
