//! `plexidb sql`: statements from a person at a terminal or from a script.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::target::{self, Options};

mod batch;
mod control;
mod describe;
mod failure;
mod interrupt;
mod meta;
mod open_transaction;
mod output;
mod script;
mod session;
mod shell;

use output::{Format, Printer};
use session::Session;

/// Run SQL: an interactive shell, or statements from the command line, a file or standard input
///
/// Without -c and -f, the shell starts on a terminal; otherwise standard input is read as a script.
///
/// In csv, json and jsonl, statements without rows print nothing, and footers go to the error stream. All formats but
/// table are streamed outside transactions, whatever the size of a result, and past the cache.
///
/// In JSON, NULL is null, booleans and arrays are what they are, JSON columns are embedded. Integers up to 2^53-1 and
/// floats are numbers; larger integers and decimals are strings, so that nobody rounds them; so are NaN, infinities,
/// times, UUIDs and bytes (\x and hexadecimal digits). A second column of the same name becomes name_2.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = LONG_HELP_END)]
pub(crate) struct Args {
    /// The database: sqlite:FILE, postgres://USER:PASSWORD@HOST/DATABASE, mysql://… or mariadb://… [env: DATABASE_URL]
    url: Option<String>,
    #[command(flatten)]
    options: Options,
    /// Run these statements and end; can be given several times
    #[arg(short, long, value_name = "SQL")]
    command: Vec<String>,
    /// Run the statements of this file and end; can be given several times; - is standard input
    #[arg(short, long, value_name = "FILE", conflicts_with = "command")]
    file: Vec<PathBuf>,
    /// How rows are printed [default: table]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// How NULL is printed in csv, table and vertical [default: nothing in csv, NULL elsewhere]
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// Go on after a statement that failed; the exit code is 1 all the same
    #[arg(long)]
    keep_going: bool,
    /// Tell the time and the origin of each result, also outside the shell
    #[arg(long)]
    timing: bool,
}

const EXAMPLES: &str = "\
Examples:
  plexidb sql sqlite:chat.db
  plexidb sql sqlite:chat.db -c \"SELECT * FROM users LIMIT 5\"
  plexidb sql postgres://me@localhost/shop -c \"SELECT * FROM orders\" --format csv > orders.csv
  plexidb sql mariadb://me@localhost/shop -f migration.sql
  DATABASE_URL=sqlite:chat.db plexidb sql --format jsonl < report.sql | jq .name";

const LONG_HELP_END: &str = "\
Examples:
  plexidb sql sqlite:chat.db
  plexidb sql sqlite:chat.db -c \"SELECT * FROM users LIMIT 5\"
  plexidb sql postgres://me@localhost/shop -c \"SELECT * FROM orders\" --format csv > orders.csv
  plexidb sql mariadb://me@localhost/shop -f migration.sql
  DATABASE_URL=sqlite:chat.db plexidb sql --format jsonl < report.sql | jq .name

In the shell, \\? lists its commands, Ctrl-C cancels the running statement,
Ctrl-D leaves. Its history is kept in the user's state folder, readable by the
user alone; what begins with a blank is not kept.

Exit codes:
  0    all statements were run
  1    a statement failed
  2    wrong usage
  3    no connection to the database
  130  interrupted with Ctrl-C";

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let is_shell = args.command.is_empty()
        && args.file.is_empty()
        && io::stdin().is_terminal()
        && io::stderr().is_terminal();
    let scripts = if is_shell {
        Vec::new()
    } else {
        script::collect(&args.command, &args.file)?
    };
    let manager = target::open(args.url, &args.options).await?;
    let session = Session::new(manager.clone(), args.options.timeout);
    let format = args.format.unwrap_or(Format::Table);
    let code = if is_shell {
        shell::run(session, Printer::interactive(format, args.null)).await
    } else {
        let printer = Printer::plain(format, args.null, args.timing);
        batch::run(session, printer, &scripts, args.keep_going).await
    };
    manager.close().await;
    code
}
