//! Runs a server's own command line client: the oracle that the drivers are compared with.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

/// Runs `command`, feeds it `input`, and returns what it printed without the last line break.
///
/// # Errors
/// Where the client cannot be started or ends with an error; the message is the client's own.
pub(crate) fn run(command: &mut Command, input: &str) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let stdin = process.stdin.take();
    let output = thread::scope(|scope| {
        // Written from a thread of its own: a client that answers before it has read all would block us for ever.
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A client that stops at an error closes its input; its own message says more than this one.
                let _ = stdin.write_all(input.as_bytes());
            }
        });
        process.wait_with_output()
    })
    .with_context(|| format!("cannot read the answer of {name}"))?;
    if !output.status.success() {
        bail!(
            "{name} failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let mut text = String::from_utf8(output.stdout)
        .with_context(|| format!("{name} printed bytes that are not UTF-8"))?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

/// Runs a helper of the server (as `initdb`) that needs no input.
pub(crate) fn run_quietly(words: &[std::ffi::OsString]) -> Result<()> {
    let Some((program, arguments)) = words.split_first() else {
        bail!("an empty command line")
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir("/").env("LC_ALL", "C");
    run(&mut command, "").map(drop)
}
