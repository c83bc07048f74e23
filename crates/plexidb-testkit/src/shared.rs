//! The servers that all tests of a run share: those which `cargo xtask test` has started, or, under a plain `cargo test`, one
//! of each kind per process, started when first asked for. They end with the process that started them.

use std::env;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};

use crate::folder::Folder;
use crate::mariadb::MariaDb;
use crate::postgres::Postgres;
use crate::private::{self, Private};
use crate::redis::Redis;
use crate::server::Server;

/// A shared server: somebody else's, or our own. Statics are never dropped; the supervisor sees the process end.
enum Shared<S> {
    Attached(S),
    Started(Private<S>),
}

impl<S: Server> Shared<S> {
    fn obtain() -> Result<Self> {
        let Some(path) = env::var_os(S::VARIABLE) else {
            return Ok(Self::Started(private::start(&[])?));
        };
        let server = S::attach(Folder::at(PathBuf::from(&path)))
            .with_context(|| format!("{} = {} is of no use", S::VARIABLE, path.display()))?;
        Ok(Self::Attached(server))
    }

    fn server(&self) -> &S {
        match self {
            Self::Attached(server) => server,
            Self::Started(private) => private,
        }
    }
}

type Slot<S> = OnceLock<Result<Shared<S>, String>>;

fn shared<S: Server>(slot: &'static Slot<S>) -> Result<&'static S> {
    let result = slot.get_or_init(|| Shared::obtain().map_err(|error| format!("{error:#}")));
    result
        .as_ref()
        .map(Shared::server)
        .map_err(|message| anyhow!("{message}"))
}

/// The shared PostgreSQL server.
///
/// # Errors
/// Where it is not installed or does not start; the message says what to do.
pub fn try_postgres() -> Result<&'static Postgres> {
    static SLOT: Slot<Postgres> = OnceLock::new();
    shared(&SLOT)
}

/// The shared MariaDB server.
///
/// # Errors
/// Where it is not installed or does not start; the message says what to do.
pub fn try_mariadb() -> Result<&'static MariaDb> {
    static SLOT: Slot<MariaDb> = OnceLock::new();
    shared(&SLOT)
}

/// The shared Redis server.
///
/// # Errors
/// Where it is not installed or does not start; the message says what to do.
pub fn try_redis() -> Result<&'static Redis> {
    static SLOT: Slot<Redis> = OnceLock::new();
    shared(&SLOT)
}

/// The shared PostgreSQL server.
///
/// # Panics
/// Where [`try_postgres`] fails: a test cannot go on without it.
#[track_caller]
pub fn postgres() -> &'static Postgres {
    or_panic(try_postgres())
}

/// The shared MariaDB server.
///
/// # Panics
/// Where [`try_mariadb`] fails: a test cannot go on without it.
#[track_caller]
pub fn mariadb() -> &'static MariaDb {
    or_panic(try_mariadb())
}

/// The shared Redis server.
///
/// # Panics
/// Where [`try_redis`] fails: a test cannot go on without it.
#[track_caller]
pub fn redis() -> &'static Redis {
    or_panic(try_redis())
}

#[track_caller]
fn or_panic<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error:#}"),
    }
}
