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
        last_words: None,
    };
    assert!(lost(true).outcome_is_unknown());
    assert!(!lost(false).outcome_is_unknown());
}

fn sql_error(sqlstate: Option<&str>, code: Option<i64>) -> Box<SqlError> {
    Box::new(SqlError {
        message: "terminating connection due to administrator command".into(),
        sqlstate: sqlstate.map(str::to_owned),
        code,
        ..SqlError::default()
    })
}

fn ended_by(last_words: Option<Box<SqlError>>) -> DriverError {
    DriverError::ConnectionLost {
        target: "localhost:5432".into(),
        reason: "the server closed the connection".into(),
        may_have_run: true,
        last_words,
    }
}

fn refused_by(source: Box<SqlError>) -> DriverError {
    DriverError::Connect {
        target: "localhost:5432".into(),
        phase: ConnectPhase::Auth,
        reason: source.to_string(),
        source: Some(source),
    }
}

#[test]
fn a_server_that_says_that_it_ends_is_left() {
    for sqlstate in ["57P01", "57P02", "57P03", "08006", "08004"] {
        assert!(
            ended_by(Some(sql_error(Some(sqlstate), None))).retires_endpoint(),
            "{sqlstate}"
        );
        assert!(
            refused_by(sql_error(Some(sqlstate), None)).retires_endpoint(),
            "{sqlstate}"
        );
    }
    for code in [1053, 1927, 2006, 2013] {
        assert!(
            ended_by(Some(sql_error(None, Some(code)))).retires_endpoint(),
            "{code}"
        );
    }
    for (sqlstate, code) in [("08S01", 1053), ("70100", 1927)] {
        assert!(
            ended_by(Some(sql_error(Some(sqlstate), Some(code)))).retires_endpoint(),
            "{code}"
        );
    }
}

#[test]
fn a_server_that_takes_no_writes_is_left_and_a_file_is_not() {
    let read_only = |is_of_server| DriverError::ReadOnly {
        message: "cannot execute INSERT in a read-only transaction".into(),
        is_of_server,
    };
    assert!(read_only(true).retires_endpoint());
    assert!(!read_only(false).retires_endpoint());
}

#[test]
fn what_ends_one_session_or_statement_says_nothing_of_the_server() {
    // Timeouts of an idle session or transaction, too many connections, a foreign server that cannot be reached.
    // The last is a protocol violation, which PgBouncer's refusals are to it.
    for sqlstate in ["25P03", "57P05", "53300", "08P01"] {
        assert!(
            !ended_by(Some(sql_error(Some(sqlstate), None))).retires_endpoint(),
            "{sqlstate}"
        );
    }
    for sqlstate in ["53300", "28P01", "08P01"] {
        assert!(
            !refused_by(sql_error(Some(sqlstate), None)).retires_endpoint(),
            "{sqlstate}"
        );
    }
    assert!(!ended_by(Some(sql_error(Some("HY000"), Some(4031)))).retires_endpoint());
    assert!(!ended_by(None).retires_endpoint());
    assert!(!DriverError::from(sql_error(Some("08001"), None)).retires_endpoint());
    assert!(!DriverError::Closed.retires_endpoint());
}
