//! What reaches the server's SET, and what does not.

use super::assignments;

#[test]
fn numbers_go_as_they_are_and_words_in_quotes() {
    assert_eq!(
        assignments("idle_transaction_timeout=30, innodb_lock_wait_timeout = 1.5,use_stat_tables=never")
            .unwrap(),
        ", SESSION idle_transaction_timeout = 30, SESSION innodb_lock_wait_timeout = 1.5, SESSION use_stat_tables = 'never'"
    );
    assert_eq!(assignments("").unwrap(), "");
}

#[test]
fn nothing_else_gets_into_the_statement() {
    for value in [
        "wait_timeout",
        "wait_timeout=",
        "=3",
        "a b=3",
        "wait_timeout=3; DROP TABLE t",
        "use_stat_tables='x'",
        "use_stat_tables=x\\",
        "SQL_MODE=ANSI_QUOTES",
        "time_zone=SYSTEM",
        "autocommit=0",
    ] {
        let error = assignments(value).unwrap_err().to_string();
        assert!(error.contains("session_variables"), "{value}: {error}");
    }
}
