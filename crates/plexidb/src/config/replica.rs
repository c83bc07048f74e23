//! The servers that follow a database's primary.

use secrecy::SecretString;

use super::field::{Contradiction, Section, section};
use super::kind::{Kind, Raw, count};
use super::value::Value;

/// Most tags of one server.
const TAGS_MAX: usize = 16;

section! {
    /// A server that follows a database's primary.
    ///
    /// In a file it is a table, or its URL alone where nothing else is to be said of it:
    ///
    /// ```
    /// let config = plexidb::Config::from_toml(r#"
    ///     [[database]]
    ///     name = "chat"
    ///     url = "postgres://app@primary/chat"
    ///
    ///     [[database.replicas]]
    ///     url = "postgres://app@replica-1/chat"
    ///     weight = 2
    ///
    ///     [[database.replicas]]
    ///     url = "postgres://app@replica-2/chat"
    ///     tags = ["analytics"]
    /// "#)?;
    /// assert_eq!(config.databases[0].replicas[1].tags, ["analytics"]);
    /// # Ok::<(), plexidb::ConfigErrors>(())
    /// ```
    pub struct ReplicaConfig {
        /// Its whole address, of the same type of database as the primary's.
        url or "uri" | "dsn": SecretString = SecretString::default(), Kind::Secret;
        /// Its share of the reads compared with the other replicas. With 0 it serves none, and stands by to become the primary.
        weight: u32 = 1, count("", 0, 1_000);
        /// What it is for, as `["analytics"]`: names of 1 to 63 letters, digits, `-` and `_`, of which a read can ask for one.
        tags or "tag": Vec<String> = Vec::new(), Kind::Names;
        /// Whether it is kept free of reads that ask for none of its tags. Without tags it has no meaning.
        reserved: bool = true, Kind::Switch;
    }
}

impl ReplicaConfig {
    /// A replica at a URL, with the default of everything else.
    #[must_use]
    pub fn from_url(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }

    /// What is wrong with it as such, and what to do.
    pub(super) fn problem(&self) -> Option<(&'static str, &'static str)> {
        if !count("", 0, 1_000).admits(f64::from(self.weight)) {
            return Some((
                "its weight is out of bounds",
                "set `weight` to a whole number from 0 to 1000",
            ));
        }
        tag_problem(&self.tags)
    }
}

impl Section for ReplicaConfig {
    const PARTS: &'static [&'static str] = &[];

    fn contradictions(&self) -> Vec<Contradiction> {
        Vec::new()
    }
}

/// What is wrong with the tags of a server, and what to do.
pub(super) fn tag_problem(tags: &[String]) -> Option<(&'static str, &'static str)> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_name = |tag: &String| (1..=63).contains(&tag.len()) && tag.chars().all(is_plain);
    if tags.len() > TAGS_MAX {
        return Some(("it has too many tags", "give it at most 16"));
    }
    let advice = "name each with 1 to 63 letters, digits, `-` and `_`";
    (!tags.iter().all(is_name)).then_some(("one of its tags is no name", advice))
}

impl Value for Vec<ReplicaConfig> {
    fn read(raw: &Raw, _: &Kind) -> Option<Self> {
        let urls: Vec<&str> = match raw {
            Raw::Texts(texts) => texts.iter().map(String::as_str).collect(),
            // A comma may stand in a URL; white space may not.
            Raw::Text(text) | Raw::Word(text) => text.split_whitespace().collect(),
            _ => return None,
        };
        Some(urls.into_iter().map(ReplicaConfig::from_url).collect())
    }

    fn show(&self, _: &Kind) -> Option<String> {
        // URLs hold passwords.
        None
    }

    fn is_given(&self) -> bool {
        !self.is_empty()
    }
}
