//! PgBouncer before a PostgreSQL server: transaction pooling, SCRAM on both sides.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::account::Account;
use crate::client;
use crate::folder::Folder;
use crate::install::ServerKind;
use crate::postgres::Postgres;
use crate::private::{self, Private};
use crate::server::Server;
use crate::supervisor::EndSignals;
use crate::template::Slot;

/// Its own database of statistics and orders.
const CONSOLE: &str = "pgbouncer";
const SETTINGS: &str = "settings.ini";
const USERS: &str = "users.txt";

/// A running PgBouncer. Its users are those of the server behind it whose password the kit knows.
#[derive(Debug)]
pub struct PgBouncer {
    folder: Folder,
    port: u16,
}

impl PgBouncer {
    /// Starts one that pools the connections of `server` by transaction, at most `pool_size` of them for a user and a database.
    /// `settings` go to the end of its section `[pgbouncer]`.
    ///
    /// # Errors
    /// Where PgBouncer is not installed (the message says what to install) or does not start (the message quotes its log).
    pub fn start(server: &Postgres, pool_size: u16, settings: &[(&str, &str)]) -> Result<Private<Self>> {
        private::start_on_data::<Self>(&[], &|folder, account| {
            let (user, password) = (server.user(), server.password());
            let users = folder.path().join(USERS);
            folder.write_private(&users, &format!("\"{user}\" \"{password}\"\n"), account)?;
            let port = folder.read_port()?;
            let text = ini(server, port, pool_size, folder, settings);
            folder.write_private(&folder.path().join(SETTINGS), &text, account)
        })
    }

    /// The TCP host, `127.0.0.1`.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of one of the server's databases through this pooler, from its URL over TCP.
    pub fn through(&self, url: &str) -> String {
        let (credentials, place) = url.rsplit_once('@').unwrap_or(("", url));
        let database = place.split_once('/').map_or("", |(_, database)| database);
        format!("{credentials}@{}:{}/{database}", self.host(), self.port)
    }

    /// Runs an order or question of its console, such as `SHOW SERVERS` or `PAUSE`.
    ///
    /// # Errors
    /// psql's own message.
    pub fn try_console(&self, order: &str) -> Result<String> {
        let (user, password) = Postgres::credentials();
        let mut command = Command::new(ServerKind::Postgres.program("psql")?);
        command
            .args([
                "--no-align",
                "--tuples-only",
                "--no-psqlrc",
                "--quiet",
                "--command",
                order,
            ])
            .args(["--host", self.host(), "--username", user, "--dbname", CONSOLE])
            .arg(format!("--port={}", self.port))
            .env("PGPASSWORD", password)
            .env("PGCONNECT_TIMEOUT", "10");
        client::run(&mut command, "")
    }
}

fn ini(server: &Postgres, port: u16, pool_size: u16, folder: &Folder, settings: &[(&str, &str)]) -> String {
    let mut text = format!(
        "[databases]\n* = host={host} port={server_port}\n\n[pgbouncer]\nlisten_addr = {host}\nlisten_port = {port}\n\
         unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users}\nadmin_users = {user}\npool_mode = transaction\n\
         default_pool_size = {pool_size}\nmax_client_conn = 200\n",
        host = server.host(),
        server_port = server.port(),
        users = folder.path().join(USERS).display(),
        user = server.user(),
    );
    for (name, value) in settings {
        text.push_str(&format!("{name} = {value}\n"));
    }
    text
}

impl Server for PgBouncer {
    const KIND: ServerKind = ServerKind::PgBouncer;
    const ACCOUNTS: &'static [&'static str] = &["postgres", "pgbouncer"];
    const VARIABLE: &'static str = "PLEXIDB_TEST_PGBOUNCER";
    // INT waits for the clients' transactions.
    const END_SIGNALS: EndSignals = EndSignals {
        graceful: "TERM",
        quick: "KILL",
    };

    fn furnish(_folder: &Folder, _account: Option<Account>) -> Result<()> {
        Ok(())
    }

    fn create_data(_folder: &Folder, _account: Option<Account>) -> Result<()> {
        Ok(())
    }

    fn template() -> Option<&'static Slot> {
        None
    }

    fn command_line(folder: &Folder, _port: u16) -> Result<Vec<OsString>> {
        let settings = folder.path().join(SETTINGS);
        Ok(vec![
            ServerKind::PgBouncer.program("pgbouncer")?.into(),
            settings.into(),
        ])
    }

    fn attach(folder: Folder) -> Result<Self> {
        let port = folder.read_port()?;
        Ok(Self { folder, port })
    }

    fn ping(&self) -> Result<()> {
        self.try_console("SHOW VERSION")
            .map(drop)
            .context("PgBouncer's console does not answer")
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}
