//! The configuration: read from TOML, the environment and a builder, and validated once, here.
//!
//! Invariant: one declaration per setting (see `config/field.rs`) makes its field, parsing, names, bounds and
//! documentation. Knows nothing of drivers, pools and caches.

use std::path::PathBuf;
use std::time::Duration;

mod address;
mod builder;
mod database;
mod draft;
mod environment;
mod field;
mod file;
mod kind;
mod layer;
mod merge;
mod problem;
mod redis;
mod reference;
mod replica;
mod table;
mod value;

pub use builder::ConfigBuilder;
pub use database::{DatabaseConfig, Role};
pub use problem::{ConfigErrors, ConfigProblem};
pub use redis::{Coherence, OnPartition, RedisConfig};
pub use reference::config_reference;
pub use replica::ReplicaConfig;
pub use table::TableConfig;

use field::section;
use kind::{Kind, bytes, count, seconds};

section! {
    /// All settings. Each source lies over those before it: the defaults, a TOML file, environment variables, a
    /// [`ConfigBuilder`]. `docs/configuration.md` lists the keys, their other spellings and their variables.
    ///
    /// ```
    /// let config = plexidb::Config::from_toml(r#"
    ///     cache_ttl = 60
    ///
    ///     [[database]]
    ///     name = "chat"
    ///     url = "sqlite:chat.db"
    /// "#)?;
    /// assert_eq!(config.databases[0].pool_timeout.as_secs(), 30);
    /// # Ok::<(), plexidb::ConfigErrors>(())
    /// ```
    pub struct Config {
        /// Whether results are cached.
        enable_query_cache: bool = true, Kind::Switch;
        /// Whether statements are rewritten to faster ones of equal meaning. Nothing reads it in this version.
        enable_query_optimization: bool = true, Kind::Switch;
        /// Whether times per statement are recorded. Nothing reads it in this version.
        enable_performance_monitoring: bool = true, Kind::Switch;
        /// Whether settings adapt themselves to the load. Nothing reads it in this version.
        auto_tune_enabled: bool = true, Kind::Switch;
        /// The time between two such adaptations. Nothing reads it in this version.
        auto_tune_interval: Duration = Duration::from_secs(300), seconds(1.0, 86_400.0);
        /// Memory for cached results in this process.
        l1_bytes_max or "l1_size": u64 = 64 << 20, bytes(0, 1 << 40);
        /// The largest single result that is cached.
        l1_entry_bytes_max: u64 = 1 << 20, bytes(1, 1 << 30);
        /// How long a result may stay in memory. It bounds memory only: freshness never depends on it.
        cache_ttl or "ttl": Duration = Duration::from_secs(600), seconds(1.0, 31_536_000.0);
        /// How many statements each database remembers the analysis of.
        statements_max: usize = 4_096, count("statements", 16, 1_000_000);
    }
    also {
        /// The server of the shared tier, where there is one.
        redis: Option<RedisConfig>;
        /// The databases, at least one, each with a name of its own; the first is the default.
        databases: Vec<DatabaseConfig>;
    }
    setters on ConfigBuilder
}

impl Config {
    /// Reads a TOML file, and the environment over it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in both, each with its file, line and column or the variable's name.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, ConfigErrors> {
        Self::builder().file(path).environment().build()
    }

    /// Takes all settings from a TOML text. Of the environment only those variables count that the text refers to
    /// as `${NAME}`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its line and column.
    pub fn from_toml(text: &str) -> Result<Self, ConfigErrors> {
        Self::builder().toml(text).build()
    }

    /// Takes all settings from the environment.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with the variable's name.
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Self::builder().environment().build()
    }

    /// One database, named `default`, with the default of everything else.
    ///
    /// # Errors
    ///
    /// The URL has no scheme or an unknown one.
    pub fn for_url(url: &str) -> Result<Self, ConfigErrors> {
        Self::builder()
            .database(DatabaseConfig::from_url(environment::DEFAULT_NAME, url))
            .build()
    }

    /// Starts a configuration in the program; neither files nor the environment are read unless it is told to.
    #[must_use]
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }

    /// Checks a configuration that was made or changed field by field. One that comes from the other functions is valid.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        let drafts = merge::Drafts::new(self.clone(), "config");
        let mut problems = problem::Problems::default();
        drafts.check(&mut problems);
        drafts.finish(problems).map(drop)
    }
}

#[cfg(test)]
mod tests;
