//! The process of a node: started, told what to do, stopped for a while, killed.
//!
//! Invariant: it does not outlive this.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command as Program, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::event::{Command, Event, Orders};
use super::history::History;

/// The subcommand of the program that runs a node.
const SUBCOMMAND: &str = "node";

/// The process of a node.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    answers: Receiver<Event>,
    listener: Option<JoinHandle<()>>,
}

impl Process {
    pub(super) fn start(program: &Path, orders: &Orders, history: &Arc<History>) -> Result<Self> {
        let mut child = Program::new(program)
            .arg(SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let input = child.stdin.take().context("no input")?;
        let output = BufReader::new(child.stdout.take().context("no output")?);
        let (sender, answers) = channel();
        let (history, node) = (Arc::clone(history), orders.node);
        let listener = std::thread::spawn(move || {
            for line in output.lines() {
                let Ok(line) = line else { break };
                // The last line of a process that was killed may be half of one.
                let Ok(event) = serde_json::from_str(&line) else {
                    break;
                };
                if let Some(answer) = history.note(node, event)
                    && sender.send(answer).is_err()
                {
                    break;
                }
            }
        });
        let mut process = Self {
            child,
            input,
            answers,
            listener: Some(listener),
        };
        process.send(&serde_json::to_string(orders)?)?;
        Ok(process)
    }

    fn send(&mut self, line: &str) -> Result<()> {
        let line = format!("{line}\n");
        self.input.write_all(line.as_bytes()).context("a node is gone")
    }

    /// Gives a command and waits for its answer.
    pub(super) fn ask(&mut self, command: Command, patience: Duration) -> Result<Event> {
        self.send(&serde_json::to_string(&command)?)?;
        loop {
            match self.answers.recv_timeout(patience) {
                Ok(Event::Ready) => {}
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) => bail!("no answer to {command:?} within {patience:?}"),
                Err(RecvTimeoutError::Disconnected) => bail!("a node has died: {:?}", self.child.try_wait()),
            }
        }
    }

    /// How it ended, if it has.
    pub(super) fn end(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()?;
        status.map(|status| status.to_string())
    }

    /// Ends it at once, as a crash does. All that it has told is noted then.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.child.kill().context("cannot kill a node")?;
        self.child.wait().context("cannot wait for a node")?;
        if let Some(listener) = self.listener.take()
            && listener.join().is_err()
        {
            bail!("the listener of a node panicked");
        }
        Ok(())
    }

    pub(super) fn stop(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    pub(super) fn go_on(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.child), signal).context("cannot signal a node")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
