//! Several databases by name from one configuration, a stream, and settings of single statements.
//!
//! `cargo run -p plexidb --example two_databases`

use std::time::Duration;

use plexidb::{Config, Manager, params};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let config = Config::from_toml(&format!(
        r#"
        cache_ttl = 300

        [[database]]
        name = "main"
        url = "sqlite:{folder}/main.db?mode=rwc"

        [[database]]
        name = "reporting"
        url = "sqlite:{folder}/reporting.db?mode=rwc"
        statement_timeout = 30
        "#,
        folder = folder.path().display()
    ))?;
    let manager = Manager::from_config(config).await?;

    let reporting = manager.database("reporting")?;
    reporting
        .execute("CREATE TABLE sales (day INTEGER, amount INTEGER)", params![])
        .await?;
    let rows: Vec<Vec<plexidb::Value>> = (0..10_000_i64)
        .map(|index| vec![(index / 100).into(), (index % 97).into()])
        .collect();
    reporting
        .execute_many("INSERT INTO sales VALUES (?, ?)", &rows)
        .await?;

    let best: (i64, i64) = manager
        .select("SELECT day, sum(amount) AS total FROM sales GROUP BY day ORDER BY total DESC, day LIMIT 1")
        .on("reporting")
        .ttl(Duration::from_secs(60))
        .fetch_one()
        .await?;
    println!("the best day was {} with {}", best.0, best.1);

    // Ten thousand rows, a few hundred in memory at a time.
    let mut stream = reporting.stream("SELECT amount FROM sales", params![]).await?;
    let mut total = 0;
    while let Some(row) = stream.next().await? {
        total += row.get::<i64>("amount")?;
    }
    println!("all days together: {total}");

    let stats = manager.stats();
    println!("hits {}, misses {}", stats.cache.hits, stats.cache.misses);
    for (name, pool) in stats.pools {
        println!("{name}: {} connections made", pool.created);
    }
    Ok(())
}
