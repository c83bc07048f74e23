//! One node of a PostgreSQL cluster: promotion, replay, positions, and the roles that a node can be made to play.
//! Invariant: what a call has changed is in force when it returns, for every session that begins afterwards.

use std::fs::OpenOptions;
use std::io::Write;
use std::ops::Deref;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Postgres;
use super::cluster::{connection_text, copy_primary, create_slot};
use crate::poll::until;
use crate::private::Private;
use crate::proxy::Proxy;

const POSITION: &str =
    "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END";

/// A server of a [`PostgresCluster`](crate::PostgresCluster); it is a [`Private`] server with replication.
#[derive(Debug)]
pub struct PostgresNode {
    server: Private<Postgres>,
    name: String,
}

impl Deref for PostgresNode {
    type Target = Private<Postgres>;

    fn deref(&self) -> &Self::Target {
        &self.server
    }
}

impl PostgresNode {
    pub(super) fn new(server: Private<Postgres>, number: usize) -> Self {
        let name = Self::name_of(number);
        Self { server, name }
    }

    pub(super) fn name_of(number: usize) -> String {
        format!("node_{number}")
    }

    /// The node's name, `node_1` for the first primary: its `application_name` and its slot while it is a replica.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the node is in recovery, as every replica is until it is promoted.
    ///
    /// # Errors
    /// Where the node does not answer.
    pub fn is_replica(&self) -> Result<bool> {
        self.asks("pg_is_in_recovery()")
    }

    /// Makes a replica a primary of its own and waits until it takes writes. The old primary is not told.
    ///
    /// # Errors
    /// Where the node is no replica, or is none of its own within 60 s.
    pub fn promote(&self) -> Result<()> {
        ensure!(
            self.asks("pg_promote(true, 60)")?,
            "{} was not promoted within 60 s",
            self.name
        );
        until("the promoted node takes writes", || Ok(!self.is_replica()?))
    }

    /// Follows another primary from now on, in place of the one before.
    ///
    /// # Errors
    /// Where it does not stream within 60 s, as when it has replayed more than the new primary ever had: then only
    /// [`PostgresNode::rebuild_from`] helps.
    pub fn follow(&self, primary: &Postgres) -> Result<()> {
        self.follow_port(primary, primary.port())
    }

    /// As [`PostgresNode::follow`], by way of a proxy in front of that primary, which can delay and cut the replication.
    ///
    /// # Errors
    /// As [`PostgresNode::follow`].
    pub fn follow_through(&self, proxy: &Proxy, primary: &Postgres) -> Result<()> {
        self.follow_port(primary, proxy.port())
    }

    fn follow_port(&self, primary: &Postgres, port: u16) -> Result<()> {
        ensure!(
            self.is_replica()?,
            "{} is a primary: only rebuild_from makes it a replica",
            self.name
        );
        create_slot(primary, &self.name)?;
        self.set("primary_slot_name", &self.name)?;
        self.set("primary_conninfo", &connection_text(port, &self.name))?;
        self.wait_until_streaming_from(port)
    }

    /// Throws the node's data away and makes it a replica of `primary`, as an old primary must be that has gone its own way.
    ///
    /// # Errors
    /// Where the primary does not answer or the node does not stream within 60 s.
    pub fn rebuild_from(&self, primary: &Postgres) -> Result<()> {
        create_slot(primary, &self.name)?;
        self.server
            .replace_data(&|folder, account| copy_primary(primary, &self.name, folder, account))?;
        self.server.start_again()?;
        self.wait_until_streaming_from(primary.port())
    }

    pub(super) fn wait_until_streaming_from(&self, port: u16) -> Result<()> {
        let streams = format!(
            "EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming' AND sender_port = {port})"
        );
        until("the replica streams from its primary", || self.asks(&streams))
            .with_context(|| format!("its log says:\n{}", self.server.folder().log_tail()))
    }

    /// Where the node stands: of a primary the end of its log, of a replica the end of what it has replayed (an LSN).
    ///
    /// # Errors
    /// Where the node does not answer.
    pub fn position(&self) -> Result<String> {
        self.try_client(&format!("SELECT {POSITION}"))
    }

    /// Whether the node has replayed (as a primary: written) its log up to `position`.
    ///
    /// # Errors
    /// Where the node does not answer, or `position` is no LSN.
    pub fn has_replayed(&self, position: &str) -> Result<bool> {
        self.asks(&format!("{POSITION} >= '{position}'::pg_lsn"))
    }

    /// Whether a replica has the log up to `position`, replayed or not.
    ///
    /// # Errors
    /// Where the node does not answer, or `position` is no LSN.
    pub fn has_received(&self, position: &str) -> Result<bool> {
        self.asks(&format!(
            "greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) >= '{position}'::pg_lsn"
        ))
    }

    /// Waits until the node has replayed its log up to `position`.
    ///
    /// # Errors
    /// Where that takes more than 60 s.
    pub fn wait_until_replayed(&self, position: &str) -> Result<()> {
        until("the replica catches up", || self.has_replayed(position)).with_context(|| {
            format!(
                "{} should have replayed {position}; {}",
                self.name,
                self.standing()
            )
        })
    }

