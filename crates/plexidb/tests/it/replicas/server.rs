//! Servers that replicate, of either kind, as the stages of these tests need them: an application's own user, the same tables, and
//! the same faults.

use std::time::Duration;

use plexidb_testkit::{
    Cluster, MariaDbCluster, MariaDbNode, MariaDbUser, PostgresCluster, PostgresNode, PostgresRole, Proxy,
};

/// The tables: notes that are read, and sends, of which a row is a write that has arrived, however often.
const TABLES: [&str; 3] = [
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, body VARCHAR(200) NOT NULL)",
    "CREATE TABLE sends (id INTEGER NOT NULL)",
    "INSERT INTO notes VALUES (1, 'old')",
];

/// A server of a cluster.
pub(super) trait Server: Send + Sync + Sized + 'static {
    type User: Send + Sync;

    fn start(replicas: usize, connections_max: u16) -> Cluster<Self>;
    /// Makes the tables and a user without rights of administration.
    fn furnish(&self) -> Self::User;
    fn url(&self, user: &Self::User) -> String;
    fn port(&self) -> u16;
    /// Runs SQL with the kit's client, past plexidb.
    fn sql(&self, sql: &str) -> String;
    fn kill(&self);
    fn start_again(&self);
    fn pause(&self);
    fn resume(&self);
    fn promote(&self);
    fn set_replay_delay(&self, delay: Duration);
    /// Whether commits wait until a replica has received them, so that no acknowledged one is lost with this server.
    fn confirm_by_replica(&self, is_on: bool);
    /// Refuses writes from now on, of open sessions too, and follows nobody.
    fn refuse_writes(&self);
    /// Starts again as a server that takes connections, follows nobody and refuses writes.
    fn restart_read_only(&self);
    fn allow_writes(&self);
    fn rebuild_from(&self, primary: &Self);
    fn end_sessions(&self, user: &Self::User);
    fn limit_connections(&self, user: &Self::User, limit: u16);
    /// Ends the user's sessions and admits no other, or but one where that cannot be forbidden.
    fn starve(&self, user: &Self::User);
    fn rotate_password(&self, user: &mut Self::User, password: &str);
    fn position(&self) -> String;
    fn wait_until_replayed(&self, position: &str);

    /// The ids of all that has arrived, as often as it has.
    fn sends(&self) -> Vec<i64> {
        let text = self.sql("SELECT id FROM sends ORDER BY id");
        text.lines().map(|line| line.trim().parse().unwrap()).collect()
    }

    /// A proxy before this server.
    fn proxy(&self) -> Proxy {
        Proxy::start(format!("127.0.0.1:{}", self.port())).unwrap()
    }
}

/// What both kinds of node do under the same name.
macro_rules! by_the_node {
    () => {
        fn port(&self) -> u16 {
            (**self).port()
        }

        fn kill(&self) {
            (**self).kill().unwrap();
        }

        fn start_again(&self) {
            (**self).start_again().unwrap();
        }

        fn pause(&self) {
            (**self).pause().unwrap();
        }

        fn resume(&self) {
            (**self).resume().unwrap();
        }

        fn promote(&self) {
            self.promote().unwrap();
        }

        fn set_replay_delay(&self, delay: Duration) {
            self.set_replay_delay(delay).unwrap();
        }

        fn restart_read_only(&self) {
            self.restart_read_only().unwrap();
        }

        fn allow_writes(&self) {
            self.allow_writes().unwrap();
        }

        fn refuse_writes(&self) {
            self.refuse_writes().unwrap();
        }

        fn rebuild_from(&self, primary: &Self) {
            self.rebuild_from(primary).unwrap();
        }

        fn end_sessions(&self, user: &Self::User) {
            user.end_sessions(self).unwrap();
        }

        fn limit_connections(&self, user: &Self::User, limit: u16) {
            user.limit_connections(self, limit).unwrap();
        }

        fn rotate_password(&self, user: &mut Self::User, password: &str) {
            user.rotate_password(self, password).unwrap();
        }

        fn position(&self) -> String {
            self.position().unwrap()
        }

        fn wait_until_replayed(&self, position: &str) {
            self.wait_until_replayed(position).unwrap();
        }
    };
}

impl Server for PostgresNode {
    type User = PostgresRole;

    fn start(replicas: usize, connections_max: u16) -> Cluster<Self> {
        let connections = format!("max_connections={connections_max}");
        PostgresCluster::start_with(replicas, &["-c", &connections, "-c", "max_wal_senders=6"]).unwrap()
    }

    fn furnish(&self) -> PostgresRole {
        TABLES.iter().for_each(|sql| drop(self.client(sql)));
        PostgresRole::create(self).unwrap()
    }

    fn url(&self, user: &PostgresRole) -> String {
        user.url(self, "postgres")
    }

    fn sql(&self, sql: &str) -> String {
        self.client(sql)
    }

    fn confirm_by_replica(&self, is_on: bool) {
        self.set_synchronous_replicas(usize::from(is_on)).unwrap();
    }

    fn starve(&self, user: &PostgresRole) {
        self.limit_connections(user, 0);
        self.end_sessions(user);
    }

    by_the_node!();
}

impl Server for MariaDbNode {
    type User = MariaDbUser;

    fn start(replicas: usize, connections_max: u16) -> Cluster<Self> {
        let connections = format!("--max-connections={connections_max}");
        MariaDbCluster::start_with(replicas, &[&connections]).unwrap()
    }

    fn furnish(&self) -> MariaDbUser {
        self.client("CREATE DATABASE chat");
        TABLES.iter().for_each(|sql| drop(self.sql(sql)));
        MariaDbUser::create(self).unwrap()
    }

    fn url(&self, user: &MariaDbUser) -> String {
        user.url(self, "chat")
    }

    fn sql(&self, sql: &str) -> String {
        self.client(&format!("USE chat; {sql}"))
    }

    fn confirm_by_replica(&self, is_on: bool) {
        self.set_semi_synchronous(is_on).unwrap();
    }

    fn starve(&self, user: &MariaDbUser) {
        // No limit would be 0.
        self.limit_connections(user, 1);
        self.end_sessions(user);
    }

    by_the_node!();
}

/// A cluster whose replicas have the tables and the user.
pub(super) struct Stage<S: Server> {
    pub(super) cluster: Cluster<S>,
    pub(super) user: S::User,
}

impl<S: Server> Stage<S> {
    pub(super) fn start(replicas: usize) -> Self {
        Self::start_with(replicas, 100)
    }

    pub(super) fn start_with(replicas: usize, connections_max: u16) -> Self {
        let cluster = S::start(replicas, connections_max);
        let user = cluster.primary.furnish();
        let stage = Self { cluster, user };
        stage.catch_up();
        stage
    }

    /// Waits until all replicas have replayed what the first primary has.
    pub(super) fn catch_up(&self) {
        let position = self.cluster.primary.position();
        for replica in &self.cluster.replicas {
            replica.wait_until_replayed(&position);
        }
    }

    /// The addresses of all servers, the first primary's first.
    pub(super) fn urls(&self) -> Vec<String> {
        self.cluster.nodes().map(|node| node.url(&self.user)).collect()
    }
}

/// Makes one test a kind of server of an async function that is generic over it.
macro_rules! on_each_server {
    ($($test:ident)*) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test::<plexidb_testkit::PostgresNode>().await;
            })*
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test::<plexidb_testkit::MariaDbNode>().await;
            })*
        }
    };
}

pub(super) use on_each_server;
