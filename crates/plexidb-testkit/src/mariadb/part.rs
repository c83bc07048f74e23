//! The part that a server plays among others, in its configuration file: what is set live would not survive a restart.

use std::path::PathBuf;

use anyhow::Result;

use crate::account::Account;
use crate::folder::Folder;

/// Who a server is and whether it takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Marks the transactions that began here. A replica skips those that bear its own.
    pub(super) server_id: u32,
    /// Refuses the writes of users without the privilege `READ_ONLY ADMIN`.
    pub(super) read_only: bool,
}

impl Part {
    /// The part of a server without replicas.
    pub(super) fn of_a_single_server() -> Self {
        Self {
            server_id: 1,
            read_only: false,
        }
    }

    /// The configuration file, read at each start.
    pub(super) fn file_in(folder: &Folder) -> PathBuf {
        folder.path().join("server.cnf")
    }

    /// Puts the part into the configuration file, from where it counts at the next start.
    pub(super) fn write(self, folder: &Folder, account: Option<Account>) -> Result<()> {
        let Self { server_id, read_only } = self;
        let text = format!(
            "[mariadbd]\nserver-id = {server_id}\nread-only = {}\n",
            u8::from(read_only)
        );
        folder.write_private(&Self::file_in(folder), &text, account)
    }
}
