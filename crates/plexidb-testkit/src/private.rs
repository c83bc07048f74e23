//! A server that belongs to one test, which may kill, pause and restart it; the shared servers start the same way.
//! Invariant: `start` returns only when the server has answered its own client; dropping it removes every trace.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Deref;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::account::{self, Account};
use crate::folder::Folder;
use crate::server::Server;
use crate::supervisor::{Supervisor, Verb};
use crate::template;

/// Longest wait for a server to answer after it was started.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause between two questions whether a starting server answers.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Attempts to find a free port: another process can take it between our look and the server's bind.
const PORT_ATTEMPTS: usize = 3;

/// A private server of kind `S` that is ended, and its folder removed, on drop or when this process dies.
#[derive(Debug)]
pub struct Private<S> {
    server: S,
    supervisor: Supervisor,
    folder: Folder,
    account: Option<Account>,
    ping: fn(&S) -> Result<()>,
}

/// Creates the data of a server in its folder, as the account that is to own them.
pub(crate) type CreateData<'a> = &'a (dyn Fn(&Folder, Option<Account>) -> Result<()> + Sync);

impl<S> Deref for Private<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.server
    }
}

/// Starts a server in a new folder, with `extra` words at the end of its command line.
pub(crate) fn start<S: Server>(extra: &[&str]) -> Result<Private<S>> {
    start_on_data(extra, &template::fill::<S>)
}

/// Starts a server for many processes.
pub(crate) fn start_shared<S: Server>() -> Result<Private<S>> {
    start_on_data(&[], &template::fill_and_leave::<S>)
}

/// As [`start`], on data that `create_data` puts into the folder.
pub(crate) fn start_on_data<S: Server>(extra: &[&str], create_data: CreateData<'_>) -> Result<Private<S>> {
    if let Some(missing) = S::KIND.missing() {
        return Err(missing.into());
    }
    let started = (1..=PORT_ATTEMPTS).find_map(|attempt| match start_on_a_free_port(extra, create_data) {
        Err(error) if attempt < PORT_ATTEMPTS && format!("{error:#}").contains("in use") => None,
        result => Some(result),
    });
    match started {
        Some(result) => result.with_context(|| format!("cannot start {}", S::KIND.name())),
        None => bail!("cannot start {}: no free port", S::KIND.name()),
    }
}

fn start_on_a_free_port<S: Server>(extra: &[&str], create_data: CreateData<'_>) -> Result<Private<S>> {
    let account = Account::for_server(S::ACCOUNTS)?;
    let folder = Folder::create(&S::KIND.name().to_lowercase(), account)?;
    let port = free_port()?;
    folder.write_port(port)?;
    let mut words = account::prefix(account)?;
    words.extend(S::command_line(&folder, port)?);
    words.extend(extra.iter().map(OsString::from));
    // The supervisor comes before the first file of the server, so that no failure leaves the folder behind.
    let supervisor = Supervisor::over(folder.path(), S::END_SIGNALS, &words)?;
    S::furnish(&folder, account)?;
    create_data(&folder, account)?;
    let server = S::attach(folder.clone())?;
    let private = Private {
        server,
        supervisor,
        folder,
        account,
        ping: S::ping,
    };
    private.start_again()?;
    Ok(private)
}

impl<S> Private<S> {
    /// Ends the server's processes at once, as a crash or a power cut would. Its data stay; see [`Private::start_again`].
    ///
    /// # Errors
    /// Where the supervisor is gone.
    pub fn kill(&self) -> Result<()> {
        self.supervisor.order(Verb::Kill).map(drop)
    }

    /// Shuts the server down in good order; open connections are told. Its data stay.
    ///
    /// # Errors
    /// Where the supervisor is gone.
    pub fn stop(&self) -> Result<()> {
        self.supervisor.order(Verb::Stop).map(drop)
    }

    /// Freezes all of the server's processes: connections stay open, nothing answers.
    ///
    /// # Errors
    /// Where the supervisor is gone.
    pub fn pause(&self) -> Result<()> {
        self.supervisor.order(Verb::Pause).map(drop)
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    /// Where the supervisor is gone.
    pub fn resume(&self) -> Result<()> {
        self.supervisor.order(Verb::Resume).map(drop)
    }

    /// Starts a killed or stopped server on the same port and the same data, and waits until it answers.
    ///
    /// # Errors
    /// Where the server ends instead, or does not answer within 60 s; the message quotes its log.
    pub fn start_again(&self) -> Result<()> {
        self.supervisor.order(Verb::Start)?;
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let Err(refusal) = (self.ping)(&self.server) else {
                return Ok(());
            };
            if !self.supervisor.order(Verb::Alive)? {
                bail!(
                    "the server ended during its start; its log says:\n{}",
                    self.folder.log_tail()
                );
            }
            if Instant::now() > deadline {
                let log = self.folder.log_tail();
                bail!("no answer within {START_TIMEOUT:?} ({refusal:#}); the server's log says:\n{log}");
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Shuts the server down in good order and starts it again.
    ///
    /// # Errors
    /// As [`Private::start_again`].
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start_again()
    }

    /// Ends the server's processes and puts other data into its folder; [`Private::start_again`] serves them.
    pub(crate) fn replace_data(&self, create_data: CreateData<'_>) -> Result<()> {
        self.kill()?;
        let data = self.folder.data();
        fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))?;
        create_data(&self.folder, self.account)
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn account(&self) -> Option<Account> {
        self.account
    }

    /// Whether the server's process exists, paused or not.
    ///
    /// # Errors
    /// Where the supervisor is gone.
    pub fn is_running(&self) -> Result<bool> {
        self.supervisor.order(Verb::Alive)
    }
}

/// A port of 127.0.0.1 that nothing listens on at this moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot open a port")?;
    Ok(listener
        .local_addr()
        .context("cannot read a port's number")?
        .port())
}
