//! MariaDB: TCP with TLS, a Unix socket, durability off for speed.

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
mod part;
mod user;

pub use cluster::MariaDbCluster;
pub use database::MariaDbDatabase;
pub use node::MariaDbNode;
pub use user::MariaDbUser;

use part::Part;

const USER: &str = "plexidb";
const PASSWORD: &str = "mariadb-secret";
/// The hosts that each user is created for: `'%'` alone would lose against an anonymous `''@'localhost'` that some packages
/// create.
const HOSTS: [&str; 2] = ["localhost", "%"];

/// Settings for tests: nothing has to survive a power cut; a small buffer pool starts faster.
const SETTINGS: &[&str] = &[
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    "--max-connections=200",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-buffer-pool-size=128M",
    "--skip-innodb-doublewrite",
    "--skip-innodb-use-native-aio",
];

/// A running MariaDB server; its user has all privileges, from any host and over the socket.
#[derive(Debug)]
pub struct MariaDb {
    folder: Folder,
    port: u16,
}

impl MariaDb {
    /// Starts a server that belongs to the caller alone.
    ///
    /// # Errors
    /// Where MariaDB is not installed (the message says what to install) or does not start (the message quotes its log).
    pub fn start_private() -> Result<Private<Self>> {
        private::start(&[])
    }

    /// As [`MariaDb::start_private`], with words for the end of the command line, such as `&["--max-connections=5"]`.
    ///
    /// # Errors
    /// As [`MariaDb::start_private`].
    pub fn start_private_with(extra: &[&str]) -> Result<Private<Self>> {
        private::start(extra)
    }

    /// The TCP host, `127.0.0.1`. The certificate is valid for it and for `localhost`.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user's name.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The user's password.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The Unix socket's path.
    pub fn socket(&self) -> PathBuf {
        socket_in(&self.folder)
    }

    /// PEM file of the authority that signed the server's certificate.
    pub fn ca_certificate(&self) -> PathBuf {
        self.folder.ca_certificate()
    }

    /// PEM file of an authority that did not sign the server's certificate, to see verification fail.
    pub fn stranger_ca_certificate(&self) -> PathBuf {
        self.folder.stranger_ca_certificate()
    }

    /// URL of the server over TCP, without a database: use [`MariaDb::fresh_database`] for tables.
    pub fn url(&self) -> String {
        self.url_of("")
    }

    /// URL of the server over the Unix socket, without a database.
    pub fn url_unix(&self) -> String {
        self.url_unix_of("")
    }

    fn url_of(&self, database: &str) -> String {
        format!(
            "mariadb://{USER}:{PASSWORD}@{}:{}/{database}",
            self.host(),
            self.port
        )
    }

    fn url_unix_of(&self, database: &str) -> String {
        format!(
            "mariadb://{USER}:{PASSWORD}@localhost/{database}?socket={}",
            self.socket().display()
        )
    }

