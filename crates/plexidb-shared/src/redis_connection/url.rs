//! From a URL to a configuration.
//!
//! Invariant: a message about a URL never quotes what may be a secret.

use percent_encoding::percent_decode_str;

use super::config::{RedisAddress, RedisConfig, RedisServers, RedisTls, ServerAddress};

#[cfg(test)]
mod tests;

const SCHEMES: &str = "redis://, rediss://, redis+unix://, redis+sentinel://, rediss+sentinel://, redis+cluster:// or rediss+cluster://";

/// Options after `?` that a URL may have.
const OPTIONS: [&str; 8] = [
    "ca",
    "cert",
    "key",
    "db",
    "user",
    "password",
    "sentinel_user",
    "sentinel_password",
];

pub(super) fn parse(text: &str) -> Result<RedisConfig, String> {
    let (scheme, rest) = text
        .split_once("://")
        .ok_or_else(|| format!("it must begin with {SCHEMES}"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let options = Options::parse(query)?;
    let (encrypted, kind) = match scheme.split_once('+') {
        Some((base, kind)) => (base, kind),
        None => (scheme, "one"),
    };
    let is_encrypted = match encrypted {
        "redis" | "valkey" => false,
        "rediss" | "valkeys" => true,
        _ => return Err(format!("it must begin with {SCHEMES}")),
    };
    let mut config = match kind {
        "one" => one(rest)?,
        "unix" if !is_encrypted => unix(rest)?,
        "sentinel" => sentinel(rest, &options)?,
        "cluster" => cluster(rest)?,
        _ => return Err(format!("it must begin with {SCHEMES}")),
    };
    options.apply(&mut config)?;
    if is_encrypted {
        config.tls = Some(options.tls()?);
    } else if options.names_files() {
        return Err("ca, cert and key need an encrypted connection: begin it with rediss".into());
    }
    Ok(config)
}

fn one(rest: &str) -> Result<RedisConfig, String> {
    let (account, hosts, path) = split(rest);
    let mut addresses = addresses(hosts, RedisConfig::DEFAULT_PORT)?;
    let (Some(address), true) = (addresses.pop(), addresses.is_empty()) else {
        return Err("it names several servers: use redis+sentinel:// or redis+cluster://".into());
    };
    let mut config = RedisConfig::new(RedisServers::One(RedisAddress::Tcp(address)));
    set_account(&mut config, account)?;
    config.database = database(path)?;
    Ok(config)
}

fn unix(path: &str) -> Result<RedisConfig, String> {
    if !path.starts_with('/') {
        return Err("the path of the socket must be absolute: redis+unix:///path".into());
    }
    let path = decoded(path, "the socket's path")?;
    Ok(RedisConfig::new(RedisServers::One(RedisAddress::Unix(
        path.into(),
    ))))
}

fn sentinel(rest: &str, options: &Options) -> Result<RedisConfig, String> {
    let (account, hosts, path) = split(rest);
    let (service, number) = path.split_once('/').unwrap_or((path, ""));
    if service.is_empty() {
        return Err("the name of the service is missing: redis+sentinel://host/service".into());
    }
    let mut config = RedisConfig::new(RedisServers::Sentinel {
        sentinels: addresses(hosts, RedisConfig::DEFAULT_SENTINEL_PORT)?,
        service: decoded(service, "the service")?,
        username: options.get("sentinel_user").map(str::to_owned),
        password: options.get("sentinel_password").map(Into::into),
    });
    set_account(&mut config, account)?;
    config.database = database(number)?;
    Ok(config)
}

fn cluster(rest: &str) -> Result<RedisConfig, String> {
    let (account, hosts, path) = split(rest);
    if database(path)? != 0 {
        return Err("Redis Cluster has database 0 alone".into());
    }
    let seeds = addresses(hosts, RedisConfig::DEFAULT_PORT)?;
    let mut config = RedisConfig::new(RedisServers::Cluster { seeds });
    set_account(&mut config, account)?;
    Ok(config)
}

/// Account, hosts and path.
fn split(rest: &str) -> (Option<&str>, &str, &str) {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((account, hosts)) => (Some(account), hosts, path),
        None => (None, authority, path),
    }
}

fn set_account(config: &mut RedisConfig, account: Option<&str>) -> Result<(), String> {
    let Some(account) = account else {
        return Ok(());
    };
    let (user, password) = account.split_once(':').unwrap_or((account, ""));
    if !user.is_empty() {
        config.username = Some(decoded(user, "the user")?);
    }
    if !password.is_empty() {
        config.password = Some(decoded(password, "the password")?.into());
    }
    Ok(())
}

fn addresses(hosts: &str, default_port: u16) -> Result<Vec<ServerAddress>, String> {
    hosts.split(',').map(|host| address(host, default_port)).collect()
}

/// `host`, `host:port`, `[address]` or `[address]:port`.
fn address(text: &str, default_port: u16) -> Result<ServerAddress, String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("an address lacks its `]`")?;
            (host, rest.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() {
        return Err("a host is missing".into());
    }
    let port = match port {
        Some(port) => port.parse().map_err(|_| "a port is not a number up to 65535")?,
        None => default_port,
    };
    Ok(ServerAddress {
        host: decoded(host, "a host")?,
        port,
    })
}

fn database(text: &str) -> Result<u32, String> {
    match text.trim_end_matches('/') {
        "" => Ok(0),
        number => number
            .parse()
            .map_err(|_| "the database is not a number".to_owned()),
    }
}

fn decoded(text: &str, what: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| format!("{what} is not UTF-8"))?;
    Ok(decoded.into_owned())
}

struct Options(Vec<(&'static str, String)>);

impl Options {
    fn parse(query: &str) -> Result<Self, String> {
        let mut options = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = OPTIONS.iter().find(|known| **known == name);
            let name = *known
                .ok_or_else(|| format!("it has an unknown option; known are {}", OPTIONS.join(", ")))?;
            options.push((name, decoded(value, name)?));
        }
        Ok(Self(options))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn apply(&self, config: &mut RedisConfig) -> Result<(), String> {
        if let Some(number) = self.get("db") {
            config.database = database(number)?;
        }
        if let Some(user) = self.get("user") {
            config.username = Some(user.to_owned());
        }
        if let Some(password) = self.get("password") {
            config.password = Some(password.into());
        }
        Ok(())
    }

    fn names_files(&self) -> bool {
        ["ca", "cert", "key"].iter().any(|name| self.get(name).is_some())
    }

    fn tls(&self) -> Result<RedisTls, String> {
        let client_files = match (self.get("cert"), self.get("key")) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            _ => return Err("cert and key belong together".into()),
        };
        Ok(RedisTls {
            ca_file: self.get("ca").map(Into::into),
            client_files,
        })
    }
}
