//! What one source says, before it is known what it means.

use super::kind::Raw;

/// One key and value of a source.
pub(super) struct Setting {
    pub(super) key: String,
    pub(super) raw: Raw,
    pub(super) place: String,
    /// What precedes the key in the environment, where the setting comes from there.
    pub(super) prefix: Option<String>,
}

impl Setting {
    /// `key` as the source of this setting spells it.
    pub(super) fn spell(&self, key: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("`{prefix}{}`", key.to_ascii_uppercase()),
            None => format!("`{key}`"),
        }
    }
}

/// The settings of one section in one source.
pub(super) struct Part {
    /// Where the section begins.
    pub(super) place: String,
    pub(super) settings: Vec<Setting>,
}

/// All settings of one source.
#[derive(Default)]
pub(super) struct Layer {
    pub(super) top: Vec<Setting>,
    pub(super) redis: Option<Part>,
    pub(super) databases: Vec<(String, Part)>,
    /// The tables of databases: the database, the table.
    pub(super) tables: Vec<(String, String, Part)>,
    /// The replicas of databases where they are more than URLs: the database, the place of the list.
    pub(super) replicas: Vec<(String, String, Vec<Part>)>,
}

/// Whether two names of databases are the same in the environment, which knows neither case nor `-`.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    let folded = |name: &str| name.to_ascii_uppercase().replace('-', "_");
    folded(one) == folded(other)
}
