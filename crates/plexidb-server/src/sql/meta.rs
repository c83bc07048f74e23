//! The shell's own commands: what follows a backslash.

use std::path::PathBuf;

#[cfg(test)]
mod tests;

/// A command of the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `\d`, `\dt`, `\dv`
    List(Listing),
    /// `\d NAME`
    Describe(String),
    /// `\explain SQL`
    Explain(String),
    /// `\timing [on|off]`
    Timing(Option<bool>),
    /// `\x [on|off]`
    Expanded(Option<bool>),
    /// `\cache`
    Cache,
    /// `\clear`
    Clear,
    /// `\refresh`
    Refresh,
    /// `\i FILE`
    Include(PathBuf),
    /// `\?`
    Help,
    /// `\q`
    Quit,
}

/// Which relations are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    All,
    Tables,
    Views,
}

/// What `\?` prints, without the last line end.
pub(super) const HELP: &str = "\
\\d              tables and views              \\dt   tables only    \\dv   views only
\\d NAME         columns, keys and foreign keys of a table or view
\\explain SQL    whether the result may be cached, why not, and what it depends on; nothing is run
\\cache          what the cache did so far
\\clear          drop everything that is cached
\\refresh        read the schema anew, after changes that did not pass through plexidb
\\timing on|off  tell time and origin of each result
\\x on|off       a line for each column instead of a table
\\i FILE         run the statements of a file
\\q              leave; so does Ctrl-D

A statement ends with a semicolon; Ctrl-C cancels it. BEGIN, COMMIT, ROLLBACK and SAVEPOINT work as usual.";

/// The commands' names, for completion.
pub(super) const NAMES: &[&str] = &[
    "\\d",
    "\\dt",
    "\\dv",
    "\\explain",
    "\\cache",
    "\\clear",
    "\\refresh",
    "\\timing",
    "\\x",
    "\\i",
    "\\?",
    "\\q",
];

/// Reads a command, its backslash included.
///
/// # Errors
///
/// What is wrong with it, for the user.
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim().trim_end_matches(';').trim_end();
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let argument = argument.trim();
    let wants = |what: &str| Err(format!("{name} wants {what}; \\? lists the commands"));
    let command = match (name, argument) {
        ("\\d" | "\\dt" | "\\dv", name) if !name.is_empty() => Command::Describe(name.to_owned()),
        ("\\d", _) => Command::List(Listing::All),
        ("\\dt", _) => Command::List(Listing::Tables),
        ("\\dv", _) => Command::List(Listing::Views),
        ("\\explain" | "\\e", "") => return wants("a statement"),
        ("\\explain" | "\\e", sql) => Command::Explain(sql.to_owned()),
        ("\\timing", word) => Command::Timing(switch(name, word)?),
        ("\\x", word) => Command::Expanded(switch(name, word)?),
        ("\\i", "") => return wants("a file"),
        ("\\i", path) => Command::Include(PathBuf::from(path)),
        (_, extra) if !extra.is_empty() && NAMES.contains(&name) => return wants("nothing after it"),
        ("\\cache", _) => Command::Cache,
        ("\\clear", _) => Command::Clear,
        ("\\refresh", _) => Command::Refresh,
        ("\\?" | "\\h" | "\\help", _) => Command::Help,
        ("\\q" | "\\quit" | "\\exit", _) => Command::Quit,
        _ => return Err(format!("there is no command {name}; \\? lists them")),
    };
    Ok(command)
}

/// `on`, `off`, or nothing, which switches over.
fn switch(name: &str, word: &str) -> Result<Option<bool>, String> {
    match word.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "on" => Ok(Some(true)),
        "off" => Ok(Some(false)),
        _ => Err(format!("{name} wants on or off")),
    }
}