    /// How the replay goes, for the message of an error.
    fn standing(&self) -> String {
        let asked = self.try_client(
            "SELECT json_build_object('received', pg_last_wal_receive_lsn(), 'replayed', pg_last_wal_replay_lsn(), \
             'pause', pg_get_wal_replay_pause_state(), 'is_replica', pg_is_in_recovery(), 'receiver', \
             (SELECT json_build_object('status', status, 'port', sender_port, 'timeline', received_tli) FROM pg_stat_wal_receiver))",
        );
        let state = asked.unwrap_or_else(|error| format!("it does not tell its state: {error:#}"));
        format!("{state}; its log says:\n{}", self.server.folder().log_tail())
    }

    /// Waits until a replica has the log up to `position`, replayed or not.
    ///
    /// # Errors
    /// Where that takes more than 60 s.
    pub fn wait_until_received(&self, position: &str) -> Result<()> {
        until("the replica receives the log", || self.has_received(position))
    }

    /// Waits until a replica has taken in all that a primary sent before it died: until then it may still get ahead of what it
    /// says it has.
    ///
    /// # Errors
    /// Where it still streams after 60 s, as with a primary that lives.
    pub fn wait_until_detached(&self) -> Result<()> {
        until("the replica has noticed its primary's death", || {
            self.asks("NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')")
        })
    }

    /// Stops the replay; the log still arrives.
    ///
    /// # Errors
    /// Where the node is no replica, or does not pause within 60 s.
    pub fn pause_replay(&self) -> Result<()> {
        self.try_client("SELECT pg_wal_replay_pause()")?;
        // A replay that waits out its delay answers to nobody before that, and replays nothing either.
        until("the replay pauses", || {
            self.asks(
                "pg_get_wal_replay_pause_state() = 'paused' \
                 OR pg_get_wal_replay_pause_state() <> 'not paused' \
                    AND current_setting('recovery_min_apply_delay') <> '0'",
            )
        })
    }

    /// Lets a paused replay go on.
    ///
    /// # Errors
    /// Where the node is no replica.
    pub fn resume_replay(&self) -> Result<()> {
        self.try_client("SELECT pg_wal_replay_resume()").map(drop)
    }

    /// Replays each commit so long after it happened, to the millisecond; zero ends the lag. The log still arrives at once.
    ///
    /// # Errors
    /// Where the node does not answer, or the delay is more than 24 days.
    pub fn set_replay_delay(&self, delay: Duration) -> Result<()> {
        self.set("recovery_min_apply_delay", &delay.as_millis().to_string())
    }

    /// Commits on this node wait from now on until `replicas` others have flushed them; with 0 they wait for nobody.
    ///
    /// # Errors
    /// Where fewer replicas than that are connected after 60 s.
    pub fn set_synchronous_replicas(&self, replicas: usize) -> Result<()> {
        let names = match replicas {
            0 => String::new(),
            count => format!("ANY {count} (*)"),
        };
        self.set("synchronous_standby_names", &names)?;
        until("enough replicas confirm commits", || {
            self.asks(&format!(
                "(SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum') >= {replicas}"
            ))
        })
        .with_context(|| format!("the log of {} says:\n{}", self.name, self.server.folder().log_tail()))
    }

    /// Starts the node again, ending it first where it runs, as a liar: it is not in recovery and takes connections, yet
    /// refuses writes (SQLSTATE 25006), as long as a client does not set `transaction_read_only` itself.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn restart_read_only(&self) -> Result<()> {
        self.server.kill()?;
        let settings = self.server.folder().data().join("postgresql.auto.conf");
        // Appended, since the file must go on belonging to the server's account; the last line of a name counts.
        OpenOptions::new()
            .append(true)
            .open(&settings)
            .and_then(|mut file| file.write_all(b"\ndefault_transaction_read_only = 'on'\n"))
            .with_context(|| format!("cannot write {}", settings.display()))?;
        self.server.start_again()
    }

    /// Makes the node refuse writes from now on, of open sessions too, as a primary does that is about to be replaced: see
    /// [`PostgresNode::restart_read_only`].
    ///
    /// # Errors
    /// Where the node does not answer.
    pub fn refuse_writes(&self) -> Result<()> {
        self.set("default_transaction_read_only", "on")
    }

    /// Ends what [`PostgresNode::restart_read_only`] or [`PostgresNode::refuse_writes`] began, for transactions of new and of
    /// open sessions.
    ///
    /// # Errors
    /// Where the node does not answer.
    pub fn allow_writes(&self) -> Result<()> {
        self.set("default_transaction_read_only", "off")
    }

    /// Changes a setting of the whole server that needs no restart, in its base unit.
    fn set(&self, name: &str, value: &str) -> Result<()> {
        self.try_client(&format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        self.try_client("SELECT pg_reload_conf()")?;
        until("a new setting is in force", || {
            let shown = self.try_client(&format!("SELECT setting FROM pg_settings WHERE name = '{name}'"))?;
            Ok(shown == value)
        })
        .with_context(|| format!("{name} on {}", self.name))
    }

    fn asks(&self, condition: &str) -> Result<bool> {
        Ok(self.try_client(&format!("SELECT {condition}"))? == "t")
    }
}
