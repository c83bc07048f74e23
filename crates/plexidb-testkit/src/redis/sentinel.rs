//! A sentinel that watches a primary and promotes a replica when it is gone.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, ensure};

use super::Redis;
use crate::account::Account;
use crate::folder::Folder;
use crate::install::ServerKind;
use crate::poll;
use crate::private::{self, Private};
use crate::server::Server;
use crate::supervisor::EndSignals;
use crate::template::Slot;

/// The name under which the primary is watched.
const SERVICE: &str = "main";

/// A sentinel. It alone is a majority.
#[derive(Debug)]
pub struct RedisSentinel(Redis);

impl RedisSentinel {
    /// Starts a sentinel that watches `primary` and takes it for gone after half a second without an answer.
    ///
    /// # Errors
    /// As [`Redis::start_private`].
    pub fn start(primary: &Redis) -> Result<Private<Self>> {
        let sentinel: Private<Self> = private::start(&[])?;
        let port = primary.port().to_string();
        let client = |words: &[&str]| sentinel.0.try_client(words);
        client(&["SENTINEL", "MONITOR", SERVICE, primary.host(), &port, "1"])?;
        client(&["SENTINEL", "SET", SERVICE, "down-after-milliseconds", "500"])?;
        client(&["SENTINEL", "SET", SERVICE, "failover-timeout", "2000"])?;
        Ok(sentinel)
    }

    /// URL of database 0 of whatever is the primary.
    pub fn url(&self) -> String {
        format!("redis+sentinel://{}:{}/{SERVICE}", self.0.host(), self.0.port())
    }

    /// Waits until it knows so many replicas, without which it could promote none.
    ///
    /// # Errors
    /// Where that takes too long.
    pub fn await_replicas(&self, count: usize) -> Result<()> {
        poll::until("the sentinel knows the replicas", || {
            let replicas = self.0.try_client(&["SENTINEL", "REPLICAS", SERVICE])?;
            Ok(replicas.lines().filter(|line| *line == "runid").count() >= count)
        })
    }

    /// The port of what it takes for the primary.
    ///
    /// # Errors
    /// Where it does not answer.
    pub fn primary_port(&self) -> Result<u16> {
        let answer = self
            .0
            .try_client(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE])?;
        Ok(answer.lines().nth(1).unwrap_or_default().parse()?)
    }
}

impl Server for RedisSentinel {
    const KIND: ServerKind = ServerKind::Redis;
    const ACCOUNTS: &'static [&'static str] = Redis::ACCOUNTS;
    const VARIABLE: &'static str = "PLEXIDB_TEST_REDIS_SENTINEL";
    const END_SIGNALS: EndSignals = Redis::END_SIGNALS;

    fn furnish(_folder: &Folder, _account: Option<Account>) -> Result<()> {
        Ok(())
    }

    /// A sentinel keeps what it knows in its configuration, which it rewrites.
    fn create_data(folder: &Folder, account: Option<Account>) -> Result<()> {
        let port = folder.read_port()?;
        let folder_name = folder.path().display();
        let text = format!("port {port}\nbind 127.0.0.1\nprotected-mode no\ndir {folder_name}\n");
        folder.write_private(&configuration(folder), &text, account)
    }

    fn template() -> Option<&'static Slot> {
        None
    }

    fn command_line(folder: &Folder, _port: u16) -> Result<Vec<OsString>> {
        Ok(vec![
            ServerKind::Redis.program("redis-server")?.into(),
            configuration(folder).into(),
            "--sentinel".into(),
        ])
    }

    fn attach(folder: Folder) -> Result<Self> {
        Redis::attach(folder).map(Self)
    }

    fn ping(&self) -> Result<()> {
        let answer = self.0.try_client(&["PING"])?;
        ensure!(answer == "PONG", "the sentinel answered {answer:?} to PING");
        Ok(())
    }

    fn folder(&self) -> &Path {
        self.0.folder()
    }
}

fn configuration(folder: &Folder) -> std::path::PathBuf {
    folder.path().join("sentinel.conf")
}
