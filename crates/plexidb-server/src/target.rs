//! Which database a subcommand works on: the URL on the command line or in `DATABASE_URL`, and how it is opened.
//!
//! Invariant: the URL is never printed, since it may hold a password.

use std::env;
use std::time::Duration;

use plexidb::{Config, DatabaseConfig, Manager};

use crate::failure;

#[cfg(test)]
mod tests;

/// The variable that names the database where the command line does not.
pub(crate) const URL_VARIABLE: &str = "DATABASE_URL";

/// How statements are run.
#[derive(Default, clap::Args)]
pub(crate) struct Options {
    /// Neither use nor fill the cache
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Cancel a statement that runs longer, such as 5s, 500ms or 2m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,
}

/// Connects.
///
/// # Errors
///
/// There is no URL, or that of [`Manager::from_config`].
pub(crate) async fn open(url: Option<String>, options: &Options) -> anyhow::Result<Manager> {
    let given = url.or_else(|| env::var(URL_VARIABLE).ok());
    let Some(url) = given.filter(|url| !url.is_empty()) else {
        return Err(failure::usage(format!(
            "no database is given: name its URL, or set {URL_VARIABLE}"
        )));
    };
    let database = DatabaseConfig {
        statement_timeout: options.timeout,
        enable_query_cache: options.no_cache.then_some(false),
        ..DatabaseConfig::from_url("default", url)
    };
    let config = Config::builder()
        .database(database)
        .build()
        .map_err(plexidb::Error::from)?;
    Ok(Manager::from_config(config).await?)
}

/// Reads `5s`, `500ms`, `2m`, `1h`, or a number of seconds.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit_seconds = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("expected a time such as 5s, 500ms, 2m or 1h".to_owned()),
    };
    let number: f64 = digits
        .parse()
        .map_err(|_| "expected a time such as 5s, 500ms, 2m or 1h".to_owned())?;
    Duration::try_from_secs_f64(number * unit_seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "the time must be more than nothing and not beyond all bounds".to_owned())
}
