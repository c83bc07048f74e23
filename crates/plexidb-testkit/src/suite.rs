//! All servers at once, for a whole test run: what `cargo xtask test` starts before cargo and ends after it.

use std::ffi::OsString;
use std::thread;

use anyhow::{Result, anyhow};

use crate::mariadb::MariaDb;
use crate::postgres::Postgres;
use crate::private::{self, Private};
use crate::redis::Redis;
use crate::server::Server;

/// PostgreSQL, MariaDB and Redis, running. They end on drop, or with this process.
#[derive(Debug)]
pub struct Suite {
    postgres: Private<Postgres>,
    mariadb: Private<MariaDb>,
    redis: Private<Redis>,
}

impl Suite {
    /// Starts the three in parallel.
    ///
    /// # Errors
    /// Where one is not installed or does not start; those already up are ended.
    pub fn start() -> Result<Self> {
        thread::scope(|scope| {
            let postgres = scope.spawn(private::start_shared::<Postgres>);
            let mariadb = scope.spawn(private::start_shared::<MariaDb>);
            let redis = scope.spawn(private::start_shared::<Redis>);
            let (postgres, mariadb, redis) = (postgres.join(), mariadb.join(), redis.join());
            let panicked = |_| anyhow!("a thread that starts a server panicked");
            Ok(Self {
                postgres: postgres.map_err(panicked)??,
                mariadb: mariadb.map_err(panicked)??,
                redis: redis.map_err(panicked)??,
            })
        })
    }

    /// The variables by which [`crate::postgres`], [`crate::mariadb`] and [`crate::redis`] of a child process find the servers.
    pub fn environment(&self) -> [(&'static str, OsString); 3] {
        [
            variable(&*self.postgres),
            variable(&*self.mariadb),
            variable(&*self.redis),
        ]
    }
}

fn variable<S: Server>(server: &S) -> (&'static str, OsString) {
    (S::VARIABLE, server.folder().into())
}
