//! The temporary folder of one server: its data, socket, certificates, log and port.
//! Invariant: everything that another process needs to reach the server can be read from its folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::account::Account;
use crate::certificate::Authority;

/// Bytes of the log that an error message quotes at most.
const LOG_TAIL_BYTES_MAX: usize = 2000;

/// One server's folder. It is removed by the supervisor, not on drop.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A new folder that belongs to `account`.
    pub(crate) fn create(prefix: &str, account: Option<Account>) -> Result<Self> {
        let path = tempfile::Builder::new()
            .prefix(&format!("plexidb-{prefix}-"))
            .tempdir()
            .context("cannot create a temporary folder")?
            .keep();
        let folder = Self { path };
        if let Some(account) = account {
            account.own(&folder.path)?;
        }
        Ok(folder)
    }

    /// The folder of a server that another process has started.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub(crate) fn ca_certificate(&self) -> PathBuf {
        self.path.join("ca.pem")
    }

    pub(crate) fn stranger_ca_certificate(&self) -> PathBuf {
        self.path.join("stranger-ca.pem")
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.path.join("server.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.path.join("server-key.pem")
    }

    /// Writes a file that only the server's account (and we, as root or as that account) can read.
    pub(crate) fn write_private(&self, path: &Path, text: &str, account: Option<Account>) -> Result<()> {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .with_context(|| format!("cannot protect {}", path.display()))?;
        match account {
            Some(account) => account.own(path),
            None => Ok(()),
        }
    }

    /// Creates a folder that belongs to the server's account.
    pub(crate) fn create_folder(&self, path: &Path, account: Option<Account>) -> Result<()> {
        fs::create_dir(path).with_context(|| format!("cannot create {}", path.display()))?;
        match account {
            Some(account) => account.own(path),
            None => Ok(()),
        }
    }

    /// Issues the server's certificate from the process's authority, and writes both.
    pub(crate) fn write_certificates(&self, account: Option<Account>) -> Result<()> {
        let authority = Authority::of_this_process()?;
        let (certificate, key) = authority.issue()?;
        for (path, text) in [
            (self.ca_certificate(), authority.pem()),
            (self.stranger_ca_certificate(), authority.stranger_pem()),
            (self.certificate(), certificate.as_str()),
            (self.key(), key.as_str()),
        ] {
            self.write_private(&path, text, account)?;
        }
        Ok(())
    }

    pub(crate) fn write_port(&self, port: u16) -> Result<()> {
        fs::write(self.path.join("port"), port.to_string()).context("cannot write the server's port")
    }

    pub(crate) fn read_port(&self) -> Result<u16> {
        let file = self.path.join("port");
        let text = fs::read_to_string(&file).with_context(|| {
            format!(
                "cannot read {}: is the server that owns it still running?",
                file.display()
            )
        })?;
        text.trim()
            .parse()
            .with_context(|| format!("{} holds no port", file.display()))
    }

    /// The end of the server's log, for error messages.
    pub(crate) fn log_tail(&self) -> String {
        let mut tail = String::new();
        for name in ["server.log", "supervisor.log"] {
            let bytes = fs::read(self.path.join(name)).unwrap_or_default();
            let start = bytes.len().saturating_sub(LOG_TAIL_BYTES_MAX);
            tail.push_str(&String::from_utf8_lossy(&bytes[start..]));
        }
        tail
    }
}
