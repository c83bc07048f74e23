//! The first ten minutes: connect, query, write, and see where each result came from.
//!
//! `cargo run -p plexidb --example quickstart`

use plexidb::params;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct User {
    id: i64,
    name: String,
}

#[tokio::main]
async fn main() -> Result<(), plexidb::Error> {
    let db = plexidb::connect("sqlite::memory:").await?;
    db.execute(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, active BOOLEAN)",
        params![],
    )
    .await?;
    db.execute("INSERT INTO users VALUES (?, ?, ?)", params![1, "Ada", true])
        .await?;
    db.execute(
        "INSERT INTO users VALUES (:id, :name, :active)",
        params! { id: 2, name: "Grace", active: true },
    )
    .await?;

    let sql = "SELECT id, name FROM users WHERE active = ? ORDER BY id";
    for _ in 0..2 {
        let rows = db.query(sql, params![true]).await?;
        println!("{} rows from {}", rows.len(), rows.source());
    }

    // Nothing has to be invalidated: the write drops what depends on it before it returns.
    db.execute(
        "UPDATE users SET name = ? WHERE id = ?",
        params!["Ada Lovelace", 1],
    )
    .await?;
    let rows = db.query(sql, params![true]).await?;
    for user in rows.deserialize::<User>()? {
        println!("{}: {} (from {})", user.id, user.name, rows.source());
    }

    println!("\n{}", db.explain(sql));
    println!("\n{}", db.explain("SELECT name FROM users WHERE random() > 0"));
    Ok(())
}
