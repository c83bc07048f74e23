//! The process that stands beside each server and outlives its owner: it kills the server and removes its folder as soon as
//! the pipe from the owner closes, however the owner ended (return, panic, Ctrl-C, SIGKILL).
//! Invariant: a supervisor is in a process group of its own, so no signal to the owner's group reaches it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

const SCRIPT: &str = include_str!("supervisor.sh");

/// What a supervisor is told to do with its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Start,
    Stop,
    Kill,
    Pause,
    Resume,
    Alive,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Alive => "alive",
        }
    }
}

/// Names of the signals that end a server: in good order, and quickly, when its data are about to be removed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndSignals {
    pub(crate) graceful: &'static str,
    pub(crate) quick: &'static str,
}

/// A running supervisor. Dropping it ends its server and waits until the folder is gone.
#[derive(Debug)]
pub(crate) struct Supervisor {
    process: Child,
    pipes: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

impl Supervisor {
    /// Starts a supervisor over `folder`; the server itself starts with [`Verb::Start`].
    pub(crate) fn over(folder: &Path, signals: EndSignals, command_line: &[OsString]) -> Result<Self> {
        let errors: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join("supervisor.log"))
            .context("cannot create the supervisor's log")?;
        // A file rather than `sh -c`, so that the list of processes stays readable.
        let script = folder.join("supervisor.sh");
        fs::write(&script, SCRIPT).context("cannot write the supervisor's script")?;
        let mut process = Command::new("/bin/sh")
            .arg(script)
            .arg(folder)
            .args([signals.graceful, signals.quick])
            .args(command_line)
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .process_group(0)
            .spawn()
            .context("cannot start /bin/sh")?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let pipes = pipes.map(|(input, output)| (input, BufReader::new(output)));
        Ok(Self {
            process,
            pipes: Mutex::new(pipes),
        })
    }

    /// Carries out `verb`; the result tells whether the server is (still) there.
    pub(crate) fn order(&self, verb: Verb) -> Result<bool> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((input, output)) = pipes.as_mut() else {
            bail!("the supervisor has ended")
        };
        writeln!(input, "{}", verb.word()).context("the supervisor does not listen")?;
        let mut reply = String::new();
        output
            .read_line(&mut reply)
            .context("the supervisor does not answer")?;
        match reply.trim() {
            "ok" => Ok(true),
            "dead" => Ok(false),
            other => bail!("the supervisor answered {other:?} to {}", verb.word()),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Nothing is left to do about a supervisor that cannot be waited for.
        let _ = self.process.wait();
    }
}
