//! A Redis Cluster of three primaries, each a private server of its own.

use anyhow::{Context, Result};

use super::Redis;
use crate::poll;
use crate::private::{self, Private};

/// Hash slots of a cluster.
const SLOTS: u32 = 16_384;
/// The fewest primaries of which a majority survives the loss of one.
const NODES: u32 = 3;

/// Three primaries that share the hash slots, without replicas.
#[derive(Debug)]
pub struct RedisCluster {
    /// The nodes, in the order of their slots.
    pub nodes: Vec<Private<Redis>>,
}

impl RedisCluster {
    /// Starts the nodes and waits until each of them says that the cluster is whole.
    ///
    /// # Errors
    /// As [`Redis::start_private`], or where they do not find each other.
    pub fn start() -> Result<Self> {
        let mut nodes: Vec<Private<Redis>> = Vec::new();
        for number in 0..NODES {
            // The default is 10,000 above the server's own port, which may be none.
            let bus_port = private::free_port()?.to_string();
            let node: Private<Redis> = private::start(&[
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus_port,
                "--cluster-node-timeout",
                "1000",
            ])?;
            let (first, last) = (SLOTS * number / NODES, SLOTS * (number + 1) / NODES - 1);
            node.try_client(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()])?;
            if let Some(known) = nodes.first() {
                let port = node.port().to_string();
                known
                    .try_client(&["CLUSTER", "MEET", node.host(), &port, &bus_port])
                    .context("the first node cannot meet another")?;
            }
            nodes.push(node);
        }
        for node in &nodes {
            poll::until("the cluster is whole", || {
                Ok(node
                    .try_client(&["CLUSTER", "INFO"])?
                    .contains("cluster_state:ok"))
            })?;
        }
        Ok(Self { nodes })
    }

    /// URL that names all nodes.
    pub fn url(&self) -> String {
        let nodes: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("{}:{}", node.host(), node.port()))
            .collect();
        format!("redis+cluster://{}", nodes.join(","))
    }
}
