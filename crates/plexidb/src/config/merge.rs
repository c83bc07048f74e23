//! The sources of a configuration, laid over one another into one.

use super::database::DatabaseConfig;
use super::draft::Draft;
use super::field::{Contradiction, Section};
use super::file::SECTIONS;
use super::layer::{Layer, Part, same_name};
use super::problem::Problems;
use super::redis::RedisConfig;
use super::replica::ReplicaConfig;
use super::table::TableConfig;
use super::{Config, ConfigErrors};

/// All sections under way.
pub(super) struct Drafts {
    pub(super) top: Draft<Config>,
    redis: Option<Draft<RedisConfig>>,
    databases: Vec<Draft<DatabaseConfig>>,
    /// Tables of files, each with the name of its database.
    tables: Vec<(String, Draft<TableConfig>)>,
}

impl Drafts {
    /// Starts from a configuration; `place` is said of what no other source sets.
    pub(super) fn new(mut config: Config, place: &str) -> Self {
        let redis = config
            .redis
            .take()
            .map(|redis| Draft::new(redis, format!("{place}: redis")));
        let databases = std::mem::take(&mut config.databases).into_iter();
        let databases = databases
            .map(|database| database_draft(database, place))
            .collect();
        Self {
            top: Draft::new(config, place),
            redis,
            databases,
            tables: Vec::new(),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.databases.iter().map(|draft| draft.section.name.as_str())
    }

    /// Lays one source over those before it.
    pub(super) fn absorb(&mut self, layer: Layer, problems: &mut Problems) {
        self.top.apply(&layer.top, SECTIONS, problems);
        if let Some(part) = layer.redis {
            let draft = self
                .redis
                .get_or_insert_with(|| Draft::new(RedisConfig::default(), part.place));
            draft.apply(&part.settings, &[], problems);
        }
        // A name that one source gives twice makes two drafts, so that the check finds them.
        let earlier = self.databases.len();
        for (name, part) in layer.databases {
            let index = self.position(&name, earlier).unwrap_or_else(|| {
                let database = DatabaseConfig {
                    name,
                    ..DatabaseConfig::default()
                };
                self.databases.push(Draft::new(database, part.place));
                self.databases.len() - 1
            });
            self.databases[index].apply(&part.settings, &["tables"], problems);
        }
        self.absorb_replicas(layer.replicas, problems);
        self.absorb_tables(layer.tables, problems);
    }

    /// A list of replicas takes the place of an earlier source's.
    fn absorb_replicas(&mut self, layer: Vec<(String, String, Vec<Part>)>, problems: &mut Problems) {
        for (database, place, parts) in layer {
            let Some(index) = self.position(&database, self.databases.len()) else {
                continue;
            };
            let replicas = parts.into_iter().map(|part| {
                let mut draft = Draft::new(ReplicaConfig::default(), part.place);
                draft.apply(&part.settings, &[], problems);
                draft.section
            });
            let draft = &mut self.databases[index];
            draft.section.replicas = replicas.collect();
            draft.note("replicas", place);
        }
    }

    fn absorb_tables(&mut self, layer: Vec<(String, String, Part)>, problems: &mut Problems) {
        for (database, name, part) in layer {
            let is_same = |(known, draft): &(String, Draft<TableConfig>)| {
                same_name(known, &database) && draft.section.name.eq_ignore_ascii_case(&name)
            };
            let index = self.tables.iter().position(is_same).unwrap_or_else(|| {
                let draft = Draft::new(TableConfig::new(name), part.place);
                self.tables.push((database, draft));
                self.tables.len() - 1
            });
            self.tables[index].1.apply(&part.settings, &[], problems);
        }
    }

    /// Replaces whole sections by those that a program gives.
    pub(super) fn replace(&mut self, redis: Option<RedisConfig>, databases: Vec<DatabaseConfig>) {
        self.redis = redis
            .map(|redis| Draft::new(redis, "builder: redis"))
            .or(self.redis.take());
        let given = databases
            .into_iter()
            .map(|database| database_draft(database, "builder"));
        let mut added: Vec<String> = Vec::new();
        for draft in given {
            let is_new = !added.iter().any(|name| same_name(name, &draft.section.name));
            added.push(draft.section.name.clone());
            match self
                .position(&draft.section.name, self.databases.len())
                .filter(|_| is_new)
            {
                Some(index) => self.databases[index] = draft,
                None => self.databases.push(draft),
            }
        }
    }

    /// Where the database of this name is among the first `count`.
    fn position(&self, name: &str, count: usize) -> Option<usize> {
        self.names().take(count).position(|known| same_name(known, name))
    }

    /// Holds the sum against all bounds.
    pub(super) fn check(&self, problems: &mut Problems) {
        self.top.check(problems);
        if let Some(redis) = &self.redis {
            redis.check(problems);
        }
        for (index, draft) in self.databases.iter().enumerate() {
            if self.position(&draft.section.name, index).is_some() {
                let advice = "rename one of them; upper and lower case, `-` and `_` do not tell names apart";
                problems.add(
                    draft.place("name"),
                    "there is already a database of this name",
                    advice,
                );
            }
            draft.check(problems);
        }
        for (_, draft) in &self.tables {
            draft.check(problems);
        }
        if self.databases.is_empty() {
            let advice = "add `[[database]]` with `name` and `url`, or set `PLEXIDB_URL`";
            problems.add(self.top.place(""), "there is no database", advice);
        }
    }

    /// The configuration, if there are no problems.
    pub(super) fn finish(self, problems: Problems) -> Result<Config, ConfigErrors> {
        if !problems.0.is_empty() {
            return Err(ConfigErrors(problems.0));
        }
        let mut config = self.top.section;
        config.redis = self.redis.map(|draft| draft.section);
        config.databases = self.databases.into_iter().map(|draft| draft.section).collect();
        for (database, draft) in self.tables {
            let given = config
                .databases
                .iter_mut()
                .find(|given| same_name(&given.name, &database));
            let Some(given) = given else { continue };
            // What the program itself says of a table goes before the files.
            if !given
                .tables
                .iter()
                .any(|table| table.name.eq_ignore_ascii_case(&draft.section.name))
            {
                given.tables.push(draft.section);
            }
        }
        Ok(config)
    }
}

fn database_draft(database: DatabaseConfig, place: &str) -> Draft<DatabaseConfig> {
    let opened = format!("{place}: database \"{}\"", database.name.escape_debug());
    Draft::new(database, opened)
}

impl Section for Config {
    const PARTS: &'static [&'static str] = &[];

    fn contradictions(&self) -> Vec<Contradiction> {
        Vec::new()
    }
}
