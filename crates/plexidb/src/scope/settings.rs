//! The session variables of a scope, and the requests that set them and take them back.
//!
//! Invariant: names are validated before any of them comes into a statement's text; values never do.

use plexidb_core::{Dialect, DriverError, Limits, ValueRef};
use plexidb_pool::Lease;
use smallvec::SmallVec;

use super::{ScopeError, ScopeNumbers};
use crate::request::Request;

/// Most variables of a scope.
pub(super) const SETTINGS_MAX: usize = 8;
/// Most bytes of one value.
pub(super) const VALUE_BYTES_MAX: usize = 1024;
/// PostgreSQL cuts longer names.
const NAME_PART_BYTES_MAX: usize = 63;
const NAME_BYTES_MAX: usize = 255;

/// Session variables with their values.
pub(crate) struct ScopeSettings {
    /// By name, each once; names are in lower case, since their case does not matter.
    pairs: Box<[(Box<str>, Box<str>)]>,
    /// Stands for the database and the pairs in the keys of cached results.
    number: u64,
    /// Whether a value would be read as the current time where a policy turns it into one.
    has_time_word: bool,
    set_in_session: String,
    set_in_transaction: String,
    reset: String,
}

impl ScopeSettings {
    /// No variables yet.
    pub(crate) fn none(dialect: Dialect) -> Result<Self, ScopeError> {
        if dialect != Dialect::Postgres {
            return Err(ScopeError::Unsupported { dialect });
        }
        Ok(Self {
            pairs: Box::default(),
            number: 0,
            has_time_word: false,
            set_in_session: String::new(),
            set_in_transaction: String::new(),
            reset: String::new(),
        })
    }

    /// These variables and one more, or another value of one of them.
    pub(crate) fn with(&self, name: &str, value: &str, numbers: &ScopeNumbers) -> Result<Self, ScopeError> {
        if !is_name(name) {
            return Err(ScopeError::Name {
                name: name.to_owned(),
            });
        }
        let name: Box<str> = name.to_ascii_lowercase().into();
        if value.len() > VALUE_BYTES_MAX || value.contains('\0') {
            return Err(ScopeError::Value { name: name.into() });
        }
        let mut pairs = self.pairs.to_vec();
        match pairs.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => pairs[at].1 = value.into(),
            Err(at) => pairs.insert(at, (name, value.into())),
        }
        if pairs.len() > SETTINGS_MAX {
            return Err(ScopeError::TooMany);
        }
        let set = |is_local: bool| {
            let calls = (1..=pairs.len())
                .map(|at| format!("pg_catalog.set_config(${}, ${}, {is_local})", 2 * at - 1, 2 * at));
            format!("SELECT {}", calls.collect::<Vec<_>>().join(", "))
        };
        let resets = pairs.iter().map(|(name, _)| format!("RESET {}", quoted(name)));
        Ok(Self {
            set_in_session: set(false),
            set_in_transaction: set(true),
            reset: resets.collect::<Vec<_>>().join("; "),
            has_time_word: pairs.iter().any(|(_, value)| plexidb_sql::is_time_word(value)),
            number: numbers.number(&pairs),
            pairs: pairs.into(),
        })
    }

    /// What stands for it in the keys of cached results.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(name, _)| &**name)
    }

    /// Whether it sets all these variables, whose names are in lower case.
    pub(crate) fn sets_all(&self, names: &[String]) -> bool {
        names.iter().all(|name| self.names().any(|known| known == name))
    }

    pub(crate) fn has_time_word(&self) -> bool {
        self.has_time_word
    }

    /// Names and values, in the order of the placeholders.
    pub(crate) fn values(&self) -> SmallVec<[ValueRef<'_>; 2 * SETTINGS_MAX]> {
        let pairs = self.pairs.iter();
        pairs
            .flat_map(|(name, value)| [ValueRef::Text(name), ValueRef::Text(value)])
            .collect()
    }

    /// The request that sets the variables until they are taken back.
    pub(crate) fn setting<'a>(&'a self, values: &'a [ValueRef<'a>]) -> Request<'a> {
        Request::Query {
            sql: &self.set_in_session,
            params: values,
            limits: Limits::default(),
        }
    }

    /// The request that sets the variables until the end of the transaction.
    pub(crate) fn setting_in_transaction<'a>(&'a self, values: &'a [ValueRef<'a>]) -> Request<'a> {
        Request::Query {
            sql: &self.set_in_transaction,
            params: values,
            limits: Limits::default(),
        }
    }

    /// Takes the variables back from an idle session.
    /// The variables with their values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    pub(crate) async fn take_back(&self, lease: &mut Lease) -> Result<(), DriverError> {
        lease.control(&self.reset).await?;
        lease.restored();
        Ok(())
    }
}

/// Whether it is a name that PostgreSQL lets everybody define.
fn is_name(name: &str) -> bool {
    let is_identifier = |part: &str| {
        part.len() <= NAME_PART_BYTES_MAX
            && part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    name.len() <= NAME_BYTES_MAX && name.contains('.') && name.split('.').all(is_identifier)
}

fn quoted(name: &str) -> String {
    let parts = name.split('.').map(|part| format!("\"{part}\""));
    parts.collect::<Vec<_>>().join(".")
}
