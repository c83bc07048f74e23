//! What opens a breaker is the network's and the protocol's fault, and nobody else's.

use std::sync::Arc;

use super::*;
use crate::error::CheckoutTimeout;
use crate::stats::PoolStats;

const ELAPSED: Duration = Duration::from_millis(3);

fn connect(phase: ConnectPhase) -> DriverError {
    DriverError::Connect {
        target: "db".into(),
        phase,
        reason: "refused".into(),
        source: None,
    }
}

fn timeout(phase: CheckoutPhase) -> PoolError {
    PoolError::Timeout(Box::new(CheckoutTimeout {
        target: "db".into(),
        phase,
        waited: ELAPSED,
        last_connect_error: Some(Arc::new(connect(ConnectPhase::Auth))),
        stats: PoolStats::default(),
    }))
}

#[test]
fn the_network_and_the_protocol_fail() {
    for error in [
        DriverError::ConnectionLost {
            target: "db".into(),
            reason: "reset".into(),
            may_have_run: true,
            last_words: None,
        },
        DriverError::Protocol {
            target: "db".into(),
            message: "what?".into(),
        },
        connect(ConnectPhase::Dial),
        DriverError::Timeout {
            phase: "statement",
            after: ELAPSED,
        },
    ] {
        assert_eq!(Outcome::of_error(&error, ELAPSED), Some(Outcome::Failed));
    }
    for phase in [ConnectPhase::Resolve, ConnectPhase::Dial, ConnectPhase::Tls] {
        let error = PoolError::from(connect(phase));
        assert_eq!(Outcome::of_checkout(&error), Outcome::Failed);
    }
    assert_eq!(
        Outcome::of_checkout(&timeout(CheckoutPhase::Ping)),
        Outcome::Failed
    );
}

#[test]
fn exhaustion_and_logins_are_no_failure_of_the_network() {
    let denied = DriverError::Authentication {
        target: "db".into(),
        user: "ada".into(),
        message: "no".into(),
    };
    for error in [
        PoolError::from(denied),
        PoolError::from(connect(ConnectPhase::Auth)),
        PoolError::Closed,
        timeout(CheckoutPhase::Queue),
        timeout(CheckoutPhase::Connect(Some(ConnectPhase::Dial))),
    ] {
        assert_eq!(Outcome::of_checkout(&error), Outcome::Refused, "{error}");
    }
}

#[test]
fn an_error_of_sql_is_an_answer_and_a_mistake_of_the_caller_says_nothing() {
    let answer = Some(Outcome::Answered(ELAPSED));
    let rejected = DriverError::Sql(Box::default());
    assert_eq!(Outcome::of_error(&rejected, ELAPSED), answer);
    let read_only = DriverError::ReadOnly {
        message: "read-only transaction".into(),
        is_of_server: true,
    };
    assert_eq!(Outcome::of_error(&read_only, ELAPSED), answer);
    let mistake = DriverError::ParameterCount {
        expected: 1,
        given: 2,
    };
    assert_eq!(Outcome::of_error(&mistake, ELAPSED), None);
}
