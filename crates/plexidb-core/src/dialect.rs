//! The SQL dialects that plexidb speaks.

use std::fmt;

/// The family of a database, which decides grammar, identifier rules and placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

impl Dialect {
    /// The stable lower-case name: `sqlite`, `postgres` or `mysql`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// Appends the native placeholder of the parameter with this position, counted from 1.
    pub fn push_placeholder(self, sql: &mut String, position: usize) {
        use fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Postgres => write!(sql, "${position}"),
            // SQLite takes numbered placeholders, so that a name that occurs twice is bound once.
            Self::Sqlite => write!(sql, "?{position}"),
            Self::MySql => write!(sql, "?"),
        };
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL/MariaDB",
        })
    }
}
