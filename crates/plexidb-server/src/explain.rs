//! `plexidb explain`: how a statement is understood; nothing is run.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use plexidb::{Cacheability, Explanation, TableName, WriteExtent};
use serde_json::{Value, json};

use crate::failure;
use crate::target::{self, Options};

/// The most bytes of a statement from standard input.
const STATEMENT_BYTES_MAX: u64 = 16 << 20;

/// Explain a statement: may its result be cached, why not, and what does it depend on
///
/// The statement is analysed against the schema of the database and not run. Its result is cached where it depends on
/// nothing but tables of which plexidb sees every change.
#[derive(clap::Args)]
#[command(
    override_usage = "plexidb explain [OPTIONS] [URL] <SQL>",
    after_help = "\
Examples:
  plexidb explain sqlite:chat.db \"SELECT * FROM users WHERE id = ?\"
  plexidb explain postgres://me@localhost/shop --json \"SELECT now()\"
  DATABASE_URL=sqlite:chat.db plexidb explain - < query.sql

In CI, so that a statement stays cacheable:
  plexidb explain sqlite:chat.db --fail-if-uncacheable - < hot_query.sql"
)]
pub(crate) struct Args {
    /// The database, unless DATABASE_URL names it, and the statement, or - to read it from standard input
    #[arg(required = true, num_args = 1..=2, value_names = ["URL", "SQL"])]
    url_and_sql: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// End with exit code 1 where the result is not cacheable
    #[arg(long)]
    fail_if_uncacheable: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut given = args.url_and_sql;
    let sql = given.pop().unwrap_or_default();
    let sql = if sql == "-" { standard_input()? } else { sql };
    let sql = sql.trim().trim_end_matches(';').trim_end();
    if sql.is_empty() {
        return Err(failure::usage("there is no statement to explain"));
    }
    let manager = target::open(given.pop(), &Options::default()).await?;
    let explanation = manager.explain(sql);
    manager.close().await;
    let text = if args.json {
        format!("{:#}", as_json(&explanation))
    } else {
        explanation.to_string()
    };
    writeln!(io::stdout(), "{text}")?;
    let has_failed = args.fail_if_uncacheable && !explanation.is_cacheable();
    Ok(ExitCode::from(if has_failed { failure::DATABASE } else { 0 }))
}

fn standard_input() -> anyhow::Result<String> {
    let mut text = String::new();
    let read = io::stdin()
        .lock()
        .take(STATEMENT_BYTES_MAX + 1)
        .read_to_string(&mut text);
    read.map_err(|error| failure::usage(format!("cannot read the statement: {error}")))?;
    if text.len() as u64 > STATEMENT_BYTES_MAX {
        return Err(failure::usage("the statement has more than 16 MiB"));
    }
    Ok(text)
}

/// The explanation for programs; the keys are stable.
fn as_json(explanation: &Explanation) -> Value {
    let reason = match &explanation.cacheability {
        Cacheability::Not(reason) => json!({ "code": reason.code(), "text": reason.to_string() }),
        Cacheability::Cacheable if !explanation.is_cache_enabled => {
            json!({ "code": "cache_off", "text": "caching is switched off for this database" })
        }
        Cacheability::Cacheable => Value::Null,
    };
    let writes = match &explanation.writes {
        WriteExtent::Nothing => json!({ "extent": "nothing" }),
        WriteExtent::Tables { names: tables, plan } => json!({
            "extent": "tables",
            "tables": names(tables),
            "touches": plan.labels().collect::<Vec<_>>(),
        }),
        WriteExtent::Database(reason) => json!({ "extent": "database", "reason": reason.to_string() }),
    };
    json!({
        "kind": explanation.kind.name(),
        "cacheable": explanation.is_cacheable(),
        "reason": reason,
        "depends_on": names(&explanation.depends_on),
        "reads": if explanation.is_cacheable() { &*explanation.reads } else { &[] },
        "writes": writes,
        "normalised": explanation.normalised,
        "fingerprint": format!("{:016x}", explanation.fingerprint),
    })
}

fn names(tables: &[TableName]) -> Vec<String> {
    tables.iter().map(ToString::to_string).collect()
}
