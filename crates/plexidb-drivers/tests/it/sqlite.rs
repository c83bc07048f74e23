//! SQLite through the ports.
