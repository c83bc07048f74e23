//! Every type, out of the server and back in as a parameter, against psql's text.

use plexidb_core::{Connection, Value, ValueRef};
use plexidb_testkit::{PostgresDatabase, postgres};

use super::{connect_to, query};

/// A type, literals of it, the name that the column reports, and the kind of value that arrives.
type Case = (&'static str, &'static [&'static str], &'static str, &'static str);

const SCALARS: &[Case] = &[
    ("int2", &["-32768", "0", "32767"], "int2", "integer"),
    ("int4", &["-2147483648", "2147483647"], "int4", "integer"),
    (
        "int8",
        &["-9223372036854775808", "9223372036854775807"],
        "int8",
        "integer",
    ),
    ("oid", &["0", "4294967295"], "oid", "integer"),
    ("bool", &["true", "false"], "bool", "boolean"),
    (
        "float4",
        &[
            "0.1",
            "-0",
            "3.4028235e38",
            "1e-45",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
        "float4",
        "real",
    ),
    (
        "float8",
        &[
            "0.1",
            "1.7976931348623157e308",
            "5e-324",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
        "float8",
        "double",
    ),
    (
        "numeric",
        &[
            "0",
            "-0.00",
            "12345.6700",
            "1e-30",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
        "numeric",
        "decimal",
    ),
    (
        "text",
        &["", "plain", "Grüße, 世界 🦀", "a\\b\"c'd\tline"],
        "text",
        "text",
    ),
    ("varchar(20)", &["name"], "varchar", "text"),
    ("char(4)", &["ab"], "bpchar", "text"),
    ("name", &["relname"], "name", "text"),
    ("\"char\"", &["x", "\\101"], "\"char\"", "text"),
    ("bytea", &["\\x", "\\x00ff5c27"], "bytea", "bytes"),
    (
        "date",
        &[
            "2024-02-29",
            "0044-03-15 BC",
            "4713-01-01 BC",
            "5874897-12-31",
            "infinity",
            "-infinity",
        ],
        "date",
        "date",
    ),
    (
        "time",
        &["00:00:00", "23:59:59.999999", "24:00:00", "01:02:03.5"],
        "time",
        "time",
    ),
    (
        "timetz",
        &["12:00:00+00", "23:59:59.5-12:30", "01:02:03+05:45:15"],
        "timetz",
        "time with time zone",
    ),
    (
        "timestamp",
        &[
            "2024-02-29 12:30:00.5",
            "1999-12-31 23:59:59.999999",
            "0001-01-01 00:00:00 BC",
            "4713-01-01 00:00:00 BC",
            "294276-12-31 23:59:59.999999",
            "infinity",
            "-infinity",
        ],
        "timestamp",
        "timestamp",
    ),
    (
        "timestamptz",
        &[
            "2024-02-29 12:30:00+02",
            "0100-06-01 00:00:00+00 BC",
            "infinity",
            "-infinity",
        ],
        "timestamptz",
        "timestamp with time zone",
    ),
    (
        "interval",
        &[
            "0",
            "1 year 2 mons -3 days 04:05:06.7",
            "-1 mon +1 day -00:00:00.000001",
            "178000000 years",
        ],
        "interval",
        "interval",
    ),
    ("uuid", &["00112233-4455-6677-8899-aabbccddeeff"], "uuid", "uuid"),
    ("json", &["{\"a\" : [1, 2.50, null] }"], "json", "json"),
    (
        "jsonb",
        &["{\"b\": 1.10, \"a\": \"ü\"}", "null", "3"],
        "jsonb",
        "json",
    ),
    ("bit(9)", &["101010101"], "bit", "bit string"),
    ("varbit", &["", "1", "10000000001"], "varbit", "bit string"),
];

const ARRAYS: &[Case] = &[
    ("int2[]", &["{}", "{1,-2,NULL}", "[0:1]={7,8}"], "int2[]", "array"),
    (
        "int4[]",
        &["{{1,2},{3,4}}", "[-1:0][2:3]={{1,2},{3,NULL}}", "{{{1}},{{2}}}"],
        "int4[]",
        "array",
    ),
    ("int8[]", &["{9223372036854775807}"], "int8[]", "array"),
    ("bool[]", &["{t,f,NULL}"], "bool[]", "array"),
    ("float8[]", &["{1.5,NaN,-Infinity}"], "float8[]", "array"),
    (
        "numeric[]",
        &["{0,0.00,-12.50,NaN,1e-8,123456789012345678901234567890.0001}"],
        "numeric[]",
        "array",
    ),
    (
        "text[]",
        &["{a,\"\",NULL,\"NULL\",\"two words\",\"q\\\"b\\\\\",\"{x,y}\",ü}"],
        "text[]",
        "array",
    ),
    ("varchar[]", &["{x}"], "varchar[]", "array"),
    ("\"char\"[]", &["{x,y}"], "\"char\"[]", "array"),
    ("bytea[]", &["{\"\\\\x00ff\",\"\\\\x\",NULL}"], "bytea[]", "array"),
    (
        "date[]",
        &["{2024-02-29,infinity,\"0044-03-15 BC\"}"],
        "date[]",
        "array",
    ),
    (
        "timestamptz[]",
        &["{\"2024-02-29 12:30:00+00\",NULL}"],
        "timestamptz[]",
        "array",
    ),
    (
        "interval[]",
        &["{\"1 day\",\"-00:00:01\"}"],
        "interval[]",
        "array",
    ),
    (
        "uuid[]",
        &["{00112233-4455-6677-8899-aabbccddeeff}"],
        "uuid[]",
        "array",
    ),
    ("json[]", &["{\"{\\\"a\\\": 1}\",null}"], "json[]", "array"),
    ("jsonb[]", &["{\"{\\\"a\\\": [1, 2]}\",NULL}"], "jsonb[]", "array"),
    ("varbit[]", &["{101,1}"], "varbit[]", "array"),
    ("mood[]", &["{happy,NULL,\"very sad\"}"], "mood[]", "array"),
    ("positive[]", &["{1,2}"], "positive[]", "array"),
];

const OTHERS: &[Case] = &[
    ("mood", &["very sad"], "mood", "text"),
    ("positive", &["7"], "int4", "integer"),
    ("pair", &["(1,\"a b\")", "(,)"], "pair", "other"),
    ("int4range", &["[1,10)", "empty"], "int4range", "other"),
    ("int4multirange", &["{[1,3),[5,7)}"], "int4multirange", "other"),
    ("inet", &["192.168.0.1/24", "::1"], "inet", "other"),
    ("macaddr", &["08:00:2b:01:02:03"], "macaddr", "other"),
    ("money", &["12.34"], "money", "other"),
    ("point", &["(1.5,-2)"], "point", "other"),
    ("polygon", &["((0,0),(1,1),(1,0))"], "polygon", "other"),
    ("tsvector", &["'fat':2 'rat':3"], "tsvector", "other"),
    ("tsquery", &["fat & rat"], "tsquery", "other"),
    ("xml", &["<a>1</a>"], "xml", "other"),
    ("pg_lsn", &["16/B374D848"], "pg_lsn", "other"),
    ("regclass", &["pg_class"], "regclass", "other"),
    ("inet[]", &["{10.0.0.1,NULL}"], "inet[]", "other"),
    ("pair[]", &["{\"(1,x)\",NULL}"], "pair[]", "other"),
];

fn database() -> PostgresDatabase<'static> {
    let database = postgres().fresh_database();
    database.client(
        "CREATE TYPE mood AS ENUM ('happy', 'very sad');
         CREATE DOMAIN positive AS int4 CHECK (VALUE > 0);
         CREATE TYPE pair AS (n int4, t text);",
    );
    database
}

/// What psql prints for a value; floats and booleans are compared as values.
fn is_equal(value: &Value, psql: &str) -> bool {
    match value {
        Value::Bool(value) => psql == if *value { "t" } else { "f" },
        Value::Real(value) => {
            let expected: f32 = psql.parse().unwrap();
            expected.to_bits() == value.to_bits() || (expected.is_nan() && value.is_nan())
        }
        Value::Double(value) => {
            let expected: f64 = psql.parse().unwrap();
            expected.to_bits() == value.to_bits() || (expected.is_nan() && value.is_nan())
        }
        value => value.to_string() == psql,
    }
}

async fn check(connection: &mut Box<dyn Connection>, database: &PostgresDatabase<'_>, cases: &[Case]) {
    for (type_name, literals, column_type, kind) in cases {
        for literal in *literals {
            let expression = format!(
                "E'{}'::{type_name}",
                literal.replace('\\', "\\\\").replace('\'', "''")
            );
            let oracle = database.client(&format!("SET timezone = 'UTC'; SELECT {expression}"));

            let rows = query(connection, &format!("SELECT {expression} AS v"), &[]).await;
            assert_eq!(rows.columns()[0].type_name, *column_type, "{expression}");
            let value: Value = rows[0].get("v").unwrap();
            assert_eq!(value.as_ref().type_name(), *kind, "{expression}");
            assert!(
                is_equal(&value, &oracle),
                "{expression}: {value} is not psql's {oracle}"
            );

            let echo = format!("SELECT $1::{type_name} AS v");
            let rows = query(connection, &echo, &[value.as_ref()]).await;
            let returned: Value = rows[0].get("v").unwrap();
            assert!(
                is_equal(&returned, &oracle),
                "{echo} of {value} gave {returned}, not {oracle}"
            );
        }
        let rows = query(connection, &format!("SELECT $1::{type_name}"), &[ValueRef::Null]).await;
        assert_eq!(rows[0].get::<Value>(0).unwrap(), Value::Null, "{type_name}");
    }
}

#[tokio::test]
async fn scalars_round_trip() {
    let database = database();
    let mut connection = connect_to(&database.url()).await;
    check(&mut connection, &database, SCALARS).await;
}

#[tokio::test]
async fn arrays_round_trip_with_nulls_and_bounds() {
    let database = database();
    let mut connection = connect_to(&database.url()).await;
    check(&mut connection, &database, ARRAYS).await;
}

#[tokio::test]
async fn types_without_a_mapping_arrive_as_their_text_and_name() {
    let database = database();
    let mut connection = connect_to(&database.url()).await;
    check(&mut connection, &database, OTHERS).await;
}

#[tokio::test]
async fn numbers_of_any_precision_are_exact() {
    let database = database();
    let mut connection = connect_to(&database.url()).await;
    let digits = "9".repeat(200);
    let number = format!("-{digits}.{}1", "0".repeat(120));
    let rows = query(
        &mut connection,
        "SELECT $1::numeric AS v",
        &[ValueRef::Decimal(&number)],
    )
    .await;
    assert_eq!(rows[0].get::<Value>("v").unwrap(), Value::Decimal(number.clone()));
    let sql = format!("SELECT ARRAY[{number}, {digits}]");
    let rows = query(&mut connection, &sql, &[]).await;
    assert_eq!(
        rows[0].get::<Value>(0).unwrap().to_string(),
        database.client(&sql)
    );
}

#[tokio::test]
async fn large_values_pass_in_both_directions() {
    let database = database();
    let mut connection = connect_to(&database.url()).await;
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let rows = query(
        &mut connection,
        "SELECT $1::bytea AS v, md5($1)",
        &[ValueRef::Bytes(&bytes)],
    )
    .await;
    assert_eq!(rows[0].get::<Value>("v").unwrap(), Value::Bytes(bytes));
    let oracle = "SELECT md5(string_agg(set_byte('\\x00', 0, (n * 7 % 251)::int), '' ORDER BY n)) FROM generate_series(0::int8, 4999999) n";
    assert_eq!(rows[0].get::<&str>(1).unwrap(), database.client(oracle));
}

#[tokio::test]
async fn text_that_is_not_utf8_is_an_error_that_names_the_column() {
    let name = "plexidb_sql_ascii_values";
    let server = postgres();
    server.client(&format!("DROP DATABASE IF EXISTS {name}"));
    server.client(&format!(
        "CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    ));
    let mut connection = connect_to(&server.url().replace("/postgres", &format!("/{name}"))).await;
    let sql = "SELECT 'fine' AS a, convert_from('\\xff', 'SQL_ASCII') AS b UNION ALL SELECT 'x', 'y'";
    // The server itself refuses, unless it has been told that the client takes any bytes.
    let error = super::try_query(&mut connection, sql, &[]).await.unwrap_err();
    assert_eq!(
        error.sql_error().unwrap().sqlstate.as_deref(),
        Some("22021"),
        "{error}"
    );
    connection
        .control("SET client_encoding = 'SQL_ASCII'")
        .await
        .unwrap();
    let error = super::try_query(&mut connection, sql, &[]).await.unwrap_err();
    assert!(
        matches!(&error, plexidb_core::DriverError::Encoding { column } if column == "b"),
        "{error}"
    );
    super::assert_usable(&mut connection).await;
    connection.close().await;
    server.client(&format!("DROP DATABASE {name} WITH (FORCE)"));
}
