//! `plexidb man`: the manual page.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::Cli;

/// Print the manual page, or that of a subcommand
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  plexidb man | man -l -
  plexidb man demo > ~/.local/share/man/man1/plexidb-demo.1")]
pub(crate) struct Args {
    /// The subcommand; without one, the program's own page
    subcommand: Option<String>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut page = Vec::new();
    Man::new(command(args.subcommand.as_deref())?).render(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(ExitCode::SUCCESS)
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
