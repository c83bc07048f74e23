//! The contract between a kind of server and the code that starts, supervises and shares it.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use crate::account::Account;
use crate::folder::Folder;
use crate::install::ServerKind;
use crate::supervisor::EndSignals;
use crate::template::Slot;

/// The steps of a start, from an empty folder to a server that answers.
pub(crate) trait Server: Sized + Send + Sync + 'static {
    /// Which server it is.
    const KIND: ServerKind;
    /// Accounts to try when we are root.
    const ACCOUNTS: &'static [&'static str];
    /// The environment variable that names the folder of a server that is already running.
    const VARIABLE: &'static str;
    /// How the server is told to end; neither signal may wait for its clients to leave.
    const END_SIGNALS: EndSignals;

    /// Puts into the folder what stands beside the data: certificates, the first users.
    fn furnish(folder: &Folder, account: Option<Account>) -> Result<()>;

    /// Creates the data of a new, empty server in a furnished folder.
    fn create_data(folder: &Folder, account: Option<Account>) -> Result<()>;

    /// Where this process keeps data that it has created, to copy them; `None` where there is nothing to copy.
    fn template() -> Option<&'static Slot>;

    /// The command line that serves the folder on `port`, without the change of account.
    fn command_line(folder: &Folder, port: u16) -> Result<Vec<OsString>>;

    /// The handle of the server in `folder`, which need not answer yet.
    fn attach(folder: Folder) -> Result<Self>;

    /// One question to the server through its own client.
    fn ping(&self) -> Result<()>;

    /// The server's folder.
    fn folder(&self) -> &Path;
}
