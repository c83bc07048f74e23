//! Transactions: savepoints, rollback on drop, and a cache that never shows what was not committed.
//!
//! `cargo run -p plexidb --example transactions`

use plexidb::{Manager, params};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("bank.db").display());
    let db = plexidb::connect(&url).await?;
    db.execute_script(
        "CREATE TABLE accounts (owner TEXT PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));
         INSERT INTO accounts VALUES ('Ada', 100), ('Grace', 50);",
    )
    .await?;
    show("at first", &db).await?;

    // Dropped without commit: rolled back.
    let mut transaction = db.begin().await?;
    transaction
        .execute("UPDATE accounts SET balance = 0", params![])
        .await?;
    show("while a transaction is open", &db).await?;
    drop(transaction);

    let mut transaction = db.begin().await?;
    transaction
        .execute(
            "UPDATE accounts SET balance = balance - 30 WHERE owner = ?",
            params!["Ada"],
        )
        .await?;
    transaction
        .execute(
            "UPDATE accounts SET balance = balance + 30 WHERE owner = ?",
            params!["Grace"],
        )
        .await?;
    // What goes wrong after a savepoint does not spoil what came before it.
    let mut savepoint = transaction.savepoint().await?;
    if let Err(error) = savepoint
        .execute("UPDATE accounts SET balance = balance - 1000", params![])
        .await
    {
        println!("refused: {error}");
    }
    savepoint.rollback().await?;
    transaction.commit().await?;
    show("after the commit", &db).await?;
    db.close().await;
    Ok(())
}

async fn show(when: &str, db: &Manager) -> Result<(), plexidb::Error> {
    let rows = db
        .query("SELECT owner, balance FROM accounts ORDER BY owner", params![])
        .await?;
    let balances: Vec<(String, i64)> = rows.deserialize()?;
    println!("{when}: {balances:?} (from {})", rows.source());
    Ok(())
}
