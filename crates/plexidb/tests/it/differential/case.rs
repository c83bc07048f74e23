//! One case as data: what makes the schema, what is read, what is written. It prints as a script that can be pasted.

use std::fmt::Write;

use plexidb::{Dialect, Value};

#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) dialect: Dialect,
    pub(super) setup: Vec<Setup>,
    pub(super) reads: Vec<Statement>,
    pub(super) steps: Vec<Step>,
}

/// A statement of the schema or its first rows; the parts of a table can be taken away one by one.
#[derive(Clone, Debug)]
pub(super) enum Setup {
    Table {
        head: String,
        parts: Vec<String>,
        tail: String,
    },
    Statement(String),
}

impl Setup {
    pub(super) fn sql(&self) -> String {
        match self {
            Self::Table { head, parts, tail } => format!("{head} ({}){tail}", parts.join(", ")),
            Self::Statement(sql) => sql.clone(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) params: Vec<Value>,
    /// Whether its ORDER BY is total; otherwise the rows are compared as a multiset.
    pub(super) ordered: bool,
}

impl Statement {
    pub(super) fn plain(sql: String) -> Self {
        Self {
            sql,
            params: Vec::new(),
            ordered: false,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Alone(Statement),
    Many { sql: String, rows: Vec<Vec<Value>> },
    Transaction { parts: Vec<Part>, commit: bool },
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Write(Statement),
    /// Statements after a savepoint, kept or rolled back to it.
    Savepoint {
        writes: Vec<Statement>,
        keep: bool,
    },
}

impl Case {
    /// The case as SQL, with the bound values as comments.
    pub(super) fn script(&self) -> String {
        let mut script = format!("-- {:?}, seed {}\n-- schema\n", self.dialect, self.seed);
        for setup in &self.setup {
            let _ = writeln!(script, "{};", setup.sql());
        }
        script.push_str("-- reads, each run twice before the writes and once after each\n");
        for read in &self.reads {
            line(&mut script, read);
        }
        script.push_str("-- writes\n");
        for step in &self.steps {
            match step {
                Step::Alone(write) => line(&mut script, write),
                Step::Many { sql, rows } => {
                    let _ = writeln!(script, "{sql}; -- execute_many {rows:?}");
                }
                Step::Transaction { parts, commit } => {
                    script.push_str("BEGIN;\n");
                    for part in parts {
                        part_lines(&mut script, part);
                    }
                    script.push_str(if *commit { "COMMIT;\n" } else { "ROLLBACK;\n" });
                }
            }
        }
        script
    }
}

fn part_lines(script: &mut String, part: &Part) {
    match part {
        Part::Write(write) => line(script, write),
        Part::Savepoint { writes, keep } => {
            script.push_str("SAVEPOINT s;\n");
            for write in writes {
                line(script, write);
            }
            script.push_str(if *keep {
                "RELEASE SAVEPOINT s;\n"
            } else {
                "ROLLBACK TO SAVEPOINT s;\n"
            });
        }
    }
}

fn line(script: &mut String, statement: &Statement) {
    let _ = write!(script, "{};", statement.sql);
    if !statement.params.is_empty() {
        let _ = write!(script, " -- with {:?}", statement.params);
    }
    script.push('\n');
}
