//! The SQLite driver behind core's ports, on rusqlite with the bundled library.
//!
//! Where a statement runs: inline on the caller's task where it is known to be quick and to wait for no disk, since a hop
//! to a thread costs twenty times a point read; else on a thread of tokio's blocking pool, with the connection moved.
//! Invariant: a future dropped half-way never stops a write; it ends on its thread, then its connection is closed.

mod alteration;
mod bind;
mod canceller;
mod catalog;
mod cell;
mod commits;
mod connection;
mod connector;
mod cursor;
mod error;
mod keyword;
mod open;
mod profile;
mod registry;
mod run;
mod session;
mod settings;
mod signals;
mod write_back;

pub(crate) use connector::SqliteConnector;
