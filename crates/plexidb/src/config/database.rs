//! The settings of one database, and the URL that they come to.

use std::time::Duration;

use plexidb_core::{Dialect, RowSetBuilder};
use plexidb_pool::{Balance, Group};
use plexidb_sql::Precision;
use secrecy::{ExposeSecret as _, SecretString};

use super::address::{Authority, push_encoded, url_problems};
use super::field::{Contradiction, Section, section};
use super::kind::{Kind, Raw, bytes, count, seconds};
use super::replica::{ReplicaConfig, tag_problem};
use super::table::TableConfig;
use super::value::{Value, choices};
use crate::learning::KeyLearning;

const DAY: f64 = 86_400.0;
/// What a result can hold at all, in whole MiB.
const RESULT_BYTES_MAX: u64 = (RowSetBuilder::BYTES_MAX as u64) >> 20 << 20;

/// Whether a server takes writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// It takes reads and writes.
    #[default]
    Primary,
    /// It follows a primary and takes reads only.
    Replica,
}

section! {
    /// One database: where it is, how many connections it may take, and what bounds its statements.
    ///
    /// ```
    /// use plexidb::DatabaseConfig;
    ///
    /// let chat = DatabaseConfig { connection_pool_size: 4, ..DatabaseConfig::from_url("chat", "sqlite:chat.db") };
    /// assert_eq!(chat.max_overflow, 10);
    /// ```
    pub struct DatabaseConfig {
        /// The whole address, such as `sqlite:chat.db` or `postgres://user:password@host/database`. It stands alone:
        /// `type` to `options` are the other way to say the same.
        url or "uri" | "dsn": Option<SecretString> = None, Kind::Secret;
        /// The type of the database, where the address is given in parts.
        dialect as "type" or "dialect" | "driver" | "engine": Option<Dialect> = None, Kind::Choice(DIALECTS);
        /// Host name, IP address, or the path of a Unix socket (for MySQL) or its folder (for PostgreSQL). With
        /// `type` alone it is `localhost`.
        host or "hostname": Option<String> = None, Kind::Text;
        /// The server's port; the type's own where it is not given.
        port: Option<u16> = None, count("", 1, 65_535);
        /// The database on the server; for SQLite the path of the file, or `:memory:`.
        database or "db" | "dbname" | "path" | "file": Option<String> = None, Kind::Text;
        /// The user to log in as.
        username or "user": Option<String> = None, Kind::Text;
        /// The user's password.
        password: Option<SecretString> = None, Kind::Secret;
        /// The options of the URL, already encoded, such as `sslmode=verify-full`.
        options: Option<String> = None, Kind::Text;
        /// Whether the server takes writes.
        role: Role = Role::Primary, Kind::Choice(ROLES);
        /// Servers that follow this one; reads go there where they are as fresh as asked for. Which of all is the primary is
        /// asked of the servers.
        replicas or "replica": Vec<ReplicaConfig> = Vec::new(), Kind::Urls;
        /// What this server itself is for besides its writes: tags as those of replicas.
        tags: Vec<String> = Vec::new(), Kind::Names;
        /// Whether a read that asks for servers with a tag goes to the primary where none of them is fit. Else it is an error, unless
        /// the primary has the tag.
        tagged_reads_on_primary: bool = true, Kind::Switch;
        /// How long a read that no replica can serve yet waits for one that has caught up, before it goes to the primary. With 0 it
        /// goes at once.
        replica_wait: Duration = Duration::ZERO, seconds(0.0, 60.0);
        /// How reads are spread over replicas that are fit.
        balance: Balance = Balance::PeakEwma, Kind::Choice(BALANCES);
        /// How far behind a replica may be that serves reads which do not say so themselves. Where it is not given, a replica must
        /// have replayed every write through this manager to what the read depends on.
        max_replica_lag: Option<Duration> = None, seconds(0.001, DAY);
        /// How often each server is asked for its role and for what it has replayed, where replicas are configured.
        replica_check_interval: Duration = Duration::from_millis(200), seconds(0.01, 60.0);
        /// Connections that the pool keeps.
        connection_pool_size or "pool_size" | "size": usize = 10, count("connections", 1, 10_000);
        /// Connections beyond `connection_pool_size` when all of those are busy.
        max_overflow or "overflow": usize = 10, count("connections", 0, 10_000);
        /// Connections that are kept ready, from the start on; at most `connection_pool_size`.
        min_idle: usize = 0, count("connections", 0, 10_000);
        /// The most connections that all databases of this configuration have together to this one's server, by its host and port as
        /// they are written, and to each of its replicas' servers; 0 for no bound. A database that needs one more gets one that
        /// another does not use. Of several bounds for one server the lowest holds. Checks and cancellations come on top.
        server_connections_max: Option<usize> = None, count("connections", 0, 100_000);
        /// How long connections beyond `connection_pool_size` stay open when they are not needed any more.
        overflow_idle_timeout: Duration = Duration::from_secs(1), seconds(0.0, 30.0 * DAY);
        /// How long a statement waits for a free connection.
        pool_timeout or "checkout_timeout": Duration = Duration::from_secs(30), seconds(0.001, DAY);
        /// The age at which a connection is replaced.
        pool_recycle or "max_lifetime": Duration = Duration::from_secs(1_800), seconds(1.0, 30.0 * DAY);
        /// How long a connection may be idle before it is closed.
        idle_timeout: Duration = Duration::from_secs(600), seconds(1.0, 30.0 * DAY);
        /// The most statements that wait for a connection; the next one is refused at once.
        waiting_max: usize = 65_536, count("statements", 1, 10_000_000);
        /// The wait for a connection that is all right under a lasting load; once all waits have been longer for a whole
        /// `shedding_interval`, statements that have waited longer are refused, so that those which are served are served soon; 0 for
        /// never. Without it each waits for its whole `pool_timeout`, as a batch of statements wants that is sent all at once.
        shedding_target: Option<Duration> = None, seconds(0.0, 3_600.0);
        /// How long all waits must have been longer than `shedding_target` before statements are refused.
        shedding_interval: Duration = Duration::from_secs(1), seconds(0.001, 3_600.0);
        /// How long a connection may be in use before that is reported in the log as a leak, with the place where it was taken;
        /// 0 for never.
        leak_after: Option<Duration> = Some(Duration::from_secs(600)), seconds(0.0, 30.0 * DAY);
        /// How long it may take to connect, TLS and login included.
        connect_timeout: Duration = Duration::from_secs(10), seconds(0.001, 3_600.0);
        /// How long a statement may run before it is cancelled; 0 for no bound.
        statement_timeout or "query_timeout": Option<Duration> = None, seconds(0.0, 30.0 * DAY);
        /// The largest result that is read as a whole; a larger one is an error, or can be streamed.
        result_bytes_max: usize = 1 << 30, bytes(1 << 10, RESULT_BYTES_MAX);
        /// The most rows of a result that is read as a whole; 0 for no bound.
        result_rows_max or "max_rows": Option<u64> = None, count("rows", 0, 1 << 40);
        /// Whether results of this database are cached; where it is not given, as for all.
        enable_query_cache: Option<bool> = None, Kind::Switch;
        /// How long a result of this database may stay in memory; where it is not given, as for all.
        cache_ttl or "ttl": Option<Duration> = None, seconds(1.0, 365.0 * DAY);
        /// Whether caching stops by itself for statements where it costs more than it saves; it is tried again later.
        adaptive_caching: bool = true, Kind::Switch;
        /// How precisely writes drop cached results: by rows and columns, by rows alone, or by tables.
        invalidation: Precision = Precision::Row, Kind::Choice(PRECISIONS);
        /// How the keys of rows are learnt that a write's text does not tell; `auto` pays an extra round trip only where it
        /// profits.
        key_learning: KeyLearning = KeyLearning::Auto, Kind::Choice(LEARNINGS);
    }
    also {
        /// The name by which statements choose the database: 1 to 63 letters, digits, `-` and `_`.
        name: String;
        /// Settings of single tables.
        tables: Vec<TableConfig>;
    }
}

