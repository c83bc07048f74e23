//! The exchange that asks a server about its part in a replication.
//!
//! Invariant: a user without the right to ask for everything is refused once a connection, and gets the rest.

use plexidb_core::{DriverError, ReplicationState};

use super::MySqlConnection;
use crate::mysql::replication;

impl MySqlConnection {
    pub(super) async fn read_replication(&mut self) -> Result<ReplicationState, DriverError> {
        self.begin()?;
        let vendor = self.session.vendor;
        let asked = replication::ask(&mut self.link, vendor, self.may_ask_for_sources).await;
        let answers = match asked {
            Ok((answers, None)) => {
                self.settle();
                answers
            }
            Ok((answers, Some(_no_right))) => {
                self.may_ask_for_sources = false;
                self.refresh().await;
                answers
            }
            Err(error) => return Err(self.fail(error, true).await),
        };
        replication::assemble(vendor, &answers, &self.dialer.settings().target)
    }
}
