//! A numbered database of one test on a shared or private Redis server.

use anyhow::{Context, Result, ensure};

use super::{DATABASES, Redis};

/// The counter in database 0 by which all processes of a run agree on who has which number.
const COUNTER_KEY: &str = "plexidb-testkit:last-database";

/// A numbered database that no other test of this run uses. Dropping the handle flushes it.
#[derive(Debug)]
pub struct RedisDatabase<'a> {
    server: &'a Redis,
    number: u32,
}

impl<'a> RedisDatabase<'a> {
    pub(super) fn create(server: &'a Redis) -> Result<Self> {
        let answer = server.try_client(&["INCR", COUNTER_KEY])?;
        let number: u32 = answer
            .parse()
            .with_context(|| format!("Redis answered {answer:?} to INCR"))?;
        ensure!(
            number < DATABASES,
            "all {DATABASES} databases of the test server have been used"
        );
        Ok(Self { server, number })
    }

    /// The database's number, for `SELECT`.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The server that it is on.
    pub fn server(&self) -> &'a Redis {
        self.server
    }

    /// URL over TCP.
    pub fn url(&self) -> String {
        self.server.url_of(self.number)
    }

    /// URL over the Unix socket.
    pub fn url_unix(&self) -> String {
        self.server.url_unix_of(self.number)
    }

    /// Runs one command with redis-cli in this database; see [`Redis::client`].
    ///
    /// # Panics
    /// Where redis-cli fails.
    #[track_caller]
    pub fn client(&self, words: &[&str]) -> String {
        match self.try_client(words) {
            Ok(text) => text,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// As [`RedisDatabase::client`], with the failure as a value.
    ///
    /// # Errors
    /// redis-cli's own message.
    pub fn try_client(&self, words: &[&str]) -> Result<String> {
        self.server.redis_cli(self.number, words)
    }
}

impl Drop for RedisDatabase<'_> {
    fn drop(&mut self) {
        // A server that a test has killed has lost the keys already.
        let _ = self.try_client(&["FLUSHDB"]);
    }
}
