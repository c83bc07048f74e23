//! The database, generated or found from an earlier run.
//!
//! Invariant: only the demo's own file is ever deleted; in a database that the user named, tables that are not the
//! demo's stop it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use plexidb::{DriverError, Manager, Timestamp};
use plexidb_workloads::chat::{self, GenerateError, Made, TABLES};

use super::place::Place;
use super::progress::GenerationProgress;
use super::{Args, default_database, figures, open, say};
use crate::terminal::Terminal;

/// Milliseconds from 1970 to 2000, where [`Timestamp`] begins to count.
const MS_1970_TO_2000: i64 = 946_684_800_000;
/// SQLite's result code for a full disk; extended codes keep it in the low byte.
const SQLITE_FULL: i64 = 13;

/// The database, ready to be measured.
pub(super) struct Prepared {
    /// Without the cache.
    pub(super) direct: Manager,
    /// How long it took to generate, where it was not there.
    pub(super) generated_in: Option<Duration>,
}

/// Finds or makes the database.
pub(super) async fn prepare(place: &Place, args: &Args, terminal: Terminal) -> anyhow::Result<Prepared> {
    let Some(file) = &place.own_file else {
        return prepare_named(place, args, terminal).await;
    };
    if let Some(folder) = file.parent() {
        let hint = "cannot make the folder for the demo's database; name another one with --dir";
        fs::create_dir_all(folder).with_context(|| format!("{}: {hint}", folder.display()))?;
    }
    if !args.fresh
        && file.exists()
        && let Some(direct) = reuse_file(file, place, args).await?
    {
        return Ok(Prepared {
            direct,
            generated_in: None,
        });
    }
    remove_database(file).with_context(|| format!("cannot delete the old {}", file.display()))?;
    say(&format!("making {}", file.display()));
    let mut half_made = HalfMade {
        file: Some(file.clone()),
    };
    let hint = || {
        format!(
            "cannot make the demo's database {}; name another folder with --dir",
            file.display()
        )
    };
    let direct = open(&place.url, false).await.with_context(hint)?;
    let generated_in = generate(&direct, args, terminal).await?;
    half_made.file = None;
    Ok(Prepared {
        direct,
        generated_in: Some(generated_in),
    })
}

/// The demo's own file, if it is complete and from this seed and scale.
async fn reuse_file(file: &Path, place: &Place, args: &Args) -> anyhow::Result<Option<Manager>> {
    let direct = match open(&place.url, false).await {
        Ok(direct) => direct,
        Err(error) if is_corrupt(&error) => {
            say(&format!("{} is damaged", file.display()));
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let made = chat::made(default_database(&direct)?).await?;
    if let Some(made) = made.filter(|made| fits(made, args)) {
        say(&format!(
            "using {}, made on {} UTC (--fresh to make it anew)",
            file.display(),
            date(made)
        ));
        return Ok(Some(direct));
    }
    say(&format!(
        "{} is from another seed, or not complete",
        file.display()
    ));
    direct.close().await;
    Ok(None)
}

async fn prepare_named(place: &Place, args: &Args, terminal: Terminal) -> anyhow::Result<Prepared> {
    let direct = open(&place.url, false).await?;
    let database = default_database(&direct)?;
    let made = chat::made(database).await?;
    if let Some(made) = made.filter(|made| !args.fresh && fits(made, args)) {
        say(&format!(
            "using the demo's tables, made on {} UTC (--fresh to make them anew)",
            date(made)
        ));
        return Ok(Prepared {
            direct,
            generated_in: None,
        });
    }
    say(&format!(
        "making the tables {} and plexidb_demo in this {} database",
        TABLES.join(", "),
        database.dialect()
    ));
    let generated_in = generate(&direct, args, terminal).await?;
    Ok(Prepared {
        direct,
        generated_in: Some(generated_in),
    })
}

async fn generate(direct: &Manager, args: &Args, terminal: Terminal) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut display = GenerationProgress::new(terminal);
    let result = chat::generate(default_database(direct)?, args.scale(), args.seed, |progress| {
        display.show(progress)
    })
    .await;
    drop(display);
    match result {
        Ok(_) => {}
        Err(GenerateError::Database(error)) if is_disk_full(&error) => {
            let need = if args.small { "20 MB" } else { "250 MB" };
            let hint = format!(
                "the disk is full: the demo needs about {need}; free some space, or try --dir or --small"
            );
            return Err(anyhow::Error::new(error).context(hint));
        }
        Err(error) => return Err(error.into()),
    }
    let took = start.elapsed();
    say(&format!("made in {}", figures::duration(took)));
    Ok(took)
}

fn fits(made: &Made, args: &Args) -> bool {
    made.seed == args.seed && made.scale == args.scale()
}

fn date(made: Made) -> String {
    let text = Timestamp::from_micros_since_2000((made.made_at_ms - MS_1970_TO_2000) * 1_000).to_string();
    // To the minute.
    text.get(..16).map_or(text.clone(), str::to_owned)
}

fn is_corrupt(error: &plexidb::Error) -> bool {
    matches!(error.driver(), Some(DriverError::File { is_corrupt: true, .. }))
}

fn is_disk_full(error: &plexidb::Error) -> bool {
    let code = error
        .driver()
        .and_then(DriverError::sql_error)
        .and_then(|error| error.code);
    code.is_some_and(|code| code & 0xff == SQLITE_FULL)
}

/// Deletes the demo's own file when it is dropped before it is complete: on an error, and on Ctrl-C.
struct HalfMade {
    file: Option<PathBuf>,
}

impl Drop for HalfMade {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // What cannot be deleted is recognised as half made by the next run.
            let _ = remove_database(file);
        }
    }
}

/// Deletes a SQLite file with its log; what is not there is no error.
fn remove_database(file: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
