//! Where Redis is.

use secrecy::SecretString;

use super::address::{Authority, url_problems};
use super::field::{Contradiction, Section, section};
use super::kind::{Kind, count};

section! {
    /// The Redis or Valkey server of the shared tier. This version checks the section and does not connect to it.
    pub struct RedisConfig {
        /// The whole address, such as `redis://user:password@host:6379/0`, or `rediss://…` for TLS. It stands alone:
        /// the other keys are the other way to say the same.
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
    }
}

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
        let problems = |url| url_problems(url, &["redis", "rediss"], &self.parts());
        self.url.as_ref().map(problems).unwrap_or_default()
    }
}
