//! Values for columns, few of each kind so that rows meet, as literals or as parameters of all spellings.
//!
//! Invariant: a text under construction holds marks for its parameters; only the finished text decides their numbers.

use plexidb_core::CatalogColumn;
use rusqlite::types::Value;

use super::dice::Dice;

const MARK: char = '\u{1}';

pub(super) struct Values {
    pub(super) dice: Dice,
    params: Vec<Value>,
}

impl Values {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            params: Vec::new(),
        }
    }

    /// A value that suits the column, or nearly.
    pub(super) fn of(&mut self, column: &CatalogColumn) -> String {
        let number = i64::try_from(self.dice.below(6)).unwrap();
        let text = self.dice.pick(&["a", "b", "A", "a ", "3", "\u{e9}"]);
        let is_text = column.type_name.contains("TEXT");
        let value = match (is_text, self.dice.below(30)) {
            (_, 0) => Value::Null,
            (false, 1) => Value::Text(number.to_string()),
            (false, 2) => Value::Real([0.0, 1.0, 2.0, 3.0][self.dice.below(4)]),
            (false, 3) => Value::Real(1.5),
            (false, 4) => {
                return self
                    .dice
                    .pick(&["1 + 1", "abs(-2)", "(2)", "+3", "0x2", "-1", "TRUE"])
                    .into();
            }
            (false, 5) => Value::Text("2.0".into()),
            (true, 1) => Value::Integer(number),
            (true, 2) => {
                return self
                    .dice
                    .pick(&["lower('B')", "'a' || ''", "('b')", "x'61'"])
                    .into();
            }
            (false, _) => Value::Integer(number),
            (true, _) => Value::Text(text.into()),
        };
        if self.dice.one_in(2) {
            return self.parameter(value);
        }
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => format!("'{text}'"),
            Value::Blob(_) => unreachable!("no blobs are made"),
        }
    }

    fn parameter(&mut self, value: Value) -> String {
        self.params.push(value);
        let index = self.params.len() - 1;
        format!("{MARK}{index}{MARK}")
    }

    /// The text with its placeholders, and their values in the database's order.
    pub(super) fn finish(&mut self, marked: &str) -> (String, Vec<Value>) {
        let values = std::mem::take(&mut self.params);
        let style = self.dice.below(4);
        let mut order: Vec<usize> = Vec::new();
        let mut sql = String::new();
        for (place, part) in marked.split(MARK).enumerate() {
            if place % 2 == 0 {
                sql.push_str(part);
                continue;
            }
            let index: usize = part.parse().unwrap();
            // Equal values may share a parameter that has a name or a number.
            let known = order.iter().position(|known| values[*known] == values[index]);
            let number = match known {
                Some(number) if style > 1 => number,
                _ => {
                    order.push(index);
                    order.len() - 1
                }
            };
            sql.push_str(&match style {
                0 | 1 => "?".to_owned(),
                2 => format!("?{}", number + 1),
                _ => format!(":p{number}"),
            });
        }
        (
            sql,
            order.into_iter().map(|index| values[index].clone()).collect(),
        )
    }
}
