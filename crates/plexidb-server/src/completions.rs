//! `plexidb completions`: the completion script of a shell.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;

/// Print the completion script of a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  plexidb completions bash > ~/.local/share/bash-completion/completions/plexidb
  plexidb completions zsh > \"${fpath[1]}/_plexidb\"
  plexidb completions fish > ~/.config/fish/completions/plexidb.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "plexidb", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
