//! Settings of a connection that no URL form has in common.

use std::time::Duration;

/// How connections are made, whatever the database.
///
/// What a URL says of the same thing (`connect_timeout`) goes before these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectOptions {
    /// The longest that making a connection may take, from resolving the host to the first settings of the
    /// session. Default 10 s; zero means no bound.
    pub connect_timeout: Duration,
    /// The most prepared statements that a connection keeps; the one that was used longest ago goes first.
    /// Default 256; zero prepares each statement anew.
    pub statement_cache_size: usize,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            statement_cache_size: 256,
        }
    }
}
