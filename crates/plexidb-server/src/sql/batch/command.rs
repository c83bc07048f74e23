//! Runs the shell's own commands.

use std::io::Write;

use plexidb::CacheStats;

use crate::sql::describe;
use crate::sql::failure::Failure;
use crate::sql::meta::{self, Command, HELP};
use crate::sql::output::{Format, Printer};
use crate::sql::script;
use crate::sql::session::Session;

/// How it goes on after a command.
pub(in crate::sql) enum Next {
    /// With the next statement or command.
    Statement,
    /// With this script first.
    Script(String),
    /// Not at all.
    Quit,
}

/// Runs one command.
pub(in crate::sql) async fn run_command(
    session: &Session,
    printer: &mut Printer,
    out: &mut dyn Write,
    line: &str,
) -> Result<Next, Failure> {
    match meta::parse(line).map_err(Failure::Refused)? {
        Command::List(listing) => {
            writeln!(
                out,
                "{}",
                describe::list(&session.database().catalog(), listing, printer.look())
            )?;
        }
        Command::Describe(name) => {
            let text = describe::describe(&session.database().catalog(), &name, printer.look());
            writeln!(out, "{}", text.map_err(Failure::Refused)?)?;
        }
        Command::Explain(sql) => writeln!(out, "{}", session.database().explain(&sql))?,
        Command::Timing(wanted) => {
            printer.has_timing = wanted.unwrap_or(!printer.has_timing);
            writeln!(out, "timing is {}", if printer.has_timing { "on" } else { "off" })?;
        }
        Command::Expanded(wanted) => {
            let is_vertical = wanted.unwrap_or(printer.format != Format::Vertical);
            let (format, shape) = match is_vertical {
                true => (Format::Vertical, "with a line for each column"),
                false => (Format::Table, "as tables"),
            };
            printer.format = format;
            writeln!(out, "results are printed {shape}")?;
        }
        Command::Cache => writeln!(out, "{}", describe_cache(&session.manager().cache_stats()))?,
        Command::Clear => {
            session.manager().clear_cache().await?;
            writeln!(out, "the cache is empty")?;
        }
        Command::Refresh => {
            session.database().refresh_schema().await?;
            writeln!(out, "the schema was read anew")?;
        }
        Command::Include(path) => {
            let script = script::read(&path).map_err(|error| Failure::Refused(error.to_string()))?;
            return Ok(Next::Script(script));
        }
        Command::Help => writeln!(out, "{HELP}")?,
        Command::Quit => return Ok(Next::Quit),
    }
    out.flush()?;
    Ok(Next::Statement)
}

fn describe_cache(stats: &CacheStats) -> String {
    format!(
        "lookups   {} ({} hits, {} misses, {} overtaken by a write, {} expired): {:.1} % hits\n\
         stored    {} results so far, {} too large, {} made room for others\n\
         now       {} results in {:.1} of {:.0} MiB",
        stats.lookups(),
        stats.hits,
        stats.misses,
        stats.stale,
        stats.expired,
        stats.hit_ratio() * 100.0,
        stats.fills,
        stats.rejected,
        stats.evictions,
        stats.entries,
        stats.bytes as f64 / f64::from(1 << 20),
        stats.bytes_max as f64 / f64::from(1 << 20),
    )
}
