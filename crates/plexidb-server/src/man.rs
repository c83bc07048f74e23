//! `plexidb man`: the manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::Cli;

/// Print the manual page, that of a subcommand, or write them all
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  plexidb man | man -l -
  plexidb man sql > ~/.local/share/man/man1/plexidb-sql.1
  plexidb man --out ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// The subcommand; without one, the program's own page
    subcommand: Option<String>,
    /// Write the pages of the program and of all its subcommands to this folder, made where it is missing
    #[arg(long, value_name = "DIR", conflicts_with = "subcommand")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.out {
        Some(folder) => write_all(&folder)?,
        None => {
            let page = page(command(args.subcommand.as_deref())?)?;
            io::stdout().write_all(&page)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write_all(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let root = command(None)?;
    let subcommands = root
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help");
    let pages = subcommands
        .cloned()
        .map(|command| (format!("plexidb-{}.1", command.get_name()), command));
    for (name, command) in pages.chain([("plexidb.1".to_owned(), root.clone())]) {
        let path = folder.join(name);
        fs::write(&path, page(command)?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}

fn command(subcommand: Option<&str>) -> anyhow::Result<Command> {
    let mut root = Cli::command();
    root.build();
    let Some(name) = subcommand else { return Ok(root) };
    let found = root
        .get_subcommands()
        .find(|command| command.get_name() == name)
        .cloned();
    found.ok_or_else(|| {
        crate::failure::usage(format!(
            "there is no subcommand \"{name}\"; `plexidb --help` lists them"
        ))
    })
}
