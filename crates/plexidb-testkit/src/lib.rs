//! Every server is private to the run, lives in a temporary folder, and dies with the process that started it.
//! Must not know any plexidb crate: the drivers' tests depend on it.
//! Every call blocks until it is done: a test on an async runtime needs a thread for it where tasks are to go on meanwhile.
//!
//! ```no_run
//! use plexidb_testkit::{Postgres, PostgresCluster, Proxy, Traffic, postgres};
//!
//! let database = postgres().fresh_database(); // the run's shared server, a database of our own
//! database.client("CREATE TABLE t (id int); INSERT INTO t VALUES (1)"); // psql is the oracle
//! let proxy = Proxy::start(format!("127.0.0.1:{}", postgres().port()))?;
//! let url = proxy.through(&database.url()); // for the driver under test
//! proxy.set(Traffic::Hold)?; // the cable is cut
//!
//! let private = Postgres::start_private()?; // a server that we may kill
//! private.kill()?;
//! private.start_again()?;
//!
//! let cluster = PostgresCluster::start(2)?; // a primary with two replicas of its own; MariaDbCluster likewise
//! cluster.primary.kill()?;
//! cluster.replicas[0].promote()?;
//! cluster.replicas[1].follow(&cluster.replicas[0])?;
//! cluster.primary.restart_read_only()?; // the old primary is back, and lies
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod certificate;
mod client;
mod cluster;
mod folder;
mod install;
mod mariadb;
mod pgbouncer;
mod poll;
mod postgres;
mod private;
mod program;
mod proxy;
mod redis;
mod server;
mod shared;
mod suite;
mod supervisor;
mod template;
mod unique;

pub use cluster::Cluster;
pub use install::{Missing, ServerKind, missing_servers};
pub use mariadb::{MariaDb, MariaDbCluster, MariaDbDatabase, MariaDbNode, MariaDbUser};
pub use pgbouncer::PgBouncer;
pub use postgres::{Postgres, PostgresCluster, PostgresDatabase, PostgresNode, PostgresRole};
pub use private::Private;
pub use proxy::{Direction, Flow, Proxy, Traffic};
pub use redis::{Redis, RedisCluster, RedisDatabase, RedisSentinel};
pub use shared::{mariadb, postgres, redis, try_mariadb, try_postgres, try_redis};
pub use suite::Suite;
