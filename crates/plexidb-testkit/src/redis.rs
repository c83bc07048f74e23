//! Redis: TCP without a password, nothing persisted, many databases so that each test can have its own. Private servers can do
//! more: TLS, replicas, sentinels, clusters.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::account::Account;
use crate::client;
use crate::folder::Folder;
use crate::install::ServerKind;
use crate::poll;
use crate::private::{self, Private};
use crate::server::Server;
use crate::supervisor::EndSignals;
use crate::template::Slot;

mod cluster;
mod database;
mod sentinel;

pub use cluster::RedisCluster;
pub use database::RedisDatabase;
pub use sentinel::RedisSentinel;

/// Numbered databases of the server; number 0 holds the counter that hands out the others.
const DATABASES: u32 = 4096;

/// A running Redis server.
#[derive(Debug)]
pub struct Redis {
    folder: Folder,
    port: u16,
}

impl Redis {
    /// Starts a server that belongs to the caller alone.
    ///
    /// # Errors
    /// Where Redis is not installed (the message says what to install) or does not start (the message quotes its log).
    pub fn start_private() -> Result<Private<Self>> {
        private::start(&[])
    }

    /// As [`Redis::start_private`], with words for the end of the command line, such as `&["--maxmemory", "1mb"]`.
    ///
    /// # Errors
    /// As [`Redis::start_private`].
    pub fn start_private_with(extra: &[&str]) -> Result<Private<Self>> {
        private::start(extra)
    }

    /// As [`Redis::start_private`], listening with TLS besides, also on 127.0.0.2; see [`Redis::url_tls`].
    ///
    /// # Errors
    /// As [`Redis::start_private`].
    pub fn start_private_tls() -> Result<Private<Self>> {
        let port = private::free_port()?.to_string();
        let mut extra = vec!["--tls-port", &port, "--tls-auth-clients", "no"];
        // An address for which the certificate is not valid, where the system has it.
        extra.extend(["--bind", "127.0.0.1", "-127.0.0.2"]);
        // Names in the server's own folder, which it makes its working directory.
        extra.extend([
            "--tls-cert-file",
            "server.pem",
            "--tls-key-file",
            "server-key.pem",
        ]);
        extra.extend(["--tls-ca-cert-file", "ca.pem"]);
        private::start(&extra)
    }

    /// A replica of this server, which takes no writes before a test promotes it with `REPLICAOF NO ONE`.
    ///
    /// # Errors
    /// As [`Redis::start_private`].
    pub fn start_replica(&self) -> Result<Private<Self>> {
        let port = self.port.to_string();
        let replica: Private<Self> = private::start(&["--replicaof", self.host(), &port])?;
        poll::until("the replica is in step", || {
            Ok(replica
                .try_client(&["INFO", "replication"])?
                .contains("master_link_status:up"))
        })?;
        Ok(replica)
    }

    /// The TCP host, `127.0.0.1`.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The Unix socket's path.
    pub fn socket(&self) -> PathBuf {
        socket_in(&self.folder)
    }

    /// URL of database 0 over TCP. It is shared: use [`Redis::fresh_database`] for keys.
    pub fn url(&self) -> String {
        self.url_of(0)
    }

    /// URL of database 0 over the Unix socket.
    pub fn url_unix(&self) -> String {
        self.url_unix_of(0)
    }

    /// URL of database 0 over TLS, with the authority that the server's certificate is from.
    ///
    /// # Errors
    /// Where the server was not started with TLS.
    pub fn url_tls(&self) -> Result<String> {
        self.url_tls_trusting(&self.folder.ca_certificate())
    }

    /// As [`Redis::url_tls`], trusting an authority that has signed nothing.
    ///
    /// # Errors
    /// As [`Redis::url_tls`].
    pub fn url_tls_of_a_stranger(&self) -> Result<String> {
        self.url_tls_trusting(&self.folder.stranger_ca_certificate())
    }

