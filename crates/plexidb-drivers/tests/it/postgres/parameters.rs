//! Values that convert, and those that are refused before anything is sent.

use plexidb_core::{DriverError, ErrorKind, Timestamp, Value, ValueRef};

use super::{assert_usable, connect, query, try_query};

#[tokio::test]
async fn values_convert_to_the_type_that_the_server_inferred() {
    let mut connection = connect().await;
    for (sql, value, expected) in [
        ("SELECT $1", ValueRef::Int(5), Value::Text("5".into())),
        (
            "SELECT $1::numeric",
            ValueRef::UInt(u64::MAX),
            Value::Decimal("18446744073709551615".into()),
        ),
        ("SELECT $1::float8", ValueRef::Int(3), Value::Double(3.0)),
        ("SELECT $1::int8", ValueRef::Text("-9"), Value::Int(-9)),
        (
            "SELECT $1::jsonb",
            ValueRef::Text("[1]"),
            Value::Json("[1]".into()),
        ),
        ("SELECT $1::date::text", ValueRef::Null, Value::Null),
        (
            "SELECT $1::timestamptz::text",
            ValueRef::Timestamp(Timestamp::from_micros_since_2000(0)),
            Value::Text("2000-01-01 00:00:00+00".into()),
        ),
    ] {
        let rows = query(&mut connection, sql, &[value]).await;
        assert_eq!(rows[0].get::<Value>(0).unwrap(), expected, "{sql} of {value}");
    }
}

#[tokio::test]
async fn a_wrong_count_or_kind_is_refused_and_the_connection_stays() {
    let mut connection = connect().await;
    let count = try_query(&mut connection, "SELECT $1::int4, $2::int4", &[ValueRef::Int(1)]).await;
    assert!(
        matches!(
            count,
            Err(DriverError::ParameterCount {
                expected: 2,
                given: 1
            })
        ),
        "{count:?}"
    );

    let error = try_query(
        &mut connection,
        "SELECT $1::int4, $2::int4",
        &[ValueRef::Int(1), ValueRef::Bool(true)],
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameters);
    assert_eq!(
        error.to_string(),
        "parameter 2: a boolean value cannot be sent as int4"
    );

    let error = try_query(&mut connection, "SELECT $1::int2", &[ValueRef::Int(70_000)])
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("70000 is outside its range of -32768 to 32767"),
        "{error}"
    );

    let error = try_query(&mut connection, "SELECT $1::text", &[ValueRef::Text("a\0b")])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("NUL"), "{error}");

    let error = try_query(&mut connection, "SELECT $1::int4", &[ValueRef::Text("many")])
        .await
        .unwrap_err();
    assert_eq!(
        error.sql_error().unwrap().sqlstate.as_deref(),
        Some("22P02"),
        "{error}"
    );
    assert_usable(&mut connection).await;
}

#[tokio::test]
async fn a_statement_takes_as_many_parameters_as_the_protocol_allows() {
    let mut connection = connect().await;
    let numbers: Vec<i64> = (0..65_535).collect();
    let placeholders: Vec<String> = numbers
        .iter()
        .map(|index| format!("(${}::int8)", index + 1))
        .collect();
    let values: Vec<ValueRef<'_>> = numbers.iter().map(|number| ValueRef::Int(*number)).collect();
    let sql = format!("SELECT sum(v) FROM (VALUES {}) t(v)", placeholders.join(","));
    let rows = query(&mut connection, &sql, &values).await;
    assert_eq!(rows[0].get::<i64>(0).unwrap(), 65_535 * 65_534 / 2);
}
