//! The operating system account that a server runs as: PostgreSQL and MariaDB refuse to run as root.
//! Invariant: a server never has more rights than the process that started it.

use std::ffi::OsString;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use crate::program;

/// Numeric user and group that a server's files belong to and that its processes run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The first of `names` that exists, where we are root; `None` where we are an ordinary user and stay ourselves.
    pub(crate) fn for_server(names: &[&str]) -> Result<Option<Self>> {
        if !is_root()? {
            return Ok(None);
        }
        for name in names {
            if let (Ok(user), Ok(group)) = (id(&["-u", name]), id(&["-g", name])) {
                return Ok(Some(Self { user, group }));
            }
        }
        bail!(
            "we run as root, the server must not, and none of the accounts {} exists: install the server's package, \
             which creates its account, or run the tests as an ordinary user",
            names.join(", ")
        )
    }

    /// Hands a file or folder over to this account.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        chown(path, Some(self.user), Some(self.group))
            .with_context(|| format!("cannot give {} to user {}", path.display(), self.user))
    }
}

/// The words that start a program under `account`, to be put in front of its command line.
///
/// Where `setpriv` exists (Linux), the program also gets SIGKILL when its parent dies, so that even a supervisor that is
/// killed hard leaves no server behind.
pub(crate) fn prefix(account: Option<Account>) -> Result<Vec<OsString>> {
    let setpriv = program::find(&["setpriv"]);
    let mut words: Vec<OsString> = Vec::new();
    match (setpriv, account) {
        (Some(setpriv), account) => {
            words.push(setpriv.into());
            words.extend(["--pdeathsig", "KILL"].map(OsString::from));
            if let Some(Account { user, group }) = account {
                words.push(format!("--reuid={user}").into());
                words.push(format!("--regid={group}").into());
                words.push("--clear-groups".into());
            }
            words.push("--".into());
        }
        (None, None) => {}
        (None, Some(_)) => {
            bail!("setpriv (package util-linux) is needed to start a server as root under its own account")
        }
    }
    Ok(words)
}

fn is_root() -> Result<bool> {
    static ROOT: OnceLock<bool> = OnceLock::new();
    if let Some(root) = ROOT.get() {
        return Ok(*root);
    }
    let root = id(&["-u"])? == 0;
    Ok(*ROOT.get_or_init(|| root))
}

fn id(arguments: &[&str]) -> Result<u32> {
    let output = Command::new("id")
        .args(arguments)
        .output()
        .context("cannot run `id`")?;
    if !output.status.success() {
        bail!("`id {}` failed", arguments.join(" "));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .with_context(|| format!("`id {}` answered {text:?}", arguments.join(" ")))
}
