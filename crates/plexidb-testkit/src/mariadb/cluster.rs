//! A MariaDB primary with replicas that follow it by GTID; a replica is `read_only` until it is promoted.
//! Invariant: what the primary has acknowledged survives the kill of its processes (though not a power cut).

use anyhow::{Context, Result};

use super::MariaDb;
use super::node::MariaDbNode;
use super::part::Part;
use crate::cluster::Cluster;
use crate::private;
use crate::template;

/// A MariaDB primary with replicas.
pub type MariaDbCluster = Cluster<MariaDbNode>;

/// What differs from a server without replicas. InnoDB's log is written at each commit, so that a kill loses nothing; it is
/// still never synced. A replica logs what it applies, so that others can follow it after its promotion.
const SETTINGS: &[&str] = &[
    "--log-bin=binlog",
    "--relay-log=relay",
    "--log-slave-updates",
    "--binlog-format=ROW",
    "--gtid-strict-mode=1",
    "--sync-binlog=0",
    "--innodb-flush-log-at-trx-commit=2",
    "--slave-net-timeout=10",
    // Counts for those that follow a primary which asks for it.
    "--rpl-semi-sync-slave-enabled=1",
];

impl MariaDbCluster {
    /// Starts a primary with `replicas` replicas, which are connected to it when this returns.
    ///
    /// # Errors
    /// Where MariaDB is not installed, or a server does not start; those already up are ended.
    pub fn start(replicas: usize) -> Result<Self> {
        Self::start_with(replicas, &[])
    }

    /// As [`MariaDbCluster::start`], with words for the end of each command line, such as `&["--max-connections=10"]`.
    /// One connection more is reserved for administrators, as which the kit's own client gets in; a
    /// [`MariaDbUser`](crate::MariaDbUser) is none.
    ///
    /// # Errors
    /// As [`MariaDbCluster::start`].
    pub fn start_with(replicas: usize, extra: &[&str]) -> Result<Self> {
        let primary = start_node(1, extra)?;
        Self::around(primary, replicas, |primary, number| {
            let replica = start_node(number, extra)?;
            replica
                .follow(primary)
                .with_context(|| format!("replica {number} of the cluster"))?;
            Ok(replica)
        })
    }

    /// Waits until each replica has applied all that the first primary has committed so far.
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

fn start_node(number: usize, extra: &[&str]) -> Result<MariaDbNode> {
    let part = Part {
        server_id: u32::try_from(number).context("a cluster of so many nodes")?,
        // A replica is told so when it first follows.
        read_only: false,
    };
    let server = private::start_on_data(&[SETTINGS, extra].concat(), &|folder, account| {
        part.write(folder, account)?;
        template::fill::<MariaDb>(folder, account)
    })?;
    Ok(MariaDbNode::new(server, part.server_id))
}
