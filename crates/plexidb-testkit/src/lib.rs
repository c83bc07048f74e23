//! Every server is private to the run, lives in a temporary folder, and dies with the process that started it.
//! Must not know any plexidb crate: the drivers' tests depend on it.

mod account;
mod certificate;
mod client;
mod folder;
mod install;
mod mariadb;
mod postgres;
mod private;
mod program;
mod proxy;
mod redis;
mod server;
mod shared;
mod suite;
mod supervisor;
mod unique;

pub use install::{Missing, ServerKind, missing_servers};
pub use mariadb::{MariaDb, MariaDbDatabase};
pub use postgres::{Postgres, PostgresDatabase};
pub use private::Private;
pub use proxy::{Proxy, Traffic};
pub use redis::{Redis, RedisDatabase};
pub use shared::{mariadb, postgres, redis, try_mariadb, try_postgres, try_redis};
pub use suite::Suite;
