//! One node of a MariaDB cluster: promotion, replication, positions, and the roles that a node can be made to play.
//! Invariant: all transactions of a cluster are of one GTID domain, so a position is a number in the order of commits.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::part::Part;
use super::{MariaDb, PASSWORD, USER};
use crate::poll::until;
use crate::private::Private;
use crate::proxy::Proxy;
use crate::template;

/// Distance between the server ids of one node before and after it was rebuilt: more than a cluster has nodes.
const SERVER_IDS_PER_LIFE: u32 = 1000;

/// After this a commit would stop to wait for a replica: longer than any test, in milliseconds.
const SEMI_SYNC_TIMEOUT_MS: u32 = 86_400_000;

/// A server of a [`MariaDbCluster`](crate::MariaDbCluster); it is a [`Private`] server with replication.
#[derive(Debug)]
pub struct MariaDbNode {
    server: Private<MariaDb>,
    server_id: AtomicU32,
}

impl Deref for MariaDbNode {
    type Target = Private<MariaDb>;

    fn deref(&self) -> &Self::Target {
        &self.server
    }
}

impl MariaDbNode {
    pub(super) fn new(server: Private<MariaDb>, server_id: u32) -> Self {
        let server_id = AtomicU32::new(server_id);
        Self { server, server_id }
    }

    /// Whether the node is set up to follow a primary, as every replica is until it is promoted.
    ///
    /// # Errors
    /// Where the node does not answer.
    pub fn is_replica(&self) -> Result<bool> {
        Ok(!self.replication()?.is_empty())
    }

    /// Applies what a replica has received, a delay included, and makes it a primary that takes writes, also after a restart.
    /// The old primary is not told.
    ///
    /// # Errors
    /// Where the node is no replica, or has not applied everything after 60 s.
    pub fn promote(&self) -> Result<()> {
        ensure!(self.is_replica()?, "the node is no replica");
        self.try_client("STOP SLAVE IO_THREAD")?;
        let received = self.received()?;
        self.wait_until_replayed(&received)?;
        self.try_client("STOP SLAVE; RESET SLAVE ALL")?;
        self.allow_writes()
    }

    /// Follows another primary from now on, in place of the one before, and refuses writes.
    ///
    /// # Errors
    /// Where it is not connected within 60 s, or has transactions that the new primary lacks: then only
    /// [`MariaDbNode::rebuild_from`] helps.
    pub fn follow(&self, primary: &MariaDb) -> Result<()> {
        self.follow_port(primary.port())
    }

    /// As [`MariaDbNode::follow`], by way of a proxy in front of that primary, which can delay and cut the replication.
    ///
    /// # Errors
    /// As [`MariaDbNode::follow`].
    pub fn follow_through(&self, proxy: &Proxy) -> Result<()> {
        self.follow_port(proxy.port())
    }

    fn follow_port(&self, port: u16) -> Result<()> {
        self.write_part(true)?;
        if !self.is_replica()? {
            // A primary of old goes on from its own last commit.
            self.try_client("SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos")?;
        }
        self.try_client(&format!(
            "STOP SLAVE; SET GLOBAL read_only = 1; \
             CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, MASTER_USER = '{USER}', \
             MASTER_PASSWORD = '{PASSWORD}', MASTER_SSL = 0, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1; \
             START SLAVE"
        ))?;
        self.wait_until_running()
    }

    /// Throws the node's data away and makes it a replica of `primary`, as an old primary must be that has gone its own way.
    /// It applies everything that the cluster has ever committed.
    ///
    /// # Errors
    /// Where the node does not start, or is not connected within 60 s.
    pub fn rebuild_from(&self, primary: &MariaDb) -> Result<()> {
        self.server.replace_data(&template::fill::<MariaDb>)?;
        // Under its old number it would skip what it committed itself in its former life.
        self.server_id.fetch_add(SERVER_IDS_PER_LIFE, Ordering::SeqCst);
        self.write_part(true)?;
        self.server.start_again()?;
        self.follow(primary)
    }

    fn wait_until_running(&self) -> Result<()> {
        until("the replica runs", || {
            let state = self.replication()?;
            let text = |name: &str| state.get(name).map_or("", String::as_str);
            // An error that a replica cannot get over by itself stops its SQL thread, or both.
            for error in ["Last_SQL_Error", "Last_IO_Error"] {
                if !text(error).is_empty() && text("Slave_IO_Running") != "Connecting" {
                    bail!("the replica has stopped: {}", text(error));
                }
            }
            Ok(text("Slave_IO_Running") == "Yes" && text("Slave_SQL_Running") == "Yes")
        })
    }

    /// Where the node stands: of a primary its last commit, of a replica the last that it has applied (a GTID, or nothing).
    ///
    /// # Errors
    /// Where the node does not answer.
    pub fn position(&self) -> Result<String> {
        let variable = if self.is_replica()? {
            "gtid_slave_pos"
        } else {
            "gtid_binlog_pos"
        };
        self.try_client(&format!("SELECT @@{variable}"))
    }

    /// Whether the node has applied (as a primary: committed) everything up to `position`.
    ///
    /// # Errors
    /// Where the node does not answer, or `position` is no GTID.
    pub fn has_replayed(&self, position: &str) -> Result<bool> {
        Ok(sequence(&self.position()?)? >= sequence(position)?)
    }

