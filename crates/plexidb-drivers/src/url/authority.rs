//! The part of a URL between `//` and the next slash: user, password, host and port.

use std::fmt;

use plexidb_core::DriverError;
use secrecy::SecretString;

use super::{decode, invalid};

/// Who connects, and where to.
#[derive(Clone, Default)]
pub(super) struct Authority {
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
}

impl Authority {
    /// Parses `user:password@host:port`; `may_hold_secret` tells that the text may be a piece of a password, which
    /// no message repeats then.
    pub(super) fn parse(text: &str, may_hold_secret: bool) -> Result<Self, DriverError> {
        let (login, place) = text
            .rsplit_once('@')
            .map_or((None, text), |(login, place)| (Some(login), place));
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => (
                decode(user, "the user's name")?,
                decode(password, "the password")?,
            ),
            None => Default::default(),
        };
        let (host, port) = split_host(place)?;
        let host = decode(host, "the host")?;
        if host.contains(',') {
            return Err(invalid(
                "it names several hosts; name one, and add the others as databases of their own",
            ));
        }
        let port = match port {
            None | Some("") => None,
            Some(port) => Some(parse_port(port, may_hold_secret)?),
        };
        Ok(Self {
            user: (!user.is_empty()).then_some(user),
            password: (!password.is_empty()).then(|| SecretString::from(password)),
            host: (!host.is_empty()).then_some(host),
            port,
        })
    }
}

/// Splits `host:port`, `[::1]:port`; an IPv6 address takes brackets.
fn split_host(place: &str) -> Result<(&str, Option<&str>), DriverError> {
    if let Some(bracketed) = place.strip_prefix('[') {
        let (host, rest) = bracketed
            .split_once(']')
            .ok_or_else(|| invalid("the bracket of the IPv6 address is not closed"))?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(invalid(
                "the IPv6 address is followed by something else than :port",
            )),
        };
    }
    Ok(place
        .rsplit_once(':')
        .map_or((place, None), |(host, port)| (host, Some(port))))
}

fn parse_port(port: &str, may_hold_secret: bool) -> Result<u16, DriverError> {
    match port.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ if may_hold_secret => Err(invalid(
            "the port is no number from 1 to 65535; if the password holds one of / ? # [ ] @ : %, \
             percent-encode it (/ is %2F, @ is %40)",
        )),
        _ => Err(invalid(format!(
            "the port \"{port}\" is no number from 1 to 65535"
        ))),
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map_or("", |_| ":***");
        if self.user.is_some() || self.password.is_some() {
            write!(f, "{}{password}@", self.user.as_deref().unwrap_or_default())?;
        }
        match self.host.as_deref() {
            Some(host) if host.contains(':') => write!(f, "[{host}]")?,
            Some(host) => f.write_str(host)?,
            None => {}
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
