//! Messages that users read.

use super::*;

#[test]
fn the_database_s_own_error_is_kept_whole() {
    let error = DriverError::from(Box::new(SqlError {
        message: "column \"nmae\" does not exist".into(),
        sqlstate: Some("42703".into()),
        position: Some(8),
        hint: Some("Perhaps you meant to reference the column \"users.name\".".into()),
        ..SqlError::default()
    }));
    assert_eq!(
        error.to_string(),
        "column \"nmae\" does not exist (SQLSTATE 42703, at character 8); \
         hint: Perhaps you meant to reference the column \"users.name\"."
    );
    assert_eq!(error.kind(), ErrorKind::Sql);
    assert!(!error.outcome_is_unknown());
}

#[test]
fn only_what_was_sent_is_in_doubt() {
    let lost = |may_have_run| DriverError::ConnectionLost {
        target: "localhost:5432".into(),
        reason: "connection reset by peer".into(),
        may_have_run,
    };
    assert!(lost(true).outcome_is_unknown());
    assert!(!lost(false).outcome_is_unknown());
}
