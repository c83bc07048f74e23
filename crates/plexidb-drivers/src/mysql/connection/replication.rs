//! The exchange that asks a server about its part in a replication.
//!
//! Invariant: a user without the right to ask for everything is refused once a connection, and gets the rest.

use plexidb_core::{DriverError, ReplicationState};

use super::MySqlConnection;
use crate::mysql::{failure, replication};

impl MySqlConnection {
    pub(super) async fn read_replication(&mut self) -> Result<ReplicationState, DriverError> {
        self.begin()?;
        let vendor = self.session.vendor;
        let mut asked = replication::ask(&mut self.link, vendor, self.may_ask_for_sources).await;
        if matches!(&asked, Err(error) if self.may_ask_for_sources && failure::is_no_right(error)) {
            self.may_ask_for_sources = false;
            asked = replication::ask(&mut self.link, vendor, false).await;
        }
        match asked {
            Ok(answers) => {
                self.settle();
                replication::assemble(vendor, &answers, &self.dialer.settings().target)
            }
            Err(error) => Err(self.fail(error, true).await),
        }
    }
}
