//! The command line: what subcommands there are. What each one does is in the file of its name.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{completions, demo, docs, explain, man, sql};

/// A database acceleration layer: a query cache that is never stale.
///
/// plexidb stands between an application and its SQLite, PostgreSQL or MariaDB databases and makes reads fast without
/// ever making them wrong.
#[derive(Parser)]
#[command(name = "plexidb", version, after_help = EXAMPLES, after_long_help = LONG_HELP_END)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  plexidb demo             see what caching gains, with nothing installed
  plexidb demo --small     the same in a quarter of a minute
  plexidb sql sqlite:a.db  an SQL shell; -c \"SELECT …\" runs statements and ends
  plexidb explain sqlite:a.db \"SELECT …\"";

const LONG_HELP_END: &str = "\
Examples:
  plexidb demo             see what caching gains, with nothing installed
  plexidb demo --small     the same in a quarter of a minute
  plexidb sql sqlite:a.db  an SQL shell; -c \"SELECT …\" runs statements and ends
  plexidb explain sqlite:a.db \"SELECT …\"

Exit codes:
  0    done
  1    the database refused a statement, or results differ
  2    wrong usage
  3    no connection to the database
  130  interrupted with Ctrl-C";

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Sql(sql::Args),
    Explain(explain::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(hide = true)]
    Docs(docs::Args),
}

impl Cli {
    /// Runs the subcommand and returns its exit code.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Sql(args) => sql::run(args).await,
            Command::Explain(args) => explain::run(args).await,
            Command::Completions(args) => completions::run(args).await,
            Command::Man(args) => man::run(args).await,
            Command::Docs(args) => docs::run(args).await,
        }
    }
}

#[cfg(test)]
mod tests;
