//! Starts servers by hand: `plexidb-testkit postgres redis` prints their addresses and ends them with its standard input,
//! or however else it ends itself.

use std::any::Any;
use std::io::{Write, copy, sink, stdin, stdout};
use std::process::ExitCode;

use anyhow::{Result, bail};
use plexidb_testkit::{MariaDbCluster, PostgresCluster, try_mariadb, try_postgres, try_redis};

const USAGE: &str = "usage: plexidb-testkit postgres|mariadb|redis|postgres-cluster|mariadb-cluster ...
Starts private servers and prints their URLs, over TCP and over the Unix socket; of a cluster those of the primary and then
those of its two replicas. They end with standard input or Ctrl-C.";

/// Replicas of a cluster that is started by hand.
const REPLICAS: usize = 2;

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
    let mut clusters: Vec<Box<dyn Any>> = Vec::new();
    for name in names {
        match name.as_str() {
            "postgres" => try_postgres().map(|server| print(server.url(), server.url_unix()))?,
            "mariadb" => try_mariadb().map(|server| print(server.url(), server.url_unix()))?,
            "redis" => try_redis().map(|server| print(server.url(), server.url_unix()))?,
            "postgres-cluster" => {
                let cluster = PostgresCluster::start(REPLICAS)?;
                cluster
                    .nodes()
                    .for_each(|node| print(node.url(), node.url_unix()));
                clusters.push(Box::new(cluster));
            }
            "mariadb-cluster" => {
                let cluster = MariaDbCluster::start(REPLICAS)?;
                cluster
                    .nodes()
                    .for_each(|node| print(node.url(), node.url_unix()));
                clusters.push(Box::new(cluster));
            }
            other => bail!("no server is called {other:?}\n{USAGE}"),
        }
    }
    stdout().flush()?;
    copy(&mut stdin().lock(), &mut sink())?;
    drop(clusters);
    Ok(())
}

fn print(url: String, url_unix: String) {
    println!("{url}\n{url_unix}");
}
