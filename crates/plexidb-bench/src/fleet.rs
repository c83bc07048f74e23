//! The servers of one database that replicates: a primary and its replicas, of either product, and what can happen to them.
//!
//! Invariant: the application's account has no privileges of administration, so that a read-only server refuses its writes.
//! Every call but those that only tell something blocks until it is done.

use anyhow::{Context as _, Result, bail};
use plexidb_testkit::{
    MariaDbCluster, MariaDbNode, MariaDbUser, PostgresCluster, PostgresNode, PostgresRole, Proxy,
};

use crate::product::Product;

/// The database on MariaDB, and on PostgreSQL.
const MARIADB_DATABASE: &str = "fleet";
const POSTGRES_DATABASE: &str = "postgres";

/// A primary, which is node 0, and its replicas.
pub struct Fleet {
    servers: Servers,
}

enum Servers {
    Postgres {
        cluster: PostgresCluster,
        role: PostgresRole,
    },
    MariaDb {
        cluster: MariaDbCluster,
        user: MariaDbUser,
    },
}

impl Fleet {
    /// Starts the servers and runs the script, as an administrator, on the primary. The replicas have replayed it then.
    ///
    /// # Errors
    ///
    /// Where a server does not start, a statement fails, or the product has no servers.
    pub fn start(product: Product, replicas: usize, script: &str) -> Result<Self> {
        let servers = match product {
            Product::Postgres => {
                let cluster = PostgresCluster::start_with(replicas, &["-c", "max_connections=200"])?;
                let role = PostgresRole::create(&cluster.primary)?;
                cluster.primary.try_client(script)?;
                cluster.catch_up()?;
                Servers::Postgres { cluster, role }
            }
            Product::MariaDb => {
                let cluster = MariaDbCluster::start(replicas)?;
                let user = MariaDbUser::create(&cluster.primary)?;
                let create = format!("CREATE DATABASE {MARIADB_DATABASE}; USE {MARIADB_DATABASE}; {script}");
                cluster.primary.try_client(&create)?;
                cluster.catch_up()?;
                Servers::MariaDb { cluster, user }
            }
            Product::Sqlite => bail!("SQLite has no servers"),
        };
        Ok(Self { servers })
    }

    /// The product.
    #[must_use]
    pub fn product(&self) -> Product {
        match &self.servers {
            Servers::Postgres { .. } => Product::Postgres,
            Servers::MariaDb { .. } => Product::MariaDb,
        }
    }

    /// How many servers there are.
    #[must_use]
    pub fn nodes(&self) -> usize {
        match &self.servers {
            Servers::Postgres { cluster, .. } => cluster.replicas.len() + 1,
            Servers::MariaDb { cluster, .. } => cluster.replicas.len() + 1,
        }
    }

    fn on<T>(
        &self,
        node: usize,
        postgres: impl FnOnce(&PostgresNode) -> Result<T>,
        mariadb: impl FnOnce(&MariaDbNode) -> Result<T>,
    ) -> Result<T> {
        let place = || format!("node {node}");
        match &self.servers {
            Servers::Postgres { cluster, .. } => {
                postgres(cluster.nodes().nth(node).with_context(place)?).with_context(place)
            }
            Servers::MariaDb { cluster, .. } => {
                mariadb(cluster.nodes().nth(node).with_context(place)?).with_context(place)
            }
        }
    }

    /// Its port on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Where there is no such node.
    pub fn port(&self, node: usize) -> Result<u16> {
        self.on(node, |server| Ok(server.port()), |server| Ok(server.port()))
    }

    /// The application's address of a server, without TLS.
    ///
    /// # Errors
    ///
    /// Where there is no such node.
    pub fn url(&self, node: usize) -> Result<String> {
        let (url, option) = match &self.servers {
            Servers::Postgres { cluster, role } => {
                let server = cluster.nodes().nth(node).context("no such node")?;
                (role.url(server, POSTGRES_DATABASE), "sslmode=disable")
            }
            Servers::MariaDb { cluster, user } => {
                let server = cluster.nodes().nth(node).context("no such node")?;
                (user.url(server, MARIADB_DATABASE), "ssl-mode=disabled")
            }
        };
        Ok(format!("{url}?{option}"))
    }

    /// Runs SQL on a server as an administrator, in the application's database. Returns what its own client prints.
    ///
    /// # Errors
    ///
    /// The client's own message.
    pub fn administer(&self, node: usize, sql: &str) -> Result<String> {
        let in_database = format!("USE {MARIADB_DATABASE}; {sql}");
        self.on(
            node,
            |server| server.try_client(sql),
            |server| server.try_client(&in_database),
        )
    }

    /// Ends a server's processes at once.
    ///
    /// # Errors
    ///
    /// Where its supervisor is gone.
    pub fn kill(&self, node: usize) -> Result<()> {
        self.on(node, |server| server.kill(), |server| server.kill())
    }