    /// Creates an empty database with a name of its own, dropped with the handle.
    ///
    /// # Panics
    /// Where the server refuses: a test cannot go on without it.
    #[track_caller]
    pub fn fresh_database(&self) -> MariaDbDatabase<'_> {
        match MariaDbDatabase::create(self) {
            Ok(database) => database,
            Err(error) => panic!("cannot create a database: {error:#}"),
        }
    }

    /// Runs SQL with the client `mariadb --batch`: columns parted by tabs, no heading, NULL as `NULL`, and
    /// `\n`, `\t`, `\0` and `\\` in values escaped with a backslash.
    ///
    /// # Panics
    /// Where the client fails; see [`MariaDb::try_client`].
    #[track_caller]
    pub fn client(&self, sql: &str) -> String {
        match self.try_client(sql) {
            Ok(text) => text,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// As [`MariaDb::client`], with the failure as a value.
    ///
    /// # Errors
    /// The client's own message.
    pub fn try_client(&self, sql: &str) -> Result<String> {
        self.mariadb("", sql)
    }

    /// As [`MariaDb::try_client`], with the names of the columns as the first line.
    fn with_heading(&self, sql: &str) -> Result<String> {
        client::run(&mut self.client_command()?, sql)
    }

    fn mariadb(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = self.client_command()?;
        command.arg("--skip-column-names");
        if !database.is_empty() {
            command.arg(database);
        }
        client::run(&mut command, sql)
    }

    fn client_command(&self) -> Result<Command> {
        let mut command = Command::new(ServerKind::MariaDb.program("mariadb")?);
        command
            .args(["--no-defaults", "--batch", "--default-character-set=utf8mb4"])
            .args(["--protocol=socket", "--connect-timeout=10", "--user", USER])
            .arg(format!("--socket={}", self.socket().display()))
            .env("MYSQL_PWD", PASSWORD);
        Ok(command)
    }
}

impl Server for MariaDb {
    const KIND: ServerKind = ServerKind::MariaDb;
    const ACCOUNTS: &'static [&'static str] = &["mysql"];
    const VARIABLE: &'static str = "PLEXIDB_TEST_MARIADB";
    const END_SIGNALS: EndSignals = EndSignals {
        graceful: "TERM",
        quick: "KILL",
    };

    fn furnish(folder: &Folder, account: Option<Account>) -> Result<()> {
        folder.write_certificates(account)?;
        folder.write_private(&users_in(folder), &users(), account)?;
        Part::of_a_single_server().write(folder, account)?;
        folder.create_folder(&temporary_in(folder), account)
    }

    fn create_data(folder: &Folder, account: Option<Account>) -> Result<()> {
        let mut words = account::prefix(account)?;
        words.push(ServerKind::MariaDb.program("mariadb-install-db")?.into());
        words.extend(
            [
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ]
            .map(OsString::from),
        );
        words.push(format!("--datadir={}", folder.data().display()).into());
        words.push(format!("--tmpdir={}", temporary_in(folder).display()).into());
        client::run_quietly(&words).context("mariadb-install-db could not create the system tables")
    }

    fn template() -> Option<&'static Slot> {
        static SLOT: Slot = Slot::new();
        Some(&SLOT)
    }

    fn command_line(folder: &Folder, port: u16) -> Result<Vec<OsString>> {
        let mut words: Vec<OsString> = vec![
            ServerKind::MariaDb.program("mariadbd")?.into(),
            // Must be the first option; those that follow outweigh the file.
            format!("--defaults-file={}", Part::file_in(folder).display()).into(),
        ];
        words.extend(SETTINGS.iter().map(OsString::from));
        words.push(format!("--port={port}").into());
        for (option, path) in [
            ("datadir", folder.data()),
            ("tmpdir", temporary_in(folder)),
            ("socket", socket_in(folder)),
            ("pid-file", folder.path().join("mariadbd.pid")),
            ("init-file", users_in(folder)),
            ("ssl-ca", folder.ca_certificate()),
            ("ssl-cert", folder.certificate()),
            ("ssl-key", folder.key()),
        ] {
            words.push(format!("--{option}={}", path.display()).into());
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

fn socket_in(folder: &Folder) -> PathBuf {
    folder.path().join("mariadbd.sock")
}

/// A starting MariaDB removes all temporary tables in its `tmpdir`, also those of another server: none may share it.
fn temporary_in(folder: &Folder) -> PathBuf {
    folder.path().join("tmp")
}

fn users_in(folder: &Folder) -> PathBuf {
    folder.path().join("users.sql")
}

/// SQL that a server runs at each start, before it takes connections.
fn users() -> String {
    // The binary log of a replica must hold nothing of its own, or its positions would not be those of its primary.
    let mut script = String::from("SET sql_log_bin = 0;\n");
    for host in HOSTS {
        script.push_str(&format!(
            "CREATE USER IF NOT EXISTS '{USER}'@'{host}' IDENTIFIED BY '{PASSWORD}';\n\
             GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'{host}' WITH GRANT OPTION;\n"
        ));
    }
    script
}
