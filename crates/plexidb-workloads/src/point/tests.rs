//! The point workload on SQLite.

use plexidb::{Source, params};

use super::{Keys, generate, sql};

#[tokio::test]
async fn every_key_reads_its_row() {
    let manager = plexidb::connect("sqlite::memory:").await.unwrap();
    let database = &manager.databases()[0];
    generate(database, 700, 1).await.unwrap();
    let sql = sql(database.dialect());
    for id in Keys::new(1, 700, 0).take(500) {
        let rows = database.query(sql, params![id]).await.unwrap();
        assert_eq!(rows[0].get::<i64>("id").unwrap(), id);
        assert_eq!(rows[0].get::<&str>("body").unwrap().len(), 100);
        assert_eq!(
            database.query(sql, params![id]).await.unwrap().source(),
            Source::L1
        );
    }
}
