//! The drivers as a caller sees them: real files, real servers.

#[cfg(feature = "sqlite")]
mod sqlite;
mod url;
