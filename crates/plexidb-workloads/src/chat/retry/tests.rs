//! A lock that another holds is worth a retry, a wrong row is not.

use plexidb::params;

use super::is_worth_a_retry;

#[tokio::test]
async fn only_what_others_did_is_worth_a_retry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("retry.db");
    let url = format!("sqlite:{}?mode=rwc&busy_timeout=20", path.display());
    let one = plexidb::connect(&url).await.unwrap();
    let other = plexidb::connect(&url).await.unwrap();
    let insert = "INSERT INTO seats (id) VALUES (?)";
    one.execute("CREATE TABLE seats (id INTEGER PRIMARY KEY)", params![])
        .await
        .unwrap();

    let mut transaction = one.begin().await.unwrap();
    transaction.execute(insert, params![1]).await.unwrap();
    let locked = other.execute(insert, params![2]).await.unwrap_err();
    assert!(is_worth_a_retry(&locked), "{locked}");

    transaction.commit().await.unwrap();
    let taken = other.execute(insert, params![1]).await.unwrap_err();
    assert!(!is_worth_a_retry(&taken), "{taken}");
}
