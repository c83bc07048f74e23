//! Database URLs: taken apart and percent-decoded once, for every driver.
//!
//! Invariant: a password never reaches `Display`, `Debug` or an error's message.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use plexidb_core::DriverError;
use secrecy::SecretString;

mod authority;
mod option;
#[cfg(test)]
mod tests;

use authority::Authority;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
#[allow(
    unused_imports,
    reason = "each driver uses some; a build with one feature uses few"
)]
pub(crate) use option::{parse_bool, parse_choice, parse_number};

/// What the URLs' schemes mean, in the order in which messages list them.
const SCHEMES: [(&str, Scheme); 5] = [
    ("sqlite", Scheme::Sqlite),
    ("postgres", Scheme::Postgres),
    ("postgresql", Scheme::Postgres),
    ("mysql", Scheme::MySql),
    ("mariadb", Scheme::MySql),
];

/// The database that a scheme stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Sqlite,
    Postgres,
    MySql,
}

impl Scheme {
    /// The feature of this crate that holds the driver.
    pub(crate) fn feature(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// The database's name for messages.
    pub(crate) fn database(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL/MariaDB",
        }
    }
}

/// A database URL in its parts, percent-decoded.
///
/// `sqlite:PATH?option=value` or `scheme://user:password@host:port/database?option=value`. It prints without its
/// password.
///
/// ```
/// # use plexidb_drivers::DatabaseUrl;
/// let url: DatabaseUrl = "postgres://ada:s%40fe@db.example:5433/chat?sslmode=require".parse().unwrap();
/// assert_eq!((url.host(), url.port(), url.database()), (Some("db.example"), Some(5433), Some("chat")));
/// assert_eq!(url.to_string(), "postgres://ada:***@db.example:5433/chat?sslmode=require");
/// ```
#[derive(Clone)]
pub struct DatabaseUrl {
    scheme_text: String,
    scheme: Scheme,
    authority: Authority,
    /// The database's name; SQLite: the file's path.
    database: Option<String>,
    options: Vec<(String, String)>,
}

impl DatabaseUrl {
    /// The scheme as it was written, in lower case.
    #[must_use]
    pub fn scheme_name(&self) -> &str {
        &self.scheme_text
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The user's name.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.authority.user.as_deref()
    }

    /// The password.
    #[must_use]
    pub fn password(&self) -> Option<&SecretString> {
        self.authority.password.as_ref()
    }

    /// The host's name or address (IPv6 without brackets), or a folder of sockets that begins with `/`.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.authority.host.as_deref()
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.authority.port
    }

    /// The database's name; for SQLite the file's path or `:memory:`.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The options in their order; a name may occur more than once.
    #[must_use]
    pub fn options(&self) -> &[(String, String)] {
        &self.options
    }

    /// The last value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        let named = self.options.iter().rev().find(|(given, _)| given == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Refuses options that are not among the known ones.
    ///
    /// # Errors
    ///
    /// [`DriverError::InvalidUrl`] names the unknown option and the nearest known one.
    pub fn check_options(&self, known: &[&str]) -> Result<(), DriverError> {
        self.options
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
            .map_or(Ok(()), |(name, _)| Err(option::unknown(name, known)))
    }
}

/// A [`DriverError::InvalidUrl`].
pub(crate) fn invalid(reason: impl Into<String>) -> DriverError {
    DriverError::InvalidUrl {
        reason: reason.into(),
    }
}

impl FromStr for DatabaseUrl {
    type Err = DriverError;

    fn from_str(text: &str) -> Result<Self, DriverError> {
        let (scheme_text, rest) = split_scheme(text)?;
        let scheme = SCHEMES
            .iter()
            .find(|(name, _)| *name == scheme_text)
            .map(|(_, scheme)| *scheme)
            .ok_or_else(|| unknown_scheme(&scheme_text))?;
        let (place, query) = rest.split_once('?').map_or((rest, None), |(a, b)| (a, Some(b)));
        let (authority, database) = if scheme == Scheme::Sqlite {
            let path = place.strip_prefix("//").unwrap_or(place);
            (Authority::default(), path)
        } else {
            let place = place.strip_prefix("//").ok_or_else(|| {
                invalid(format!(
                    "write {scheme_text}://user:password@host:port/database, with two slashes"
                ))
            })?;
            let (authority, path) = place.split_once('/').unwrap_or((place, ""));
            // An `@` behind the authority comes from a password that was not percent-encoded.
            (Authority::parse(authority, rest.contains('@'))?, path)
        };
        let database = decode(database, "the database's name or path")?;
        Ok(Self {
            scheme_text,
            scheme,
            authority,
            database: (!database.is_empty()).then_some(database),
            options: query.map(option::parse).transpose()?.unwrap_or_default(),
        })
    }
}

/// Splits `scheme:rest`; a single letter before the colon is a drive, not a scheme.
fn split_scheme(text: &str) -> Result<(String, &str), DriverError> {
    let of_scheme = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    match text.split_once(':') {
        Some((scheme, rest)) if scheme.len() > 1 && scheme.chars().all(of_scheme) => {
            Ok((scheme.to_ascii_lowercase(), rest))
        }
        _ if text.trim().is_empty() => Err(invalid(format!("it is empty; write {}", forms()))),
        // What holds an `@` may hold a password and is not repeated.
        _ if text.contains('@') => Err(invalid(format!("it has no scheme; write {}", forms()))),
        _ => Err(invalid(format!(
            "\"{text}\" has no scheme; for a SQLite file write sqlite:{text}"
        ))),
    }
}

fn forms() -> String {
    let forms = SCHEMES.map(|(name, scheme)| match scheme {
        Scheme::Sqlite => format!("{name}:PATH"),
        Scheme::Postgres | Scheme::MySql => format!("{name}://…"),
    });
    forms.join(", ")
}

fn unknown_scheme(scheme: &str) -> DriverError {
    let guess = option::nearest(scheme, &SCHEMES.map(|(name, _)| name))
        .map(|name| format!(" (did you mean {name}?)"))
        .unwrap_or_default();
    invalid(format!(
        "unknown scheme \"{scheme}\"{guess}; the known forms are {}",
        forms()
    ))
}

/// Percent-decodes one part; the message names the part and not its content, which may be secret.
fn decode(text: &str, part: &str) -> Result<String, DriverError> {
    let bytes = text.as_bytes();
    let is_malformed = bytes.iter().enumerate().any(|(at, byte)| {
        let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
        *byte == b'%' && !(digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit))
    });
    if is_malformed {
        return Err(invalid(format!(
            "{part} holds a % that begins no escape; write a literal % as %25"
        )));
    }
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| invalid(format!("{part} is not UTF-8 once it is percent-decoded")))?;
    if decoded.contains('\0') {
        return Err(invalid(format!("{part} holds a NUL character")));
    }
    Ok(decoded.into_owned())
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme_text)?;
        if self.scheme != Scheme::Sqlite {
            write!(f, "//{}/", self.authority)?;
        }
        f.write_str(self.database.as_deref().unwrap_or_default())?;
        for (index, (name, value)) in self.options.iter().enumerate() {
            let value = if option::is_secret(name) { "***" } else { value };
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}
