//! What those are told who wait for a connection that cannot be made.

use std::error::Error as _;

use plexidb_core::{ConnectPhase, DriverError, SqlError};

use super::*;
use crate::error::CheckoutTimeout;

async fn timed_out(pool: &Pool) -> Box<CheckoutTimeout> {
    match pool.checkout().await {
        Err(PoolError::Timeout(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_says_how_far_the_attempt_had_come() {
    for (phase, words) in [
        (ConnectPhase::Resolve, "name server"),
        (ConnectPhase::Dial, "can be reached"),
        (ConnectPhase::Tls, "speaks TLS"),
        (ConnectPhase::Auth, "was reached"),
    ] {
        let (pool, connector) = pool(1);
        connector.answer_connects(Answer::Never);
        connector.tell_phase(phase);
        let error = timed_out(&pool).await;
        assert_eq!(error.phase, CheckoutPhase::Connect(Some(phase)));
        let message = error.to_string();
        assert!(
            message.contains(&format!("still connecting, at {phase}")),
            "{message}"
        );
        assert!(message.contains(words), "{message}");
        assert_eq!((error.stats.connecting, error.stats.waiting), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_given_up_itself_says_how_far_it_had_come() {
    let (pool, connector) = pool(1);
    connector.answer_connects(Answer::Never);
    connector.tell_phase(ConnectPhase::Tls);
    let warming = pool.warm_up(1).await.unwrap_err();
    let PoolError::Connect(error) = warming else {
        panic!("{warming:?}")
    };
    assert!(
        matches!(
            *error,
            DriverError::Connect {
                phase: ConnectPhase::Tls,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn between_two_attempts_it_says_that_the_next_one_is_awaited() {
    let (pool, connector) = pool_with(PoolConfig {
        checkout_timeout: Duration::from_millis(10),
        ..PoolConfig::default()
    });
    pool.checkout().await.unwrap().discard();
    connector.answer_connects(Answer::Error);
    let error = timed_out(&pool).await;
    assert_eq!(error.phase, CheckoutPhase::Backoff);
    assert_eq!(error.last_connect_error.unwrap().kind(), ErrorKind::Connect);
}

#[tokio::test(start_paused = true)]
async fn all_who_waited_for_one_attempt_get_its_error_with_its_cause() {
    let (pool, connector) = pool(1);
    connector.answer_connects(Answer::Ending);
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.checkout().await.map(drop) })
        })
        .collect();
    for waiter in waiters {
        let error = waiter.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        let cause = error
            .source()
            .and_then(|source| source.downcast_ref::<SqlError>());
        assert_eq!(cause.unwrap().sqlstate.as_deref(), Some("57P03"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_leads_to_the_cause_of_the_last_connect_error() {
    let (pool, connector) = pool_with(PoolConfig {
        connections_max: 1,
        ..PoolConfig::default()
    });
    pool.checkout().await.unwrap().discard();
    connector.answer_connects(Answer::Ending);
    let error = timed_out(&pool).await;
    let cause = error
        .source()
        .and_then(|source| source.downcast_ref::<SqlError>());
    assert_eq!(cause.unwrap().sqlstate.as_deref(), Some("57P03"));
}