impl DatabaseConfig {
    /// A database at a URL, with the default of everything else.
    #[must_use]
    pub fn from_url(name: impl Into<String>, url: impl Into<SecretString>) -> Self {
        Self {
            name: name.into(),
            url: Some(url.into()),
            ..Self::default()
        }
    }

    /// The address: the URL as it was given, or the one that the parts come to, encoded as URLs demand.
    ///
    /// Without a URL and without a type it is empty; a [`Config`](crate::Config) never comes with such a database.
    #[must_use]
    pub fn url(&self) -> SecretString {
        match (&self.url, self.dialect) {
            (Some(url), _) => url.clone(),
            (None, Some(dialect)) => self.composed(dialect).into(),
            (None, None) => SecretString::default(),
        }
    }

    /// What is wrong with the pool as such.
    fn pool_problems(&self) -> Vec<Contradiction> {
        let mut found = Vec::new();
        if self.min_idle > self.connection_pool_size {
            let what = "`min_idle` is more than `connection_pool_size`".to_owned();
            let advice = "lower it, or raise `connection_pool_size`".to_owned();
            found.push(("min_idle", what, advice));
        }
        if self.server_connections_max.is_some() && self.scheme() == Some(Dialect::Sqlite) {
            let what = "SQLite has no server".to_owned();
            let advice = "remove it; `connection_pool_size` bounds the connections to the file".to_owned();
            found.push(("server_connections_max", what, advice));
        }
        found
    }

