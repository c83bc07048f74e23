//! `plexidb sql` without a terminal.

mod failures;
mod formats;
mod scripts;
mod servers;
mod transactions;
