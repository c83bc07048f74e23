//! Which errors stop all calls, and which concern their own call alone.

use redis::Value;

use super::*;

/// The error of a server's answer, as it comes over the wire.
fn answer(text: &str) -> RedisError {
    let value = redis::parse_redis_value(format!("-{text}\r\n").as_bytes()).unwrap();
    match Value::extract_error(value) {
        Err(error) => error,
        Ok(value) => panic!("no error: {value:?}"),
    }
}

#[test]
fn a_refusal_concerns_its_call_alone() {
    for (text, code) in [
        ("OOM command not allowed when used memory > 'maxmemory'.", "OOM"),
        (
            "READONLY You can't write against a read only replica.",
            "READONLY",
        ),
        ("NOPERM this user has no permissions", "NOPERM"),
        ("ERR unknown command", "ERR"),
        ("MISCONF Errors writing to the AOF file", "MISCONF"),
    ] {
        let failure = RedisFailure::of(&answer(text), false);
        assert!(!failure.is_of_the_connection(), "{text}");
        assert!(
            matches!(&failure, RedisFailure::Refused { code: found, message } if **found == *code && !message.is_empty()),
            "{failure:?}"
        );
    }
}

#[test]
fn a_server_that_cannot_serve_now_counts_as_lost() {
    for text in [
        "LOADING Redis is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down",
        "CLUSTERDOWN Hash slot not served",
        "NOAUTH Authentication required.",
    ] {
        assert!(
            RedisFailure::of(&answer(text), false).is_of_the_connection(),
            "{text}"
        );
    }
    let demoted = answer("READONLY You can't write against a read only replica.");
    assert!(RedisFailure::of(&demoted, true).is_of_the_connection());
}