    /// What is wrong with the replicas as such.
    fn replica_problems(&self) -> Vec<Contradiction> {
        let mut found = Vec::new();
        let mut add = |key, what: &str, advice: &str| found.push((key, what.to_owned(), advice.to_owned()));
        if let Some((what, advice)) = tag_problem(&self.tags) {
            add("tags", what, advice);
        }
        if self.replicas.is_empty() {
            let advice = "add `replicas`, or remove it";
            if self.max_replica_lag.is_some() {
                add("max_replica_lag", "there are no replicas that could lag", advice);
            }
            if !self.replica_wait.is_zero() {
                add("replica_wait", "there are no replicas to wait for", advice);
            }
            return found;
        }
        if self.role == Role::Replica {
            let advice = "remove one of them: with `replicas` the servers are asked for their roles";
            add("role", "`role` is `replica`, and there are `replicas`", advice);
        }
        if self.replicas.len() >= Group::ENDPOINTS_MAX {
            add("replicas", "there are too many replicas", "name at most 63");
        }
        let own = self.scheme();
        if own == Some(Dialect::Sqlite) {
            add("replicas", "SQLite has no replicas", "remove `replicas`");
            return found;
        }
        for (index, replica) in self.replicas.iter().enumerate() {
            let dialect = scheme_of(&replica.url);
            if let Some((what, advice)) = replica.problem() {
                add("replicas", &format!("replica {}: {what}", index + 1), advice);
            }
            if replica.url.expose_secret().is_empty() {
                let what = format!("replica {} has no `url`", index + 1);
                add("replicas", &what, "add its address");
            } else if dialect.is_none() {
                let what = format!("the URL of replica {} has no scheme that is known", index + 1);
                add("replicas", &what, "begin it as the primary's");
            } else if own.is_some() && dialect != own {
                let what = format!(
                    "replica {} is another type of database than its primary",
                    index + 1
                );
                add("replicas", &what, "name servers that follow this one");
            }
            let is_same = |url: &SecretString| url.expose_secret() == replica.url.expose_secret();
            let is_repeated = self.replicas[..index].iter().any(|other| is_same(&other.url));
            if is_repeated || self.url.as_ref().is_some_and(is_same) {
                let what = format!("the address of replica {} is given twice", index + 1);
                add("replicas", &what, "name each server once");
            }
        }
        found
    }

    fn scheme(&self) -> Option<Dialect> {
        match &self.url {
            Some(url) => scheme_of(url),
            None => self.dialect,
        }
    }

