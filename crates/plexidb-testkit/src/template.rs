//! Data that no server has run on yet, made once and copied for each private server: to make them takes seconds, to copy them a
//! fraction of one.
//! Invariant: no server ever runs on a template; it goes with the process, or with the shared server that left it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};

use crate::account::{self, Account};
use crate::client;
use crate::folder::Folder;
use crate::server::Server;
use crate::supervisor::Supervisor;

/// The place for the template of one kind of server in this process.
pub(crate) type Slot = OnceLock<Result<Template, String>>;

/// The data of a new server in a folder of their own, and the process that removes it after ours has ended. Servers that are
/// made from it share what marks a server's data, such as PostgreSQL's system identifier.
pub(crate) struct Template {
    folder: Folder,
    _remover: Supervisor,
}

/// Gives `folder` the data of a new server.
pub(crate) fn fill<S: Server>(folder: &Folder, account: Option<Account>) -> Result<()> {
    let Some(slot) = S::template() else {
        return S::create_data(folder, account);
    };
    let left = env::var_os(S::VARIABLE).map(|path| left_in(&Folder::at(PathBuf::from(path))));
    let left = left.filter(|template| template.is_dir());
    let from = match left {
        Some(left) => left,
        None => {
            let own = slot.get_or_init(|| create::<S>(account).map_err(|error| format!("{error:#}")));
            own.as_ref()
                .map_err(|message| anyhow!("{message}"))?
                .folder
                .data()
        }
    };
    copy(&from, &folder.data(), account)
}

/// As [`fill`], for a server that is shared: the processes that use it find the template in its folder.
pub(crate) fn fill_and_leave<S: Server>(folder: &Folder, account: Option<Account>) -> Result<()> {
    S::create_data(folder, account)?;
    match S::template() {
        Some(_) => copy(&folder.data(), &left_in(folder), account),
        None => Ok(()),
    }
}

fn create<S: Server>(account: Option<Account>) -> Result<Template> {
    let folder = Folder::create(&format!("template-{}", S::KIND.name().to_lowercase()), account)?;
    // Never told to start anything.
    let remover = Supervisor::over(folder.path(), S::END_SIGNALS, &[])?;
    S::furnish(&folder, account)?;
    S::create_data(&folder, account)?;
    Ok(Template {
        folder,
        _remover: remover,
    })
}

fn left_in(folder: &Folder) -> PathBuf {
    folder.path().join("template")
}

fn copy(from: &Path, to: &Path, account: Option<Account>) -> Result<()> {
    let mut words: Vec<OsString> = account::prefix(account)?;
    words.extend(["cp".into(), "-a".into(), from.into(), to.into()]);
    client::run_quietly(&words).context("cannot copy the data of a new server")
}
