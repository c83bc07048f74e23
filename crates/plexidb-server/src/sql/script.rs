//! Scripts into statements and the shell's own commands.
//!
//! A command begins with a backslash where a statement would begin, and ends with its line. A script is read as a
//! whole before its first statement runs.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plexidb::{Dialect, StatementEnd, split_statements};

use crate::failure;

#[cfg(test)]
mod tests;

/// The most bytes of one script.
const SCRIPT_BYTES_MAX: u64 = 256 << 20;

/// A part of a script that is run on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'s> {
    Statement(&'s str),
    /// A command of the shell, its backslash included.
    Command(&'s str),
}

/// What is to be run without a terminal: the texts of `-c`, else the files of `-f`, else standard input.
///
/// # Errors
///
/// A file that cannot be read.
pub(super) fn collect(commands: &[String], files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    if !commands.is_empty() {
        return Ok(commands.to_vec());
    }
    let standard_input = [PathBuf::from("-")];
    let files = if files.is_empty() { &standard_input } else { files };
    files.iter().map(|path| read(path)).collect()
}

/// Reads a script; `-` is standard input.
///
/// # Errors
///
/// It cannot be read, is too large, or is not UTF-8.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    if path.as_os_str() == "-" {
        return text(io::stdin().lock(), "standard input");
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| failure::usage(format!("cannot read {name}: {error}")))?;
    text(file, &name)
}

fn text(source: impl io::Read, name: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    source
        .take(SCRIPT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > SCRIPT_BYTES_MAX {
        let limit_mib = SCRIPT_BYTES_MAX >> 20;
        return Err(failure::usage(format!(
            "{name} has more than {limit_mib} MiB; split it into several scripts"
        )));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| failure::usage(format!("{name} is not UTF-8; convert it first")))?;
    // Editors of Windows put a byte order mark in front.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The statements and commands of a script, in order.
pub(super) fn pieces(script: &str, dialect: Dialect) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = script;
    'rest: loop {
        for statement in split_statements(rest, dialect) {
            let text = statement.text(rest);
            if text.starts_with('\\') {
                let from = rest.get(statement.range.start..).unwrap_or_default();
                let line = from.lines().next().unwrap_or_default();
                pieces.push(Piece::Command(line.trim_end()));
                rest = from.get(line.len()..).unwrap_or_default();
                continue 'rest;
            }
            pieces.push(Piece::Statement(text));
        }
        return pieces;
    }
}

/// Whether a person at the shell has finished: the last statement has its delimiter, or the text is a command.
pub(super) fn is_finished(text: &str, dialect: Dialect) -> bool {
    let trimmed = text.trim();
    if trimmed.starts_with('\\') || trimmed.is_empty() {
        return true;
    }
    if dialect == Dialect::MySql
        && trimmed
            .get(..9)
            .is_some_and(|word| word.eq_ignore_ascii_case("delimiter"))
    {
        // Another delimiter holds for one input only, so the input must bring the usual one back.
        let last = trimmed.lines().last().unwrap_or_default();
        return last
            .trim_end()
            .to_ascii_lowercase()
            .split_whitespace()
            .eq(["delimiter", ";"]);
    }
    split_statements(text, dialect)
        .last()
        .is_none_or(|statement| statement.end == StatementEnd::Delimiter)
}