    fn url_tls_trusting(&self, authority: &Path) -> Result<String> {
        let answer = self.try_client(&["CONFIG", "GET", "tls-port"])?;
        let port = answer.lines().nth(1).unwrap_or("0");
        ensure!(port != "0", "this server was not started with TLS");
        Ok(format!("rediss://localhost:{port}/0?ca={}", authority.display()))
    }

    fn url_of(&self, number: u32) -> String {
        format!("redis://{}:{}/{number}", self.host(), self.port)
    }

    fn url_unix_of(&self, number: u32) -> String {
        format!("redis+unix://{}?db={number}", self.socket().display())
    }

    /// An empty numbered database, flushed when the handle is dropped.
    ///
    /// # Panics
    /// Where the server refuses or all numbers are taken: a test cannot go on without it.
    #[track_caller]
    pub fn fresh_database(&self) -> RedisDatabase<'_> {
        match RedisDatabase::create(self) {
            Ok(database) => database,
            Err(error) => panic!("cannot take a database: {error:#}"),
        }
    }

    /// Runs one command with redis-cli in database 0 and returns its raw answer.
    ///
    /// # Panics
    /// Where redis-cli fails; see [`Redis::try_client`].
    #[track_caller]
    pub fn client(&self, words: &[&str]) -> String {
        match self.try_client(words) {
            Ok(text) => text,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// As [`Redis::client`], with the failure as a value.
    ///
    /// # Errors
    /// redis-cli's own message.
    pub fn try_client(&self, words: &[&str]) -> Result<String> {
        self.redis_cli(0, words)
    }

    fn redis_cli(&self, number: u32, words: &[&str]) -> Result<String> {
        let mut command = Command::new(ServerKind::Redis.program("redis-cli")?);
        // `-e` makes an error answer an exit code.
        command
            .args([
                "-e",
                "--raw",
                "-h",
                self.host(),
                "-p",
                &self.port.to_string(),
                "-n",
                &number.to_string(),
            ])
            .args(words);
        client::run(&mut command, "")
    }
}

impl Server for Redis {
    const KIND: ServerKind = ServerKind::Redis;
    const ACCOUNTS: &'static [&'static str] = &["redis", "nobody"];
    const VARIABLE: &'static str = "PLEXIDB_TEST_REDIS";
    const END_SIGNALS: EndSignals = EndSignals {
        graceful: "TERM",
        quick: "KILL",
    };

    fn furnish(folder: &Folder, account: Option<Account>) -> Result<()> {
        folder.write_certificates(account)
    }

    fn create_data(_folder: &Folder, _account: Option<Account>) -> Result<()> {
        Ok(())
    }

    fn template() -> Option<&'static Slot> {
        None
    }

    fn command_line(folder: &Folder, port: u16) -> Result<Vec<OsString>> {
        let mut words: Vec<OsString> = vec![ServerKind::Redis.program("redis-server")?.into()];
        let (port, databases) = (port.to_string(), DATABASES.to_string());
        words.extend(["--port", &port, "--bind", "127.0.0.1", "--databases", &databases].map(OsString::from));
        // Without the delay a replica is in step at once; the server waits 5 s for others that might want the same.
        words.extend(["--repl-diskless-sync-delay", "0"].map(OsString::from));
        words.extend(["--save", "", "--appendonly", "no", "--dir"].map(OsString::from));
        words.extend([
            folder.path().into(),
            "--unixsocket".into(),
            socket_in(folder).into(),
        ]);
        Ok(words)
    }

    fn attach(folder: Folder) -> Result<Self> {
        let port = folder.read_port()?;
        Ok(Self { folder, port })
    }

    fn ping(&self) -> Result<()> {
        let answer = self.try_client(&["PING"])?;
        ensure!(answer == "PONG", "Redis answered {answer:?} to PING");
        Ok(())
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn socket_in(folder: &Folder) -> PathBuf {
    folder.path().join("redis.sock")
}
