//! Tags: names of things that a result can depend on and that a write can touch.
//!
//! Invariant: readers and writers of one schema derive equal tags for equal things. Two things may share a
//! tag by chance, which costs a miss; one thing never has two tags.

use xxhash_rust::xxh3::xxh3_64;

/// The hashed name of something that a result can depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(u64);

impl Tag {
    /// The whole database: every cached result depends on it, writes of unknown extent touch it.
    pub const DATABASE: Self = Self(0x9e37_79b9_7f4a_7c15);

    /// All rows and columns of one table (`T.all`).
    ///
    /// Names are folded to lower case: two tables that differ by case alone share their tag, so that no
    /// identifier rule of any database can split one table into two.
    #[must_use]
    pub fn table(schema: &str, name: &str) -> Self {
        let mut canonical = String::with_capacity(schema.len() + name.len() + 1);
        canonical.extend(schema.chars().flat_map(char::to_lowercase));
        // NUL occurs in no identifier, so no two pairs of names have one canonical form.
        canonical.push('\0');
        canonical.extend(name.chars().flat_map(char::to_lowercase));
        Self(xxh3_64(canonical.as_bytes()))
    }

    /// The hash, uniformly distributed over 64 bits.
    #[must_use]
    pub fn hash(self) -> u64 {
        self.0
    }
}
