//! Every type both ways: what the client wrote is read, and what is written the client finds equal.

use plexidb_core::{Date, Time, Timestamp, Value};
use plexidb_testkit::mariadb;

use super::{connect, query, value};

fn date(year: i32, month: u8, day: u8) -> Date {
    Date::from_ymd(year, month, day).unwrap()
}

fn at(date: Date, micros: i64) -> Timestamp {
    Timestamp::from_parts(date, Time::from_micros(micros)).unwrap()
}

fn clock(hours: i64, minutes: i64, seconds: i64, micros: i64) -> i64 {
    ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros
}

fn bits(text: &str) -> Value {
    let mut bytes = vec![0; text.len().div_ceil(8)];
    for (index, bit) in text.bytes().enumerate() {
        bytes[index / 8] |= (bit - b'0') << (7 - index % 8);
    }
    let len = text.len() as u32;
    Value::Bits { len, bytes }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Column type, literal, value, type name.
type Case = (&'static str, String, Value, &'static str);

fn case(column: &'static str, literal: &str, value: Value, type_name: &'static str) -> Case {
    (column, literal.to_owned(), value, type_name)
}

/// The client stores each literal; it is read here, written again, and compared by the client.
async fn round_trip(cases: Vec<Case>) {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    for (index, (column, literal, expected, type_name)) in cases.into_iter().enumerate() {
        let table = format!("t{index}");
        database.client(&format!(
            "SET sql_mode = '', time_zone = '+00:00'; CREATE TABLE {table} (id int PRIMARY KEY, v {column} NULL); \
             INSERT INTO {table} VALUES (1, {literal}), (3, NULL)"
        ));
        let rows = query(
            &mut *connection,
            &format!("SELECT v FROM {table} ORDER BY id"),
            &[],
        )
        .await;
        let read: Vec<Value> = rows
            .rows()
            .iter()
            .map(|row| row.values().next().unwrap().to_owned())
            .collect();
        assert_eq!(read, [expected.clone(), Value::Null], "{column} {literal}");
        assert_eq!(rows.columns()[0].type_name, type_name, "{column}");

        let insert = format!("INSERT INTO {table} VALUES (2, ?)");
        connection.execute(&insert, &[expected.as_ref()]).await.unwrap();
        let same = database.client(&format!(
            "SELECT a.v = b.v, BINARY a.v = BINARY b.v FROM {table} a, {table} b WHERE a.id = 1 AND b.id = 2"
        ));
        assert_eq!(same, "1\t1", "{column} {literal}");
    }
}

#[tokio::test]
async fn integers() {
    round_trip(vec![
        case("tinyint", "-128", Value::Int(-128), "tinyint"),
        case("tinyint unsigned", "255", Value::UInt(255), "tinyint unsigned"),
        case("tinyint(1)", "1", Value::Int(1), "tinyint"),
        case("smallint", "-32768", Value::Int(-32768), "smallint"),
        case("mediumint", "-8388608", Value::Int(-8_388_608), "mediumint"),
        case(
            "mediumint unsigned",
            "16777215",
            Value::UInt(16_777_215),
            "mediumint unsigned",
        ),
        case("int", "-2147483648", Value::Int(-2_147_483_648), "int"),
        case(
            "int unsigned",
            "4294967295",
            Value::UInt(4_294_967_295),
            "int unsigned",
        ),
        case("bigint", "-9223372036854775808", Value::Int(i64::MIN), "bigint"),
        case(
            "bigint unsigned",
            "18446744073709551615",
            Value::UInt(u64::MAX),
            "bigint unsigned",
        ),
        case("bigint unsigned", "7", Value::UInt(7), "bigint unsigned"),
        case("year", "2155", Value::Int(2155), "year"),
    ])
    .await;
}

#[tokio::test]
async fn numbers_with_fractions() {
    let widest = format!("{}.{}", "9".repeat(35), "123456789012345678901234567890");
    round_trip(vec![
        case("float", "1.17549e-38", Value::Real(1.17549e-38), "float"),
        case(
            "double",
            "1.7976931348623157e308",
            Value::Double(f64::MAX),
            "double",
        ),
        case("double", "5e-324", Value::Double(5e-324), "double"),
        case("double", "0.1", Value::Double(0.1), "double"),
        (
            "decimal(65,30)",
            widest.clone(),
            Value::Decimal(widest.clone()),
            "decimal",
        ),
        (
            "decimal(65,30)",
            format!("-{widest}"),
            Value::Decimal(format!("-{widest}")),
            "decimal",
        ),
        case("decimal(5,2)", "1.50", Value::Decimal("1.50".into()), "decimal"),
    ])
    .await;
}

#[tokio::test]
async fn dates_and_times() {
    let last = at(date(9999, 12, 31), clock(23, 59, 59, 999_999));
    let end_of_timestamps = at(date(2038, 1, 19), clock(3, 14, 7, 999_999));
    round_trip(vec![
        case("date", "'2024-02-29'", Value::Date(date(2024, 2, 29)), "date"),
        case("date", "'9999-12-31'", Value::Date(date(9999, 12, 31)), "date"),
        case("date", "'0001-01-01'", Value::Date(date(1, 1, 1)), "date"),
        case("date", "'0000-00-00'", Value::Other("0000-00-00".into()), "date"),
        case("date", "'2024-00-00'", Value::Other("2024-00-00".into()), "date"),
        case("date", "'2024-05-00'", Value::Other("2024-05-00".into()), "date"),
        case(
            "datetime(6)",
            "'9999-12-31 23:59:59.999999'",
            Value::Timestamp(last),
            "datetime",
        ),
        case(
            "datetime",
            "'0001-01-01 00:00:00'",
            Value::Timestamp(at(date(1, 1, 1), 0)),
            "datetime",
        ),
        case(
            "datetime(3)",
            "'0000-00-00 00:00:00'",
            Value::Other("0000-00-00 00:00:00".into()),
            "datetime",
        ),
        case(
            "timestamp(6)",
            "'2038-01-19 03:14:07.999999'",
            Value::TimestampTz(end_of_timestamps),
            "timestamp",
        ),
        case(
            "timestamp",
            "'0000-00-00 00:00:00'",
            Value::Other("0000-00-00 00:00:00".into()),
            "timestamp",
        ),
        case(
            "time(6)",
            "'838:59:59.999999'",
            Value::Time(Time::from_micros(clock(838, 59, 59, 999_999))),
            "time",
        ),
        case(
            "time(6)",
            "'-838:59:59.999999'",
            Value::Time(Time::from_micros(-clock(838, 59, 59, 999_999))),
            "time",
        ),
        case("time", "'00:00:00'", Value::Time(Time::from_micros(0)), "time"),
    ])
    .await;
}

#[tokio::test]
async fn bit_strings() {
    round_trip(vec![
        case("bit(1)", "b'1'", bits("1"), "bit"),
        case("bit(3)", "b'101'", bits("101"), "bit"),
        case("bit(12)", "b'101010111100'", bits("101010111100"), "bit"),
        case(
            "bit(64)",
            &format!("b'1{}1'", "0".repeat(62)),
            bits(&format!("1{}1", "0".repeat(62))),
            "bit",
        ),
    ])
    .await;
}

#[tokio::test]
async fn text_and_bytes() {
    let all: Vec<u8> = (0..=255).collect();
    let hex: String = all.iter().map(|byte| format!("{byte:02x}")).collect();
    let scripts = "日本語 العربية ελληνικά 👩‍👩‍👧 é\\'\"%\n\t";
    let literal = format!(
        "'{}'",
        scripts
            .replace('\\', "\\\\")
            .replace('\'', "\\'")
            .replace('\n', "\\n")
    );
    let of_scripts = |column, name| case(column, &literal, text(scripts), name);
    let of_all = |column, name| case(column, &format!("x'{hex}'"), Value::Bytes(all.clone()), name);
    round_trip(vec![
        of_scripts("char(60)", "char"),
        of_scripts("varchar(60)", "varchar"),
        of_scripts("tinytext", "tinytext"),
        of_scripts("text", "text"),
        of_scripts("mediumtext", "mediumtext"),
        of_scripts("longtext", "longtext"),
        of_scripts("varchar(60) COLLATE utf8mb4_bin", "varchar"),
        case("varchar(9)", "''", text(""), "varchar"),
        case("text CHARACTER SET latin1", "'caf\u{e9}'", text("café"), "text"),
        of_all("blob", "blob"),
        of_all("mediumblob", "mediumblob"),
        of_all("longblob", "longblob"),
        of_all("varbinary(256)", "varbinary"),
        case(
            "tinyblob",
            "x'00ff27'",
            Value::Bytes(vec![0, 0xff, 0x27]),
            "tinyblob",
        ),
        case("binary(3)", "x'0aff00'", Value::Bytes(vec![10, 255, 0]), "binary"),
    ])
    .await;
}

#[tokio::test]
async fn named_and_structured_types() {
    round_trip(vec![
        case("enum('small','größer')", "'größer'", text("größer"), "enum"),
        case("set('a','b','c')", "'a,c'", text("a,c"), "set"),
        case("enum('a','B') CHARACTER SET binary", "'B'", text("B"), "enum"),
        // MariaDB's JSON is text with a check.
        case(
            "json",
            r#"'{"a": [1, null]}'"#,
            text(r#"{"a": [1, null]}"#),
            "longtext",
        ),
        case(
            "uuid",
            "'12345678-9abc-4ef0-8234-56789abcdef0'",
            text("12345678-9abc-4ef0-8234-56789abcdef0"),
            "char",
        ),
        case("inet6", "'2001:db8::1'", text("2001:db8::1"), "char"),
    ])
    .await;
}

#[tokio::test]
async fn a_uuid_finds_its_row() {
    let database = mariadb().fresh_database();
    database.client(
        "CREATE TABLE t (id uuid PRIMARY KEY); INSERT INTO t VALUES ('12345678-9abc-4ef0-8234-56789abcdef0')",
    );
    let mut connection = connect(&database.url()).await;
    let id = 0x1234_5678_9abc_4ef0_8234_5678_9abc_def0_u128.to_be_bytes();
    let found = value(
        &mut *connection,
        "SELECT count(*) FROM t WHERE id = ?",
        &[plexidb_core::ValueRef::Uuid(id)],
    )
    .await;
    assert_eq!(found, Value::Int(1));
}

#[tokio::test]
async fn bits_are_found_by_bits() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (v bit(12)); INSERT INTO t VALUES (b'101010111100'), (b'1')");
    let mut connection = connect(&database.url()).await;
    let sql = "SELECT count(*) FROM t WHERE v = ?";
    let found = value(&mut *connection, sql, &[bits("101010111100").as_ref()]).await;
    assert_eq!(found, Value::Int(1));
}

#[tokio::test]
async fn geometry_arrives_as_bytes_with_its_name() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE t (v geometry); INSERT INTO t VALUES (ST_GeomFromText('POINT(1 2)'))");
    let mut connection = connect(&database.url()).await;
    let rows = query(&mut *connection, "SELECT v FROM t", &[]).await;
    assert_eq!(rows.columns()[0].type_name, "geometry");
    let hex: String = rows[0]
        .get::<&[u8]>(0)
        .unwrap()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    assert_eq!(hex, database.client("SELECT HEX(v) FROM t"));
}

#[tokio::test]
async fn statements_that_cannot_be_prepared_give_the_same_values() {
    let database = mariadb().fresh_database();
    database.client(
        "CREATE TABLE t (i bigint unsigned, d decimal(9,3), x double, day date, at datetime(6), span time(3), s text, \
         b blob, f bit(3), n int); INSERT INTO t VALUES (18446744073709551615, 1.5, 0.1, '2024-02-29', \
         '2024-01-02 03:04:05.6', '-12:30:00.25', 'é', x'00ff', b'101', NULL); \
         CREATE PROCEDURE p() SELECT * FROM t",
    );
    let mut connection = connect(&database.url()).await;
    let prepared = query(&mut *connection, "SELECT * FROM t", &[]).await;
    // A text that the client library would misread goes by the text protocol.
    let by_text = query(
        &mut *connection,
        "SELECT * FROM t WHERE '' = /* why */ substr(5-'at :noon', 9)",
        &[],
    )
    .await;
    assert_eq!(by_text.len(), 1);
    assert_eq!(prepared, by_text);
}
