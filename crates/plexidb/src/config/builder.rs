//! A configuration in a program, from any of the sources.

use std::fmt;
use std::path::PathBuf;

use super::database::DatabaseConfig;
use super::environment::Environment;
use super::merge::Drafts;
use super::problem::Problems;
use super::redis::RedisConfig;
use super::{Config, ConfigErrors, file};

/// TOML, and what its problems are said to be in.
enum Text {
    File(PathBuf),
    Given(String),
}

type Choice = Box<dyn FnOnce(&mut Config) + Send>;

/// Collects the sources of a [`Config`]. In whatever order they are given, files lie over the defaults, the
/// environment over files, and what this builder is told over everything.
///
/// ```
/// use plexidb::{Config, DatabaseConfig};
///
/// let config = Config::builder()
///     .database(DatabaseConfig::from_url("chat", "sqlite:chat.db"))
///     .l1_bytes_max(256 << 20)
///     .build()?;
/// assert_eq!(config.databases[0].name, "chat");
/// # Ok::<(), plexidb::ConfigErrors>(())
/// ```
#[derive(Default)]
pub struct ConfigBuilder {
    texts: Vec<Text>,
    has_environment: bool,
    redis: Option<RedisConfig>,
    databases: Vec<DatabaseConfig>,
    choices: Vec<(&'static str, Choice)>,
}

impl ConfigBuilder {
    /// Reads a TOML file. Of several files, later ones lie over earlier ones.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.texts.push(Text::File(path.into()));
        self
    }

    /// Takes TOML from a text, in place of a file.
    #[must_use]
    pub fn toml(mut self, text: impl Into<String>) -> Self {
        self.texts.push(Text::Given(text.into()));
        self
    }

    /// Reads the environment variables of this process.
    #[must_use]
    pub fn environment(mut self) -> Self {
        self.has_environment = true;
        self
    }

    /// Adds a database, or replaces the one of this name from a file or the environment as a whole.
    #[must_use]
    pub fn database(mut self, database: DatabaseConfig) -> Self {
        self.databases.push(database);
        self
    }

    /// Says where Redis is, in place of what a file or the environment says.
    #[must_use]
    pub fn redis(mut self, redis: RedisConfig) -> Self {
        self.redis = Some(redis);
        self
    }

    /// The configuration.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in all its sources.
    pub fn build(self) -> Result<Config, ConfigErrors> {
        self.build_in(&Environment::of_process())
    }

    pub(super) fn build_in(self, environment: &Environment) -> Result<Config, ConfigErrors> {
        let mut problems = Problems::default();
        let mut drafts = Drafts::new(
            Config::default(),
            if self.has_environment {
                "environment"
            } else {
                "builder"
            },
        );
        let mut is_whole = true;
        for text in self.texts {
            let (label, text) = match text {
                Text::File(path) => (path.display().to_string(), file::read(&path, &mut problems)),
                Text::Given(text) => ("TOML".to_owned(), Some(text)),
            };
            match text.and_then(|text| file::layer(&text, &label, environment, &mut problems)) {
                Some(layer) => drafts.absorb(layer, &mut problems),
                None => is_whole = false,
            }
            drafts.top.opened = label;
        }
        if self.has_environment {
            let given = self.databases.iter().map(|database| database.name.as_str());
            let known: Vec<_> = drafts.names().chain(given).map(str::to_owned).collect();
            let layer = environment.layer(&known, &mut problems);
            drafts.absorb(layer, &mut problems);
        }
        drafts.replace(self.redis, self.databases);
        for (key, choice) in self.choices {
            choice(&mut drafts.top.section);
            drafts.top.note(key, "builder".to_owned());
        }
        // What an unread file leaves open would look missing or contradictory.
        if is_whole {
            drafts.check(&mut problems);
        }
        drafts.finish(problems)
    }

    pub(super) fn choose(
        mut self,
        key: &'static str,
        choice: impl FnOnce(&mut Config) + Send + 'static,
    ) -> Self {
        self.choices.push((key, Box::new(choice)));
        self
    }
}

impl fmt::Debug for ConfigBuilder {
    /// Says nothing of the contents, since texts may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigBuilder").finish_non_exhaustive()
    }
}
