//! `plexidb docs`: writes the documents that are made from the code; hidden, since `cargo xtask docs` calls it.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

/// Write the generated documents
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder to write to, made where it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    let path = args.out.join("configuration.md");
    fs::write(&path, plexidb::config_reference())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