    fn composed(&self, dialect: Dialect) -> String {
        let mut url = dialect.name().to_owned();
        let database = self.database.as_deref().unwrap_or_default();
        let host = self.host.as_deref().unwrap_or("localhost");
        let mut options: Vec<String> = self.options.iter().cloned().collect();
        if dialect == Dialect::Sqlite {
            // Two slashes right behind the scheme would be taken for the start of an authority.
            url.push_str(if database.starts_with("//") { "://" } else { ":" });
            push_encoded(&mut url, database, "/:\\");
        } else {
            // PostgreSQL's URLs take the folder of a socket as host, MySQL's take a socket as an option.
            let is_mysql_socket = dialect == Dialect::MySql && host.starts_with('/');
            if is_mysql_socket {
                let mut option = "socket=".to_owned();
                push_encoded(&mut option, host, "/");
                options.push(option);
            }
            let host = if is_mysql_socket { "localhost" } else { host };
            url.push_str("://");
            let (username, password) = (self.username.as_deref(), self.password.as_ref());
            Authority {
                username,
                password,
                host,
                port: self.port,
            }
            .push_to(&mut url);
            url.push('/');
            push_encoded(&mut url, database, "");
        }
        if !options.is_empty() {
            url.extend(["?", &options.join("&")]);
        }
        url
    }
}

impl Section for DatabaseConfig {
    const PARTS: &'static [&'static str] = &[
        "type", "host", "port", "database", "username", "password", "options",
    ];

    fn contradictions(&self) -> Vec<Contradiction> {
        let parts = self.parts();
        let mut found = match &self.url {
            Some(url) => url_problems(url, DIALECTS, &parts),
            None => Vec::new(),
        };
        let mut add = |key, what: &str, advice: &str| found.push((key, what.to_owned(), advice.to_owned()));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || self.name.len() > 63 || !self.name.chars().all(is_plain) {
            add(
                "name",
                "the database has no usable name",
                "name it with 1 to 63 letters, digits, `-` and `_`",
            );
        }
        match self.dialect {
            _ if self.url.is_some() => {}
            None => {
                let advice =
                    "give a `url`, or a `type` with `host`, `port`, `database`, `username` and `password`";
                add("type", "the database has no address", advice);
            }
            Some(Dialect::Sqlite) => {
                if self.database.is_none() {
                    add(
                        "database",
                        "`database` is missing",
                        "set it to the path of the file, or to `:memory:`",
                    );
                }
                for key in parts
                    .into_iter()
                    .filter(|key| !["type", "database", "options"].contains(key))
                {
                    add(
                        key,
                        &format!("SQLite has no `{key}`"),
                        "remove it, or correct `type`",
                    );
                }
            }
            Some(_) if self.password.is_some() && self.username.is_none() => {
                add(
                    "password",
                    "`password` is given without `username`",
                    "add `username`",
                );
            }
            Some(_) => {}
        }
        found.extend(self.replica_problems());
        found.extend(self.pool_problems());
        found
    }
}

choices! { Dialect, DIALECTS:
    "sqlite" = Self::Sqlite, "postgres" = Self::Postgres, "postgresql" = Self::Postgres,
    "mysql" = Self::MySql, "mariadb" = Self::MySql
}

choices! {
    Balance, BALANCES:
    "peak_ewma" = Self::PeakEwma, "least_connections" = Self::LeastConnections,
    "round_robin" = Self::RoundRobin, "weighted" = Self::Weighted
}

/// The type of database that the scheme of a URL names.
fn scheme_of(url: &SecretString) -> Option<Dialect> {
    let (scheme, _) = url.expose_secret().split_once(':')?;
    Value::read(&Raw::Text(scheme.to_owned()), &Kind::Text)
}

choices! { Role, ROLES: "primary" = Self::Primary, "replica" = Self::Replica }

choices! {
    Precision, PRECISIONS:
    "row" = Self::Row, "row_without_columns" = Self::RowWithoutColumns, "table" = Self::Table
}

choices! {
    KeyLearning, LEARNINGS:
    "auto" = Self::Auto, "never" = Self::Never, "one_trip" = Self::OneTrip, "two_trips" = Self::TwoTrips
}
