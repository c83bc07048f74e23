//! A write as a value: its statements, and whether they form a transaction.

use std::fmt;

use plexidb::{Dialect, Value};

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) params: Vec<Value>,
    /// Whether it is run for the rows that it returns.
    pub(crate) returns: bool,
}

/// One step of a write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Run(Statement),
    /// One statement for many rows of parameters.
    Batch {
        sql: String,
        rows: Vec<Vec<Value>>,
    },
    /// Steps within a savepoint that is released.
    Kept(Vec<Step>),
    /// Steps within a savepoint that is rolled back.
    Undone(Vec<Step>),
}

/// A write that takes a unit from one version to the next, all or nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Work {
    pub(crate) steps: Vec<Step>,
    pub(crate) is_transaction: bool,
    /// Steps of a transaction that is rolled back before, if any.
    pub(crate) rolled_back: Vec<Step>,
}

impl Statement {
    /// A statement with `?` for its parameters.
    pub(crate) fn new(dialect: Dialect, sql: &str, params: Vec<Value>) -> Self {
        Self {
            sql: placeholders(dialect, sql),
            params,
            returns: false,
        }
    }
}

/// `?` as this database writes it. No text of the checker has one within quotes.
pub(crate) fn placeholders(dialect: Dialect, sql: &str) -> String {
    if dialect != Dialect::Postgres {
        return sql.to_owned();
    }
    let mut parts = sql.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        text.push_str(&format!("${}{part}", index + 1));
    }
    text
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rolled_back.is_empty() {
            f.write_str("BEGIN; ")?;
            write_steps(f, &self.rolled_back)?;
            f.write_str("ROLLBACK; ")?;
        }
        if self.is_transaction {
            f.write_str("BEGIN; ")?;
        }
        write_steps(f, &self.steps)?;
        if self.is_transaction {
            f.write_str("COMMIT")?;
        }
        Ok(())
    }
}

fn write_steps(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    for step in steps {
        match step {
            Step::Run(statement) => write!(f, "{} {}; ", statement.sql, list(&statement.params))?,
            Step::Batch { sql, rows } => {
                let rows: Vec<String> = rows.iter().map(|row| list(row)).collect();
                write!(f, "{sql} many {}; ", rows.join(" "))?;
            }
            Step::Kept(steps) => {
                f.write_str("SAVEPOINT; ")?;
                write_steps(f, steps)?;
                f.write_str("RELEASE; ")?;
            }
            Step::Undone(steps) => {
                f.write_str("SAVEPOINT; ")?;
                write_steps(f, steps)?;
                f.write_str("ROLLBACK TO; ")?;
            }
        }
    }
    Ok(())
}

/// The parameters in brackets.
pub(crate) fn list(params: &[Value]) -> String {
    let texts: Vec<String> = params
        .iter()
        .map(|value| match value {
            Value::Null => "NULL".to_owned(),
            Value::Int(value) => value.to_string(),
            Value::Text(text) => format!("'{text}'"),
            other => format!("{other:?}"),
        })
        .collect();
    format!("[{}]", texts.join(", "))
}
