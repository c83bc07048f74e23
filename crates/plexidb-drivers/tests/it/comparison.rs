//! What a catalog says of a column's comparison, with the database as the judge: values that it holds equal have one hash.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use plexidb_core::{Connection, Dialect, Limits, Value, ValueRef};

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

/// What applications send for a handful of values, and what resembles them.
fn values() -> Vec<Value> {
    let mut values: Vec<Value> = vec![
        Value::Bool(true),
        Value::Bool(false),
        Value::UInt(7),
        Value::UInt(u64::MAX),
        Value::Real(7.0),
        Value::Double(7.0),
        Value::Double(7.4),
        Value::Double(-0.0),
        Value::Double(9_007_199_254_740_992.0),
        Value::Double(1e300),
        Value::Bytes(b"abc"[..].into()),
        Value::Bytes(b"abc "[..].into()),
        Value::Bytes(b"ABC"[..].into()),
        Value::Bytes(b"7"[..].into()),
        Value::Uuid([0xab; 16]),
    ];
    let integers = [0, 1, -1, 7, 10, 2024, i64::MIN, i64::MAX];
    let large = [9_007_199_254_740_992, 9_007_199_254_740_993];
    values.extend(integers.into_iter().chain(large).map(Value::Int));
    let decimals = [
        "7",
        "7.0",
        "7.00000",
        "7.4",
        "7.5",
        "8",
        "-0.0",
        "0",
        "9007199254740993",
        "1.0000000000001",
    ];
    values.extend(decimals.map(|text| Value::Decimal(text.into())));
    let texts = [
        "",
        " ",
        "0",
        "-0",
        "7",
        "07",
        " 7",
        "7 ",
        "+7",
        "7.0",
        "7e0",
        "7abc",
        "0x7",
        "1",
        "10",
        "1e1",
        "true",
        "t",
        "9007199254740993",
        "abc",
        "ABC",
        "aBc",
        "abc ",
        "abc  ",
        "abcd",
        "abcde",
        "\tabc",
        "abc\n",
        "abc\0",
        "äbc",
        "Äbc",
        "a\u{308}bc",
        "ss",
        "ß",
        "ſs",
        "SS",
        "ı",
        "I",
        "İ",
        "K",
        "\u{212a}",
        "k",
        "ﬁ",
        "fi",
        "\u{ad}abc",
        "\u{200b}abc",
        "😀",
        "😁",
        "a-b",
        "ab",
        "a_b",
        "NULL",
        "2024-01-01",
        "2024",
        "abababab-abab-abab-abab-abababababab",
        "ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB",
        "abababababababababababababababab",
        "{abababab-abab-abab-abab-abababababab}",
    ];
    values.extend(texts.map(|text| Value::Text(text.into())));
    values
}

/// The value as a literal of SQL, where it has a plain one.
fn literal(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Int(number) => Some(number.to_string()),
        ValueRef::Decimal(text) => Some(text.to_owned()),
        ValueRef::Double(number) => Some(format!("{number:e}")),
        ValueRef::Text(text) if !text.contains('\0') => Some(format!("'{}'", text.replace('\'', "''"))),
        ValueRef::Bool(value) => Some(if value { "true" } else { "false" }.into()),
        _ => None,
    }
}

/// Stores each value in a column of each type, in a table of its own with these options, and looks for each. Returns the
/// types of which something is known.
async fn check<'t>(
    connection: &mut dyn Connection,
    dialect: Dialect,
    types: &[&'t str],
    options: &str,
    values: &[Value],
) -> Vec<&'t str> {
    for (index, of_type) in types.iter().enumerate() {
        let create = format!("CREATE TABLE compared{index} (id INT, c {of_type}) {options}");
        connection.execute(&create, &[]).await.unwrap();
    }
    let catalog = connection.catalog().await.unwrap();
    let mut known = Vec::new();
    let mut violations = Vec::new();
    for (index, of_type) in types.iter().enumerate() {
        let table = format!("compared{index}");
        let column = &catalog.table(None, &table).unwrap().columns[1];
        if column.comparison.is_opaque() {
            continue;
        }
        known.push(*of_type);
        let mut matches = 0;
        let mut compared = Compared {
            connection,
            dialect,
            table,
            values,
        };
        let stored = compared.store().await;
        for sought in values {
            for id in compared.matches(sought).await {
                matches += 1;
                let sought_hash = column.comparison.hash(sought.as_ref());
                for written in [&stored[id].0, &stored[id].1] {
                    let hash = column.comparison.hash(written.as_ref());
                    if hash.is_some() && sought_hash.is_some() && hash != sought_hash {
                        violations.push(format!("{of_type}: {written:?} = {sought:?}"));
                    }
                }
            }
        }
        assert!(matches > 0, "{of_type}: nothing was found");
    }
    assert!(violations.is_empty(), "{violations:#?}");
    known
}

/// A table with the column under test.
struct Compared<'c> {
    connection: &'c mut dyn Connection,
    dialect: Dialect,
    table: String,
    values: &'c [Value],
}

impl Compared<'_> {
    /// Stores each value that the database takes; returns each as it was given and as it is now.
    async fn store(&mut self) -> Vec<(Value, Value)> {
        let table = &self.table;
        let (id, value) = match self.dialect {
            Dialect::Postgres => ("$1", "$2"),
            _ => ("?", "?"),
        };
        let insert = format!("INSERT INTO {table} (id, c) VALUES ({id}, {value})");
        let select = format!("SELECT c FROM {table} WHERE id = {id}");
        let mut stored: Vec<(Value, Value)> = Vec::new();
        for given in self.values {
            let id = ValueRef::Int(stored.len() as i64);
            if self
                .connection
                .execute(&insert, &[id, given.as_ref()])
                .await
                .is_ok()
            {
                let rows = self
                    .connection
                    .query(&select, &[id], Limits::default())
                    .await
                    .unwrap();
                let now = rows[0].get::<ValueRef<'_>>(0).unwrap().to_owned();
                stored.push((given.clone(), now));
            }
        }
        stored
    }

    /// The numbers of the rows that are found by a value, as a parameter and as a literal.
    async fn matches(&mut self, sought: &Value) -> Vec<usize> {
        let table = &self.table;
        let parameter = if self.dialect == Dialect::Postgres {
            "$1"
        } else {
            "?"
        };
        let mut found = Vec::new();
        let by_parameter = format!("SELECT id FROM {table} WHERE c = {parameter}");
        let by_literal = literal(sought.as_ref());
        let by_literal = by_literal.map(|text| format!("SELECT id FROM {table} WHERE c = {text}"));
        let by_parameter = (by_parameter, vec![sought.as_ref()]);
        let by_literal = by_literal.map(|sql| (sql, Vec::new()));
        for (sql, params) in [Some(by_parameter), by_literal].into_iter().flatten() {
            // What the database refuses is no read.
            if let Ok(rows) = self.connection.query(&sql, &params, Limits::default()).await {
                found.extend(rows.rows().iter().map(|row| row.get::<i64>(0).unwrap() as usize));
            }
        }
        found
    }
}