    /// Starts a killed server again, on its data.
    ///
    /// # Errors
    ///
    /// Where it does not answer within 60 s.
    pub fn start_again(&self, node: usize) -> Result<()> {
        self.on(node, |server| server.start_again(), |server| server.start_again())
    }

    /// Freezes a server: its connections stay open, and nothing answers.
    ///
    /// # Errors
    ///
    /// Where its supervisor is gone.
    pub fn freeze(&self, node: usize) -> Result<()> {
        self.on(node, |server| server.pause(), |server| server.pause())
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    ///
    /// Where its supervisor is gone.
    pub fn thaw(&self, node: usize) -> Result<()> {
        self.on(node, |server| server.resume(), |server| server.resume())
    }

    /// Makes a replica the primary. Nobody else is told.
    ///
    /// # Errors
    ///
    /// Where it is none, or does not take writes within 60 s.
    pub fn promote(&self, node: usize) -> Result<()> {
        self.on(node, PostgresNode::promote, MariaDbNode::promote)
    }

    /// Makes a server refuse the application's writes from now on; its connections stay open.
    ///
    /// # Errors
    ///
    /// Where it does not answer.
    pub fn refuse_writes(&self, node: usize) -> Result<()> {
        self.on(
            node,
            |server| {
                server.try_client("ALTER SYSTEM SET default_transaction_read_only = 'on'")?;
                server.try_client("SELECT pg_reload_conf()").map(drop)
            },
            |server| server.try_client("SET GLOBAL read_only = 1").map(drop),
        )
    }

    /// Makes a server that [refuses writes](Self::refuse_writes) take them again.
    ///
    /// # Errors
    ///
    /// Where it does not answer.
    pub fn allow_writes(&self, node: usize) -> Result<()> {
        self.on(node, PostgresNode::allow_writes, MariaDbNode::allow_writes)
    }

    /// Starts a server again that follows nobody, takes connections and refuses writes.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub fn restart_read_only(&self, node: usize) -> Result<()> {
        self.on(
            node,
            PostgresNode::restart_read_only,
            MariaDbNode::restart_read_only,
        )
    }

    /// Makes a replica follow another primary, or a former primary a replica of it, whose own data are thrown away.
    ///
    /// # Errors
    ///
    /// Where it does not follow within 60 s.
    pub fn join(&self, node: usize, primary: usize) -> Result<()> {
        match &self.servers {
            Servers::Postgres { cluster, .. } => {
                let primary = cluster.nodes().nth(primary).context("no such primary")?;
                let node = cluster.nodes().nth(node).context("no such node")?;
                match node.is_running()? && node.is_replica()? {
                    true => node.follow(primary),
                    false => node.rebuild_from(primary),
                }
            }
            Servers::MariaDb { cluster, .. } => {
                let primary = cluster.nodes().nth(primary).context("no such primary")?;
                let node = cluster.nodes().nth(node).context("no such node")?;
                match node.is_running()? && node.is_replica()? {
                    true => node.follow(primary),
                    false => node.rebuild_from(primary),
                }
            }
        }
    }

    /// As [`Fleet::join`], but the node's data are thrown away in any case.
    ///
    /// # Errors
    ///
    /// Where it does not follow within 60 s.
    pub fn rebuild(&self, node: usize, primary: usize) -> Result<()> {
        match &self.servers {
            Servers::Postgres { cluster, .. } => {
                let primary = cluster.nodes().nth(primary).context("no such primary")?;
                cluster
                    .nodes()
                    .nth(node)
                    .context("no such node")?
                    .rebuild_from(primary)
            }
            Servers::MariaDb { cluster, .. } => {
                let primary = cluster.nodes().nth(primary).context("no such primary")?;
                cluster
                    .nodes()
                    .nth(node)
                    .context("no such node")?
                    .rebuild_from(primary)
            }
        }
    }

    /// Waits until a replica has replayed what the primary has now.
    ///
    /// # Errors
    ///
    /// Where that takes more than 60 s.
    pub fn catch_up(&self, node: usize, primary: usize) -> Result<()> {
        let position = self.on(primary, PostgresNode::position, MariaDbNode::position)?;
        self.on(
            node,
            |server| server.wait_until_replayed(&position),
            |server| server.wait_until_replayed(&position),
        )
    }

    /// Stops a replica's replay, or lets it go on.
    ///
    /// # Errors
    ///
    /// Where it is no replica.
    pub fn pause_replay(&self, node: usize, is_paused: bool) -> Result<()> {
        match is_paused {
            true => self.on(node, PostgresNode::pause_replay, MariaDbNode::pause_replay),
            false => self.on(node, PostgresNode::resume_replay, MariaDbNode::resume_replay),
        }
    }

