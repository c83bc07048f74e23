//! Starts servers by hand: `plexidb-testkit postgres redis` prints their addresses and ends them with its standard input,
//! or however else it ends itself.

use std::io::{Write, copy, sink, stdin, stdout};
use std::process::ExitCode;

use anyhow::{Result, bail};
use plexidb_testkit::{try_mariadb, try_postgres, try_redis};

const USAGE: &str = "usage: plexidb-testkit postgres|mariadb|redis ...
Starts private servers and prints their URLs, over TCP and over the Unix socket. They end with standard input or Ctrl-C.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        bail!("{USAGE}");
    }
    for name in names {
        let (url, url_unix) = match name.as_str() {
            "postgres" => try_postgres().map(|server| (server.url(), server.url_unix()))?,
            "mariadb" => try_mariadb().map(|server| (server.url(), server.url_unix()))?,
            "redis" => try_redis().map(|server| (server.url(), server.url_unix()))?,
            other => bail!("no server is called {other:?}\n{USAGE}"),
        };
        println!("{url}\n{url_unix}");
    }
    stdout().flush()?;
    copy(&mut stdin().lock(), &mut sink())?;
    Ok(())
}
