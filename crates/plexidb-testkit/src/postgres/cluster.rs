//! A PostgreSQL primary with streaming replicas, made by `pg_basebackup`, each with a replication slot of its own.
//! Invariant: what the primary has acknowledged survives the kill of its processes (though not a power cut).

use std::ffi::OsString;

use anyhow::{Context, Result};

use super::node::PostgresNode;
use super::{PASSWORD, Postgres, USER};
use crate::account::{self, Account};
use crate::client;
use crate::cluster::Cluster;
use crate::folder::Folder;
use crate::install::ServerKind;
use crate::private;

/// A PostgreSQL primary with streaming replicas.
pub type PostgresCluster = Cluster<PostgresNode>;

/// What differs from a server without replicas. Only a commit that waits for the (unsynced) write is sent on at once, and
/// is still there after a kill.
const SETTINGS: &[&str] = &[
    "-c",
    "synchronous_commit=on",
    "-c",
    "wal_keep_size=64MB",
    "-c",
    "wal_retrieve_retry_interval=100ms",
];

impl PostgresCluster {
    /// Starts a primary with `replicas` hot standbys (at most 4: each takes two of the primary's 10 WAL senders while it
    /// starts), which stream when this returns.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed, or a server does not start; those already up are ended.
    pub fn start(replicas: usize) -> Result<Self> {
        Self::start_with(replicas, &[])
    }

    /// As [`PostgresCluster::start`], with words for the end of each command line, such as `&["-c", "max_connections=8"]`.
    /// Three of `max_connections` are reserved for superusers: a [`PostgresRole`](crate::PostgresRole) has the rest.
    ///
    /// # Errors
    /// As [`PostgresCluster::start`].
    pub fn start_with(replicas: usize, extra: &[&str]) -> Result<Self> {
        let extra = [SETTINGS, extra].concat();
        let primary = PostgresNode::new(private::start(&extra)?, 1);
        Self::around(primary, replicas, |primary, number| {
            start_replica(primary, number, &extra).with_context(|| format!("replica {number} of the cluster"))
        })
    }

    /// Waits until each replica has replayed all that the first primary has written so far.
    ///
    /// # Errors
    /// Where that takes more than 60 s, or a node does not answer.
    pub fn catch_up(&self) -> Result<()> {
        let position = self.primary.position()?;
        self.replicas
            .iter()
            .try_for_each(|replica| replica.wait_until_replayed(&position))
    }
}

fn start_replica(primary: &PostgresNode, number: usize, extra: &[&str]) -> Result<PostgresNode> {
    let name = PostgresNode::name_of(number);
    create_slot(primary, &name)?;
    let server = private::start_on_data(extra, &|folder, account| {
        copy_primary(primary, &name, folder, account)
    })?;
    let replica = PostgresNode::new(server, number);
    replica.wait_until_streaming_from(primary.port())?;
    Ok(replica)
}

/// Reserves the primary's log for the replica of that name, unless it is reserved already.
pub(super) fn create_slot(primary: &Postgres, name: &str) -> Result<()> {
    primary
        .try_client(&format!(
            "SELECT pg_create_physical_replication_slot('{name}', true) \
             WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{name}')"
        ))
        .map(drop)
}

/// How the replica `name` connects to the server on `port`.
pub(super) fn connection_text(port: u16, name: &str) -> String {
    format!(
        "host=127.0.0.1 port={port} user={USER} password={PASSWORD} application_name={name} sslmode=disable"
    )
}

/// Fills the data folder with a copy of the primary that follows it, through its slot.
pub(super) fn copy_primary(
    primary: &Postgres,
    name: &str,
    folder: &Folder,
    account: Option<Account>,
) -> Result<()> {
    let mut words: Vec<OsString> = account::prefix(account)?;
    words.push(ServerKind::Postgres.program("pg_basebackup")?.into());
    words.extend(
        [
            "--checkpoint=fast",
            "--wal-method=stream",
            "--write-recovery-conf",
            "--no-sync",
            "--no-manifest",
            "--no-password",
        ]
        .map(OsString::from),
    );
    words.push(format!("--slot={name}").into());
    words.push(format!("--dbname={}", connection_text(primary.port(), name)).into());
    words.extend(["--pgdata".into(), folder.data().into()]);
    client::run_quietly(&words).context("pg_basebackup could not copy the primary")
}