    /// Makes a primary acknowledge commits only when one replica has them, or at once.
    ///
    /// # Errors
    ///
    /// Where no replica is connected within 60 s.
    pub fn confirm_commits(&self, primary: usize, is_confirmed: bool) -> Result<()> {
        self.on(
            primary,
            |server| server.set_synchronous_replicas(usize::from(is_confirmed)),
            |server| server.set_semi_synchronous(is_confirmed),
        )
    }

    /// Waits until these replicas have taken in all that their primary sent before it was killed.
    ///
    /// # Errors
    ///
    /// Where one does not answer, or the primary lives after 60 s.
    pub fn wait_until_detached(&self, replicas: &[usize]) -> Result<()> {
        replicas.iter().try_for_each(|&node| {
            self.on(
                node,
                PostgresNode::wait_until_detached,
                MariaDbNode::wait_until_detached,
            )
        })
    }

    /// The replica among these that has received the most, replayed or not.
    ///
    /// # Errors
    ///
    /// Where one does not answer, or there are none.
    pub fn most_advanced(&self, among: &[usize]) -> Result<usize> {
        let mut best = *among.first().context("no replica is left")?;
        for &node in &among[1..] {
            let is_behind = self.on(
                best,
                |server| {
                    let received = self.received(node)?;
                    Ok(!server.has_received(&received)?)
                },
                |server| {
                    let received = self.received(node)?;
                    Ok(!server.has_received(&received)?)
                },
            )?;
            if is_behind {
                best = node;
            }
        }
        Ok(best)
    }

    fn received(&self, node: usize) -> Result<String> {
        self.on(
            node,
            |server| {
                server.try_client("SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())")
            },
            MariaDbNode::received,
        )
    }

    /// The application's sessions on a server.
    ///
    /// # Errors
    ///
    /// Where it does not answer.
    pub fn sessions(&self, node: usize) -> Result<usize> {
        let count = match &self.servers {
            Servers::Postgres { role, .. } => format!(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'",
                role.name()
            ),
            Servers::MariaDb { user, .. } => format!(
                "SELECT count(*) FROM information_schema.processlist WHERE user = '{}'",
                user.name()
            ),
        };
        Ok(self.administer(node, &count)?.trim().parse()?)
    }

    /// Ends the application's sessions on a server, as an administrator would.
    ///
    /// # Errors
    ///
    /// Where it does not answer.
    pub fn end_sessions(&self, node: usize) -> Result<usize> {
        match &self.servers {
            Servers::Postgres { cluster, role } => {
                role.end_sessions(cluster.nodes().nth(node).context("no such node")?)
            }
            Servers::MariaDb { cluster, user } => {
                user.end_sessions(cluster.nodes().nth(node).context("no such node")?)
            }
        }
    }

    /// Gives the application's account another password on a primary while something is done, so that logins fail.
    ///
    /// # Errors
    ///
    /// Where it does not answer, and those of what is done.
    pub fn rotate_password(&self, primary: usize, during: impl FnOnce() -> Result<()>) -> Result<()> {
        match &self.servers {
            Servers::Postgres { cluster, role } => {
                let server = cluster.nodes().nth(primary).context("no such node")?;
                let (mut role, password) = (role.clone(), role.password().to_owned());
                role.rotate_password(server, "another-secret")?;
                let done = during();
                role.rotate_password(server, &password)?;
                done
            }
            Servers::MariaDb { cluster, user } => {
                let server = cluster.nodes().nth(primary).context("no such node")?;
                let (mut user, password) = (user.clone(), user.password().to_owned());
                user.rotate_password(server, "another-secret")?;
                let done = during();
                user.rotate_password(server, &password)?;
                done
            }
        }
    }

    /// Admits so many of the application's connections to each server; `None` for any number.
    ///
    /// # Errors
    ///
    /// Where the primary does not answer.
    pub fn limit_connections(&self, primary: usize, limit: Option<u16>) -> Result<()> {
        match &self.servers {
            Servers::Postgres { cluster, role } => {
                let server = cluster.nodes().nth(primary).context("no such node")?;
                // Beyond what the server admits at all.
                role.limit_connections(server, limit.unwrap_or(10_000))
            }
            Servers::MariaDb { cluster, user } => {
                let server = cluster.nodes().nth(primary).context("no such node")?;
                user.limit_connections(server, limit.unwrap_or(0))
            }
        }
    }

    /// A proxy in front of each server, in their order.
    ///
    /// # Errors
    ///
    /// Where there is no port left.
    pub fn proxies(&self) -> Result<Vec<Proxy>> {
        (0..self.nodes())
            .map(|node| Proxy::start(format!("127.0.0.1:{}", self.port(node)?)))
            .collect()
    }
}
