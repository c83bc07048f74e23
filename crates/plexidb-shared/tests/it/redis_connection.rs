//! Every way in: TCP, Unix socket, database numbers; scripts, pipelines and channels over it.

use ::redis::Value;
use plexidb_shared::redis_connection::{RedisFailure, RedisScript};
use plexidb_testkit::redis;

use crate::scenery::connected;

fn text(value: &str) -> Value {
    Value::BulkString(value.as_bytes().to_vec())
}

#[tokio::test]
async fn tcp_and_unix_socket_lead_to_the_numbered_database() {
    let database = redis().fresh_database();
    database.client(&["SET", "k", "v"]);
    for url in [database.url(), database.url_unix()] {
        let connection = connected(&url).await;
        let answer = connection.call(::redis::cmd("GET").arg("k")).await;
        assert_eq!(answer, Ok(text("v")), "{url}");
    }
}

#[tokio::test]
async fn pipelines_answer_in_order_and_errors_concern_their_call_alone() {
    let database = redis().fresh_database();
    let connection = connected(&database.url()).await;
    let mut pipeline = ::redis::pipe();
    pipeline.cmd("SET").arg("a").arg(1).cmd("GET").arg("a");
    assert_eq!(
        connection.call_all(&pipeline).await,
        Ok(vec![Value::Okay, text("1")])
    );
    let wrong = connection.call(::redis::cmd("LPUSH").arg("a").arg(1)).await;
    assert!(
        matches!(&wrong, Err(RedisFailure::Refused { code, .. }) if **code == *"WRONGTYPE"),
        "{wrong:?}"
    );
    assert!(connection.call(&::redis::cmd("PING")).await.is_ok());
}

#[tokio::test]
async fn a_script_runs_whether_or_not_the_server_knows_it() {
    let database = redis().fresh_database();
    let connection = connected(&database.url()).await;
    let script = RedisScript::new("return redis.call('INCRBY', KEYS[1], ARGV[1]) -- of this test");
    for expected in [2, 4] {
        let answer = connection.run(&script, &[b"n"], &[b"2"]).await;
        assert_eq!(answer, Ok(Value::Int(expected)));
    }
    let failing = RedisScript::new("return redis.error_reply('NOTNOW come again')");
    assert_eq!(
        connection.run(&failing, &[], &[]).await,
        Err(RedisFailure::Refused {
            code: "NOTNOW".into(),
            message: "come again".into()
        })
    );
}

#[tokio::test]
async fn a_subscription_hears_what_is_published_after_it_stands() {
    let database = redis().fresh_database();
    let connection = connected(&database.url()).await;
    let mut subscription = connection.subscribe("a channel of this test").await.unwrap();
    for message in ["one", "two"] {
        let publish = ::redis::cmd("PUBLISH")
            .arg("a channel of this test")
            .arg(message)
            .to_owned();
        assert_eq!(connection.call(&publish).await, Ok(Value::Int(1)));
    }
    assert_eq!(subscription.next().await.as_deref(), Some(&b"one"[..]));
    assert_eq!(subscription.next().await.as_deref(), Some(&b"two"[..]));
}
