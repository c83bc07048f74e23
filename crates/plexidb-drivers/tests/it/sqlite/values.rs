//! Each type in and out, against SQLite's own typeof, quote and hex.

use plexidb_core::{Array, Bits, Date, DriverError, ErrorKind, Interval, Time, TimeTz, Timestamp, ValueRef};

use super::{memory, query};

/// A parameter, SQLite's type of it, SQLite's literal of it, and the value that comes back.
async fn check(param: ValueRef<'_>, storage: &str, literal: &str, back: ValueRef<'_>) {
    let mut connection = memory().await;
    let rows = query(&mut connection, "SELECT typeof(?1), quote(?1), ?1", &[param])
        .await
        .unwrap();
    assert_eq!(rows[0].get::<&str>(0).unwrap(), storage, "{param:?}");
    assert_eq!(rows[0].get::<&str>(1).unwrap(), literal, "{param:?}");
    assert_eq!(rows[0].get::<ValueRef<'_>>(2).unwrap(), back, "{param:?}");
}

#[tokio::test]
async fn values_with_a_storage_class_of_their_own_come_back_as_they_were() {
    for (value, storage, literal) in [
        (ValueRef::Null, "null", "NULL"),
        (ValueRef::Int(0), "integer", "0"),
        (ValueRef::Int(i64::MIN), "integer", "-9223372036854775808"),
        (ValueRef::Int(i64::MAX), "integer", "9223372036854775807"),
        (ValueRef::Double(0.1), "real", "0.1"),
        (ValueRef::Double(-5e-324), "real", "-4.9406564584124654e-324"),
        (ValueRef::Double(f64::MAX), "real", "1.7976931348623157e+308"),
        (ValueRef::Double(f64::INFINITY), "real", "9.0e+999"),
        (ValueRef::Double(f64::NEG_INFINITY), "real", "-9.0e+999"),
        (ValueRef::Text(""), "text", "''"),
        (ValueRef::Text("it's"), "text", "'it''s'"),
        (ValueRef::Text("Grüße, 世界 🦀"), "text", "'Grüße, 世界 🦀'"),
        (ValueRef::Bytes(b""), "blob", "X''"),
        (ValueRef::Bytes(b"\0\xff'"), "blob", "X'00FF27'"),
    ] {
        check(value, storage, literal, value).await;
    }
}

#[tokio::test]
async fn other_values_are_stored_in_a_form_that_loses_nothing() {
    let at = Timestamp::from_parts(
        Date::from_ymd(2024, 2, 29).unwrap(),
        Time::from_micros(45_000_500_000),
    )
    .unwrap();
    let uuid = *b"\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x14\x17\x40\x00";
    let zoned = |offset_seconds| {
        ValueRef::TimeTz(TimeTz {
            time: Time::from_micros(45_000_000_000),
            offset_seconds,
        })
    };
    let span = Interval {
        months: 14,
        days: 3,
        micros: 0,
    };
    for (value, storage, literal, back) in [
        (ValueRef::Bool(true), "integer", "1", ValueRef::Int(1)),
        (ValueRef::Bool(false), "integer", "0", ValueRef::Int(0)),
        (ValueRef::UInt(7), "integer", "7", ValueRef::Int(7)),
        (ValueRef::Real(0.5), "real", "0.5", ValueRef::Double(0.5)),
        text(
            ValueRef::Decimal("123456789012345678901234567890.10"),
            "123456789012345678901234567890.10",
        ),
        text(ValueRef::Date(Date::from_ymd(2024, 2, 29).unwrap()), "2024-02-29"),
        text(ValueRef::Time(Time::from_micros(1)), "00:00:00.000001"),
        text(zoned(7_200), "12:30:00+02:00"),
        text(zoned(-19_800), "12:30:00-05:30"),
        text(ValueRef::Timestamp(at), "2024-02-29 12:30:00.5"),
        text(ValueRef::TimestampTz(at), "2024-02-29 12:30:00.5+00:00"),
        text(ValueRef::Timestamp(Timestamp::INFINITY), "infinity"),
        text(ValueRef::Interval(span), "1 year 2 mons 3 days"),
        text(ValueRef::Uuid(uuid), "123e4567-e89b-12d3-a456-426614174000"),
        text(ValueRef::Json("{\"a\": 1}"), "{\"a\": 1}"),
        text(ValueRef::Other("(1,2)"), "(1,2)"),
    ] {
        let literal = if storage == "text" {
            format!("'{literal}'")
        } else {
            literal.to_owned()
        };
        check(value, storage, &literal, back).await;
    }
}

fn text<'a>(value: ValueRef<'a>, text: &'a str) -> (ValueRef<'a>, &'static str, &'a str, ValueRef<'a>) {
    (value, "text", text, ValueRef::Text(text))
}

