//! Which statements need a session of their own.

use super::check;

#[test]
fn what_a_session_would_have_to_keep_is_refused() {
    for sql in [
        "SET work_mem = '1GB'",
        "/* a */ -- b\n set SESSION TimeZone TO 'UTC'",
        "RESET ALL",
        "LISTEN news",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "CREATE TEMP TABLE t (id int)",
        "CREATE LOCAL TEMPORARY TABLE t (id int)",
        "SELECT 1 AS a INTO TEMP t",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock_shared(1)",
        "SELECT set_config('app.tenant', $1, false)",
    ] {
        for is_in_transaction in [false, true] {
            let error = check(sql, is_in_transaction).unwrap_err().to_string();
            assert!(error.contains("pooler=session"), "{sql}: {error}");
        }
    }
    for sql in [
        "SELECT set_config('app.tenant', $1, true)",
        "SELECT currval('s')",
        "CREATE TEMP TABLE t (id int) ON COMMIT DROP",
    ] {
        assert!(check(sql, false).is_err(), "{sql}");
        assert!(check(sql, true).is_ok(), "{sql}");
    }
}

#[test]
fn what_a_transaction_keeps_is_let_through() {
    for sql in [
        "SELECT 1",
        "BEGIN",
        "SET LOCAL work_mem = '1GB'",
        "SET TRANSACTION READ ONLY",
        "SET CONSTRAINTS ALL DEFERRED",
        "PREPARE TRANSACTION 'x'",
        "CREATE TABLE temp (id int)",
        "DECLARE c CURSOR FOR SELECT 1",
        "SELECT pg_advisory_xact_lock(1)",
        "UPDATE settings SET reset = 1",
        "",
    ] {
        check(sql, false).unwrap();
    }
}