    /// Whether a replica has received everything up to `position`, applied or not.
    ///
    /// # Errors
    /// Where the node does not answer, or is no replica, or `position` is no GTID.
    pub fn has_received(&self, position: &str) -> Result<bool> {
        Ok(sequence(&self.received()?)? >= sequence(position)?)
    }

    /// Waits until the node has applied everything up to `position`.
    ///
    /// # Errors
    /// Where that takes more than 60 s.
    pub fn wait_until_replayed(&self, position: &str) -> Result<()> {
        until("the replica catches up", || self.has_replayed(position))
    }

    /// Waits until a replica has received everything up to `position`, applied or not.
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
    /// Where it is still connected after 60 s, as with a primary that lives.
    pub fn wait_until_detached(&self) -> Result<()> {
        until("the replica has noticed its primary's death", || {
            let state = self.replication()?;
            Ok(state
                .get("Slave_IO_Running")
                .is_none_or(|running| running != "Yes"))
        })
    }

    /// Stops applying; the log still arrives.
    ///
    /// # Errors
    /// Where the node does not answer.
    pub fn pause_replay(&self) -> Result<()> {
        self.try_client("STOP SLAVE SQL_THREAD").map(drop)
    }

    /// Applies again what has arrived.
    ///
    /// # Errors
    /// Where the node is no replica.
    pub fn resume_replay(&self) -> Result<()> {
        self.try_client("START SLAVE SQL_THREAD").map(drop)
    }

    /// Applies each commit so long after it happened, in whole seconds (a part counts as one); zero ends the lag. The log
    /// still arrives at once.
    ///
    /// # Errors
    /// Where the node is no replica, or is not connected again within 60 s.
    pub fn set_replay_delay(&self, delay: Duration) -> Result<()> {
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        self.try_client(&format!(
            "STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = {seconds}; START SLAVE"
        ))?;
        self.wait_until_running()
    }

    /// Commits on this node wait, until its next restart or until this is turned off, for one replica that has received them.
    ///
    /// # Errors
    /// Where no replica is connected after 60 s.
    pub fn set_semi_synchronous(&self, on: bool) -> Result<()> {
        self.try_client(&format!(
            "SET GLOBAL rpl_semi_sync_master_timeout = {SEMI_SYNC_TIMEOUT_MS}; \
             SET GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC; \
             SET GLOBAL rpl_semi_sync_master_enabled = {}",
            u8::from(on)
        ))?;
        until("a replica confirms commits", || {
            let clients = self.try_client("SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'")?;
            Ok(!on || !clients.ends_with("\t0"))
        })
    }

    /// Starts the node again, ending it first where it runs, as a liar: it follows nobody and takes connections, yet refuses
    /// the writes of all but administrators (error 1290), such as a [`MariaDbUser`](crate::MariaDbUser).
    ///
    /// # Errors
    /// Where it does not start.
    pub fn restart_read_only(&self) -> Result<()> {
        self.server.kill()?;
        self.write_part(true)?;
        self.server.start_again()
    }

    /// Refuses writes from now on, of open sessions too and also after a restart, as a primary does that is about to be
    /// replaced: see [`MariaDbNode::restart_read_only`].
    ///
    /// # Errors
    /// Where the node does not answer.
    pub fn refuse_writes(&self) -> Result<()> {
        self.write_part(true)?;
        self.try_client("SET GLOBAL read_only = 1").map(drop)
    }

    /// Takes writes from now on, also after a restart.
    ///
    /// # Errors
    /// Where the node does not answer.
    pub fn allow_writes(&self) -> Result<()> {
        self.write_part(false)?;
        self.try_client("SET GLOBAL read_only = 0").map(drop)
    }

    fn write_part(&self, read_only: bool) -> Result<()> {
        let part = Part {
            server_id: self.server_id.load(Ordering::SeqCst),
            read_only,
        };
        part.write(self.server.folder(), self.server.account())
    }

    /// The last transaction that a replica has received, applied or not (a GTID, or nothing).
    ///
    /// # Errors
    /// Where the node does not answer, or is no replica.
    pub fn received(&self) -> Result<String> {
        let mut state = self.replication()?;
        state
            .remove("Gtid_IO_Pos")
            .context("the node is no replica that follows by GTID")
    }

    /// What `SHOW SLAVE STATUS` says; nothing of a node that follows nobody.
    fn replication(&self) -> Result<HashMap<String, String>> {
        let text = self.server.with_heading("SHOW SLAVE STATUS")?;
        let mut lines = text.lines();
        let (Some(names), Some(values)) = (lines.next(), lines.next()) else {
            return Ok(HashMap::new());
        };
        let values = values.split('\t').map(String::from);
        Ok(names.split('\t').map(String::from).zip(values).collect())
    }
}

/// The last part of a GTID `domain-server-sequence`; of no position it is 0.
fn sequence(position: &str) -> Result<u64> {
    if position.is_empty() {
        return Ok(0);
    }
    let (_, sequence) = position
        .rsplit_once('-')
        .with_context(|| format!("{position:?} is no GTID"))?;
    sequence
        .parse()
        .with_context(|| format!("{position:?} is no single GTID"))
}
