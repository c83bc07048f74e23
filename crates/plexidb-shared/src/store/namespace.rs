//! The name under which members share a store.

use std::fmt;

#[cfg(test)]
mod tests;

/// The name under which members share a store: members of other namespaces neither see nor remove their entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Namespace(String);

/// A name that cannot be one of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a namespace has 1 to {bytes_max} letters, digits, `-`, `_`, `.` or `:`", bytes_max = Namespace::BYTES_MAX)]
pub struct MalformedNamespace;

impl Namespace {
    /// The longest name, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// The namespace of this name: 1 to 64 ASCII letters, digits, `-`, `_`, `.` or `:`, so that it needs no escaping anywhere.
    ///
    /// # Errors
    ///
    /// [`MalformedNamespace`].
    pub fn new(name: &str) -> Result<Self, MalformedNamespace> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if name.is_empty() || name.len() > Self::BYTES_MAX || !name.bytes().all(is_plain) {
            return Err(MalformedNamespace);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