#[tokio::test]
async fn sqlites_date_functions_read_our_times() {
    let mut connection = memory().await;
    let at = Timestamp::from_micros_since_2000(1_500_000);
    let zoned = TimeTz {
        time: Time::from_micros(3_600_000_000),
        offset_seconds: 3_600,
    };
    let sql = "SELECT strftime('%Y-%m-%d %H:%M:%f', ?1), strftime('%Y-%m-%d %H:%M:%f', ?2), time(?3)";
    let params = [
        ValueRef::Timestamp(at),
        ValueRef::TimestampTz(at),
        ValueRef::TimeTz(zoned),
    ];
    let rows = query(&mut connection, sql, &params).await.unwrap();
    let row: (String, String, String) = rows[0].deserialize().unwrap();
    assert_eq!(row.0, "2000-01-01 00:00:01.500");
    assert_eq!(row.1, row.0);
    assert_eq!(row.2, "00:00:00");
}

#[tokio::test]
async fn values_that_sqlite_would_lose_are_refused() {
    let mut connection = memory().await;
    let array = Array::from_values([]);
    for value in [
        ValueRef::UInt(u64::MAX),
        ValueRef::Double(f64::NAN),
        ValueRef::Real(f32::NAN),
        ValueRef::Bits(Bits {
            len: 1,
            bytes: &[128],
        }),
        ValueRef::Array(array.as_ref()),
    ] {
        let error = query(&mut connection, "SELECT ?, ?", &[ValueRef::Int(1), value])
            .await
            .unwrap_err();
        assert!(
            matches!(error, DriverError::ParameterType { position: 2, .. }),
            "{error}"
        );
    }
    let error = query(&mut connection, "SELECT ?", &[ValueRef::UInt(u64::MAX)])
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("18446744073709551615 is beyond 64 signed bits"),
        "{error}"
    );
}

#[tokio::test]
async fn text_with_nul_characters_comes_back_whole() {
    let mut connection = memory().await;
    let rows = query(&mut connection, "SELECT ?1, hex(?1)", &[ValueRef::Text("a\0b")])
        .await
        .unwrap();
    assert_eq!(
        rows[0].deserialize::<(String, String)>().unwrap(),
        ("a\0b".into(), "610062".into())
    );
}

#[tokio::test]
async fn text_that_is_not_utf8_is_an_error_that_names_its_column() {
    let mut connection = memory().await;
    let sql = "SELECT 1 AS fine, CAST(x'c328' AS TEXT) AS broken";
    let error = query(&mut connection, sql, &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encoding);
    assert!(error.to_string().contains("\"broken\""), "{error}");
    let rows = query(&mut connection, "SELECT CAST(CAST(x'c328' AS TEXT) AS BLOB)", &[])
        .await
        .unwrap();
    assert_eq!(rows[0].get::<&[u8]>(0).unwrap(), b"\xc3\x28");
}

#[tokio::test]
async fn columns_carry_their_declared_types() {
    let mut connection = memory().await;
    super::run(
        &mut connection,
        "CREATE TABLE t (id INTEGER, name VARCHAR(20), x)",
    )
    .await;
    let rows = query(&mut connection, "SELECT id, name AS n, x, id + 1 FROM t", &[])
        .await
        .unwrap();
    let columns: Vec<(&str, &str)> = rows
        .columns()
        .iter()
        .map(|column| (&*column.name, &*column.type_name))
        .collect();
    assert_eq!(
        columns,
        [("id", "INTEGER"), ("n", "VARCHAR(20)"), ("x", ""), ("id + 1", "")]
    );
    assert!(rows.is_empty());
}
