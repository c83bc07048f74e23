//! A server asked directly, over one connection of a bare driver, until it takes a write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use mysql_async::prelude::Queryable as _;
use plexidb_bench::{Fleet, Product};
use tokio_postgres::NoTls;

const PAUSE: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(60);

/// When the server has taken its first write.
pub(super) async fn until_it_writes(fleet: Arc<Fleet>, node: usize) -> Result<Instant> {
    let writing = async {
        match fleet.product() {
            Product::MariaDb => mariadb(&fleet.url(node)?).await,
            _ => postgres(&fleet.url(node)?).await,
        }
    };
    tokio::time::timeout(PATIENCE, writing)
        .await
        .context("the promoted server took no write within a minute")?
}

async fn postgres(url: &str) -> Result<Instant> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    while let Err(error) = client.execute("INSERT INTO probe (at) VALUES (1)", &[]).await {
        anyhow::ensure!(!client.is_closed(), error);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Instant::now())
}

async fn mariadb(url: &str) -> Result<Instant> {
    // Its options have other names.
    let url = url
        .split('?')
        .next()
        .unwrap_or(url)
        .replace("mariadb://", "mysql://");
    let mut connection = mysql_async::Conn::from_url(url).await?;
    while let Err(error) = connection.query_drop("INSERT INTO probe (at) VALUES (1)").await {
        anyhow::ensure!(matches!(error, mysql_async::Error::Server(_)), error);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Instant::now())
}
