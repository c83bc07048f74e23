//! PostgreSQL: TCP with TLS and SCRAM, a Unix socket, durability off for speed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::account::{self, Account};
use crate::client;
use crate::folder::Folder;
use crate::install::ServerKind;
use crate::private::{self, Private};
use crate::server::Server;
use crate::supervisor::EndSignals;
use crate::template::Slot;

mod cluster;
mod database;
mod node;
mod role;

pub use cluster::PostgresCluster;
pub use database::PostgresDatabase;
pub use node::PostgresNode;
pub use role::PostgresRole;

const USER: &str = "plexidb";
const PASSWORD: &str = "postgres-secret";
const MAINTENANCE_DATABASE: &str = "postgres";

/// Settings for tests: nothing has to survive a power cut, and change feeds need `wal_level = logical`.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "200"),
    ("shared_buffers", "128MB"),
    ("wal_level", "logical"),
    ("max_prepared_transactions", "10"),
    ("ssl", "on"),
];

/// A running PostgreSQL server; its user is a superuser with a SCRAM password.
#[derive(Debug)]
pub struct Postgres {
    folder: Folder,
    port: u16,
}

impl Postgres {
    /// Starts a server that belongs to the caller alone.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed (the message says what to install) or does not start (the message quotes its log).
    pub fn start_private() -> Result<Private<Self>> {
        private::start(&[])
    }

    /// As [`Postgres::start_private`], with words for the end of the command line, such as `&["-c", "max_connections=5"]`.
    ///
    /// # Errors
    /// As [`Postgres::start_private`].
    pub fn start_private_with(extra: &[&str]) -> Result<Private<Self>> {
        private::start(extra)
    }

    /// The TCP host, `127.0.0.1`. The certificate is valid for it and for `localhost`.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port, of TCP and in the name of the Unix socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The superuser's name.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The superuser's password.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The superuser's name and password, which all servers of the kit have.
    pub(crate) fn credentials() -> (&'static str, &'static str) {
        (USER, PASSWORD)
    }

    /// The folder of the Unix socket `.s.PGSQL.<port>`.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// PEM file of the authority that signed the server's certificate.
    pub fn ca_certificate(&self) -> PathBuf {
        self.folder.ca_certificate()
    }

    /// PEM file of an authority that did not sign the server's certificate, to see verification fail.
    pub fn stranger_ca_certificate(&self) -> PathBuf {
        self.folder.stranger_ca_certificate()
    }

    /// URL of the maintenance database over TCP. It is shared: use [`Postgres::fresh_database`] for tables.
    pub fn url(&self) -> String {
        self.url_of(MAINTENANCE_DATABASE)
    }

    /// URL of the maintenance database over the Unix socket.
    pub fn url_unix(&self) -> String {
        self.url_unix_of(MAINTENANCE_DATABASE)
    }

    fn url_of(&self, database: &str) -> String {
        format!(
            "postgres://{USER}:{PASSWORD}@{}:{}/{database}",
            self.host(),
            self.port
        )
    }

    fn url_unix_of(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "postgres://{USER}:{PASSWORD}@localhost:{}/{database}?host={folder}",
            self.port
        )
    }

    /// Creates an empty database with a name of its own, dropped with the handle.
    ///
    /// # Panics
    /// Where the server refuses: a test cannot go on without it.
    #[track_caller]
    pub fn fresh_database(&self) -> PostgresDatabase<'_> {
        match PostgresDatabase::create(self) {
            Ok(database) => database,
            Err(error) => panic!("cannot create a database: {error:#}"),
        }
    }

    /// Runs SQL with psql (unaligned, tuples only, columns parted by `|`) in the maintenance database.
    ///
    /// # Panics
    /// Where psql fails; see [`Postgres::try_client`].
    #[track_caller]
    pub fn client(&self, sql: &str) -> String {
        match self.try_client(sql) {
            Ok(text) => text,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// As [`Postgres::client`], with the failure as a value.
    ///
    /// # Errors
    /// psql's own message.
    pub fn try_client(&self, sql: &str) -> Result<String> {
        self.psql(MAINTENANCE_DATABASE, sql)
    }

    fn psql(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = Command::new(ServerKind::Postgres.program("psql")?);
        command
            .args([
                "--no-align",
                "--tuples-only",
                "--no-psqlrc",
                "--quiet",
                "--set=ON_ERROR_STOP=1",
                "--file=-",
            ])
            .args(["--host", self.host(), "--username", USER, "--dbname", database])
            .arg(format!("--port={}", self.port))
            .env("PGPASSWORD", PASSWORD)
            .env("PGCLIENTENCODING", "UTF8")
            .env("PGCONNECT_TIMEOUT", "10");
        client::run(&mut command, sql)
    }
}

impl Server for Postgres {
    const KIND: ServerKind = ServerKind::Postgres;
    const ACCOUNTS: &'static [&'static str] = &["postgres"];
    const VARIABLE: &'static str = "PLEXIDB_TEST_POSTGRES";
    // INT rolls back, disconnects clients and checkpoints; QUIT does not checkpoint.
    const END_SIGNALS: EndSignals = EndSignals {
        graceful: "INT",
        quick: "QUIT",
    };

    fn furnish(folder: &Folder, account: Option<Account>) -> Result<()> {
        folder.write_certificates(account)
    }

    fn create_data(folder: &Folder, account: Option<Account>) -> Result<()> {
        let password_file = folder.path().join("password");
        folder.write_private(&password_file, PASSWORD, account)?;
        let mut words = account::prefix(account)?;
        words.push(ServerKind::Postgres.program("initdb")?.into());
        words.extend(
            [
                "--auth=scram-sha-256",
                "--no-sync",
                "--locale=C",
                "--encoding=UTF8",
                "--username",
                USER,
            ]
            .map(OsString::from),
        );
        words.extend([
            "--pgdata".into(),
            folder.data().into(),
            "--pwfile".into(),
            password_file.into(),
        ]);
        client::run_quietly(&words).context("initdb could not create the database cluster")
    }

    fn template() -> Option<&'static Slot> {
        static SLOT: Slot = Slot::new();
        Some(&SLOT)
    }

    fn command_line(folder: &Folder, port: u16) -> Result<Vec<OsString>> {
        let mut words: Vec<OsString> = vec![
            ServerKind::Postgres.program("postgres")?.into(),
            "-D".into(),
            folder.data().into(),
            "-p".into(),
            port.to_string().into(),
            "-k".into(),
            folder.path().into(),
        ];
        let files = [
            ("ssl_cert_file", folder.certificate()),
            ("ssl_key_file", folder.key()),
        ];
        let settings = SETTINGS.iter().map(|(name, value)| format!("{name}={value}"));
        let paths = files
            .iter()
            .map(|(name, path)| format!("{name}={}", path.display()));
        for setting in settings.chain(paths) {
            words.extend(["-c".into(), setting.into()]);
        }
        Ok(words)
    }

    fn attach(folder: Folder) -> Result<Self> {
        let port = folder.read_port()?;
        Ok(Self { folder, port })
    }

    fn ping(&self) -> Result<()> {
        self.try_client("SELECT 1").map(drop)
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}
