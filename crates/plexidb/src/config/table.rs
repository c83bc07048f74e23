//! The settings of one table of a database.

use std::time::Duration;

use super::field::{Contradiction, Section, section};
use super::kind::{Kind, seconds};

section! {
    /// One table: how its results are cached, and what the database does not tell of it.
    ///
    /// ```
    /// let config = plexidb::Config::from_toml(r#"
    ///     [[database]]
    ///     name = "chat"
    ///     url = "sqlite:chat.db"
    ///
    ///     [database.tables.messages]
    ///     cache_ttl = 60
    ///     trigger_writes = ["audit"]
    /// "#)?;
    /// assert_eq!(config.databases[0].tables[0].trigger_writes, Some(vec!["audit".to_owned()]));
    /// # Ok::<(), plexidb::ConfigErrors>(())
    /// ```
    pub struct TableConfig {
        /// Whether results that depend on the table are cached.
        enable_query_cache or "cached": bool = true, Kind::Switch;
        /// How long a result that depends on the table may stay in memory; where it is not given, as for the database.
        cache_ttl or "ttl": Option<Duration> = None, seconds(1.0, 31_536_000.0);
        /// The tables that the triggers of this one write, where plexidb does not understand their bodies. Without it a write
        /// to a table with such triggers drops all results of the database. An empty list says that they write none but
        /// this one.
        trigger_writes: Option<Vec<String>> = None, Kind::Names;
    }
    also {
        /// The table, as `name` or `schema.name`.
        name: String;
    }
}

impl TableConfig {
    /// A table with the default of everything else.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

impl Section for TableConfig {
    const PARTS: &'static [&'static str] = &[];

    fn contradictions(&self) -> Vec<Contradiction> {
        Vec::new()
    }
}
