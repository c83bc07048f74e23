//! The servers that follow a database's primary.

use secrecy::SecretString;

use super::kind::{Kind, Raw};
use super::value::Value;

/// A server that follows a database's primary.
///
/// In a file a replica is its URL alone: `replicas = ["postgres://app@replica-1/chat"]`; a weight of its own and tags are given by
/// a program.
#[derive(Clone, Debug)]
pub struct ReplicaConfig {
    /// Its whole address, with the same kind of database as the primary's.
    pub url: SecretString,
    /// Its share of the reads compared with the others; default 1. With 0 it serves none, and stands by to become the primary.
    pub weight: u32,
    /// What it is for, such as `analytics`.
    pub tags: Vec<String>,
}

impl ReplicaConfig {
    /// A replica at a URL, with a weight of 1.
    #[must_use]
    pub fn from_url(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            weight: 1,
            tags: Vec::new(),
        }
    }
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
