//! Transaction statements as people write them.

use plexidb::{Dialect, Isolation, TransactionControl, TransactionOptions};

use super::{Control, read};

#[test]
fn the_forms_of_begin_are_understood() {
    let begin = |sql, dialect| read(TransactionControl::Begin, sql, dialect);
    let plain = Control::Begin(TransactionOptions::default());
    for sql in [
        "BEGIN",
        "begin transaction",
        "START TRANSACTION",
        "BEGIN WORK",
        "START TRANSACTION READ WRITE",
    ] {
        assert_eq!(begin(sql, Dialect::Postgres), Ok(plain.clone()), "{sql}");
    }
    assert_eq!(begin("BEGIN IMMEDIATE", Dialect::Sqlite), Ok(plain.clone()));
    assert_eq!(begin("BEGIN DEFERRED TRANSACTION", Dialect::Sqlite), Ok(plain));
    assert_eq!(
        begin(
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Dialect::Postgres
        ),
        Ok(Control::Begin(TransactionOptions {
            isolation: Some(Isolation::RepeatableRead),
            read_only: true,
            ..TransactionOptions::default()
        }))
    );
}

#[test]
fn what_the_library_cannot_do_is_refused_and_not_done_differently() {
    let refusals = [
        (TransactionControl::Begin, "BEGIN EXCLUSIVE", Dialect::Sqlite),
        (TransactionControl::Begin, "BEGIN IMMEDIATE", Dialect::Postgres),
        (
            TransactionControl::Begin,
            "START TRANSACTION WITH CONSISTENT SNAPSHOT",
            Dialect::MySql,
        ),
        (
            TransactionControl::Begin,
            "BEGIN ISOLATION LEVEL READ UNCOMMITTED",
            Dialect::Postgres,
        ),
        (TransactionControl::Begin, "BEGIN DEFERRABLE", Dialect::Postgres),
        (TransactionControl::Commit, "COMMIT AND CHAIN", Dialect::Postgres),
        (
            TransactionControl::Commit,
            "PREPARE TRANSACTION ?",
            Dialect::Postgres,
        ),
        (
            TransactionControl::Rollback,
            "ROLLBACK PREPARED ?",
            Dialect::Postgres,
        ),
        (TransactionControl::Savepoint, "SAVEPOINT", Dialect::Postgres),
    ];
    for (control, sql, dialect) in refusals {
        assert!(read(control, sql, dialect).is_err(), "{sql} must be refused");
    }
}

#[test]
fn savepoints_have_their_names() {
    let name = "\"my point\"".to_owned();
    let sql = format!("SAVEPOINT {name}");
    assert_eq!(
        read(TransactionControl::Savepoint, &sql, Dialect::Sqlite),
        Ok(Control::Savepoint(name.clone()))
    );
    for sql in [
        "ROLLBACK TO a",
        "rollback transaction to savepoint a",
        "ROLLBACK WORK TO a",
    ] {
        let read = read(TransactionControl::RollbackTo, sql, Dialect::MySql);
        assert_eq!(read, Ok(Control::RollBackTo("a".to_owned())), "{sql}");
    }
    for sql in ["RELEASE a", "RELEASE SAVEPOINT a"] {
        let read = read(TransactionControl::Release, sql, Dialect::Sqlite);
        assert_eq!(read, Ok(Control::Release("a".to_owned())), "{sql}");
    }
}

#[test]
fn ends_may_carry_noise_words() {
    for sql in ["COMMIT", "END TRANSACTION", "commit work", "COMMIT AND NO CHAIN"] {
        assert_eq!(
            read(TransactionControl::Commit, sql, Dialect::Postgres),
            Ok(Control::Commit),
            "{sql}"
        );
    }
    assert_eq!(
        read(TransactionControl::Rollback, "ABORT", Dialect::Postgres),
        Ok(Control::RollBack)
    );
}
