//! Settings from environment variables, and the references to such variables in texts.
//!
//! Invariant: an empty variable is the same as none. A variable that merely shares our prefix is left alone unless it
//! resembles one of ours, since platforms inject variables of their own (`PLEXIDB_PORT` and the like).

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::Config;
use super::database::DatabaseConfig;
use super::field::{Fields, Section as _, nearest};
use super::kind::Raw;
use super::layer::{Layer, Part, Setting, same_name};
use super::problem::Problems;
use super::redis::RedisConfig;

pub(super) const PREFIX: &str = "PLEXIDB_";
pub(super) const REDIS_PREFIX: &str = "PLEXIDB_REDIS_";
pub(super) const DATABASE_PREFIX: &str = "PLEXIDB_DATABASE_";
/// The address of the database that is named [`DEFAULT_NAME`].
pub(super) const OWN_URL: &str = "PLEXIDB_URL";
/// The variable that many platforms and tools share; it is read only where nothing else names a database.
pub(super) const SHARED_URL: &str = "DATABASE_URL";
/// The name of a database that is given as a URL alone.
pub(super) const DEFAULT_NAME: &str = "default";

/// Environment variables, as they were at one moment.
#[derive(Default)]
pub(super) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The variables of this process. Names that are not UTF-8 are none of ours.
    pub(super) fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect()
    }

    /// Replaces each `${NAME}` by the variable's value, and `$${` by `${`. `None` where that cannot be done.
    pub(super) fn expand(&self, text: &str, place: &str, problems: &mut Problems) -> Option<String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, reference)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                expanded.extend([before, "${"]);
                rest = reference;
                continue;
            }
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let is_name = |name: &str| !name.is_empty() && name.chars().all(is_part);
            let Some((name, after)) = reference.split_once('}').filter(|(name, _)| is_name(name)) else {
                let advice = "write `${NAME}`, or `$${` where `${` itself is meant";
                problems.add(
                    place,
                    "`${` begins no reference to an environment variable",
                    advice,
                );
                return None;
            };
            let Some(value) = self.0.get(name).and_then(|value| value.to_str()) else {
                let what = format!("the environment variable `{name}` is not set or not UTF-8");
                problems.add(place, what, "set it, or write the value itself");
                return None;
            };
            expanded.extend([before, value]);
            rest = after;
        }
        expanded.push_str(rest);
        Some(expanded)
    }

    /// All settings of the environment. `known` are the names of databases from other sources.
    pub(super) fn layer(&self, known: &[String], problems: &mut Problems) -> Layer {
        let mut layer = Layer::default();
        for (name, value) in self
            .0
            .range(PREFIX.to_owned()..)
            .take_while(|(name, _)| name.starts_with(PREFIX))
        {
            let Some(value) = value.to_str() else {
                problems.add(name, "the value is not UTF-8", "set it to UTF-8 text");
                continue;
            };
            if !value.is_empty() {
                add(&mut layer, (name, value), known, problems);
            }
        }
        let shared = self
            .0
            .get(SHARED_URL)
            .and_then(|value| value.to_str())
            .filter(|value| !value.is_empty());
        if let Some(url) = shared
            && known.is_empty()
            && layer
                .databases
                .iter()
                .all(|(name, part)| name == DEFAULT_NAME && !part.settings.iter().any(is_address))
        {
            push_database(&mut layer, DEFAULT_NAME, setting((SHARED_URL, url), "", "url"));
        }
        layer
    }
}

fn add(layer: &mut Layer, variable: (&str, &str), known: &[String], problems: &mut Problems) {
    let (name, _) = variable;
    if name == OWN_URL {
        push_database(layer, DEFAULT_NAME, setting(variable, PREFIX, "url"));
    } else if let Some(key) = name.strip_prefix(REDIS_PREFIX) {
        if is_meant::<RedisConfig>(key) {
            let part = || Part {
                place: name.to_owned(),
                settings: Vec::new(),
            };
            layer
                .redis
                .get_or_insert_with(part)
                .settings
                .push(setting(variable, REDIS_PREFIX, key));
        }
    } else if let Some(rest) = name.strip_prefix(DATABASE_PREFIX) {
        if let Some((database, key)) = split(rest, known) {
            push_database(
                layer,
                &database,
                setting(variable, &name[..name.len() - key.len()], key),
            );
        } else {
            let advice =
                format!("name it `{DATABASE_PREFIX}<NAME>_<KEY>`, such as `{DATABASE_PREFIX}CHAT_URL`");
            problems.add(name, "no key of a database ends this name", advice);
        }
    } else if let Some(key) = name.strip_prefix(PREFIX).filter(|key| is_meant::<Config>(key)) {
        layer.top.push(setting(variable, PREFIX, key));
    }
}

fn setting((name, value): (&str, &str), prefix: &str, key: &str) -> Setting {
    let (place, prefix) = (name.to_owned(), Some(prefix.to_owned()));
    Setting {
        key: key.to_ascii_lowercase(),
        raw: Raw::Word(value.to_owned()),
        place,
        prefix,
    }
}

/// Whether a key of the environment is one of the section's, or so near to one that it was meant to be.
fn is_meant<S: Fields>(key: &str) -> bool {
    nearest(&key.to_ascii_lowercase(), S::spellings()).is_some()
}

fn is_address(setting: &Setting) -> bool {
    let field = DatabaseConfig::field(&setting.key);
    field.is_some_and(|field| field.key == "url" || DatabaseConfig::PARTS.contains(&field.key))
}

/// Splits `NAME_KEY`. Names that are known go first, be the key misspelt; a new name takes the longest key, so that
/// `MY_SHOP_POOL_SIZE` is `pool_size` of `my_shop`.
fn split<'a>(rest: &'a str, known: &[String]) -> Option<(String, &'a str)> {
    let splits = rest
        .match_indices('_')
        .map(|(at, _)| (&rest[..at], &rest[at + 1..]));
    let ranked = splits.filter_map(|(name, key)| {
        let is_key = DatabaseConfig::field(&key.to_ascii_lowercase()).is_some();
        let is_near = is_meant::<DatabaseConfig>(key);
        let rank = match known.iter().find(|known| same_name(known, name)) {
            Some(known) if is_key => (0, known.clone()),
            Some(known) if is_near => (1, known.clone()),
            _ if is_key && !name.is_empty() => (2, name.to_ascii_lowercase()),
            Some(known) => (3, known.clone()),
            None if is_near && !name.is_empty() => (4, name.to_ascii_lowercase()),
            None => return None,
        };
        Some((rank, key))
    });
    let best = ranked.min_by_key(|((rank, _), key)| {
        // Of known names the longest wins, of new ones the shortest.
        let name_len = rest.len() - key.len();
        (*rank, if *rank == 2 { name_len } else { key.len() })
    });
    best.map(|((_, name), key)| (name, key))
}

fn push_database(layer: &mut Layer, name: &str, setting: Setting) {
    if let Some((_, part)) = layer
        .databases
        .iter_mut()
        .find(|(known, _)| same_name(known, name))
    {
        part.settings.push(setting);
    } else {
        let part = Part {
            place: setting.place.clone(),
            settings: vec![setting],
        };
        layer.databases.push((name.to_owned(), part));
    }
}

impl FromIterator<(String, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, OsString)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect()
    }
}
