//! Tags: names of things that a result can depend on and that a write can touch.
//!
//! Invariant: readers and writers of one schema derive equal tags for equal things. Two things may share a
//! tag by chance, which costs a miss; one thing never has two tags.

use xxhash_rust::xxh3::xxh3_64;

#[cfg(test)]
mod tests;

/// The hashed name of something that a result can depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(u64);

/// Where rows are: in a table, among those with one value of a key, or among those whose value is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(u64);

/// A key of a table, by whose values its rows are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeySpace(u64);

/// What can happen to rows at a [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Facet(u64);

impl Tag {
    /// The whole database: every cached result depends on it, writes of unbounded extent touch it.
    pub const DATABASE: Self = Self(0x9e37_79b9_7f4a_7c14);

    /// All rows and columns of one table (`T.all`), touched by writes to it of which nothing more is known.
    #[must_use]
    pub fn table(schema: &str, name: &str) -> Self {
        Self(Place::table(schema, name).0)
    }

    /// The hash, uniformly distributed over 64 bits but for the lowest, which tells whether it
    /// [is of one value](Self::is_of_value).
    #[must_use]
    pub fn hash(self) -> u64 {
        self.0
    }

    /// Whether it concerns the rows with one value of a key. The others are few, and many results depend on each.
    #[inline]
    #[must_use]
    pub fn is_of_value(self) -> bool {
        self.0 & OF_VALUE != 0
    }
}

/// The bit of a hash that tells rows with one value of a key from all others.
const OF_VALUE: u64 = 1;

impl Place {
    /// A whole table.
    ///
    /// Names are folded to lower case: two tables that differ by case alone share their tags, so that no
    /// identifier rule of any database can split one table into two.
    #[must_use]
    pub fn table(schema: &str, name: &str) -> Self {
        Self(hash_names(&[schema, name]) & !OF_VALUE)
    }

    /// A key of this table, by its columns in order.
    #[must_use]
    pub fn key(self, columns: &[impl AsRef<str>]) -> KeySpace {
        let names: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
        KeySpace(mix(self.0, hash_names(&names)))
    }

    /// The tag of what happens here.
    #[inline]
    #[must_use]
    pub fn tag(self, facet: Facet) -> Tag {
        Tag(mix(self.0, facet.0) & !OF_VALUE | self.0 & OF_VALUE)
    }
}

impl KeySpace {
    /// The rows with this value; the hash is that of [`Comparison::hash`](crate::Comparison::hash), for several columns
    /// combined by [`combine_hashes`](Self::combine_hashes).
    #[inline]
    #[must_use]
    pub fn at(self, value_hash: u64) -> Place {
        Place(mix(self.0, value_hash) | OF_VALUE)
    }

    /// The rows whose value a writer does not know (`=?`): every read pinned on the key depends on it.
    #[must_use]
    pub fn unknown(self) -> Place {
        Place(mix(self.0, 0x5bd1_e995_7b93_0c6d) & !OF_VALUE)
    }

    /// The hash of a value of several columns, from those of each in order.
    #[must_use]
    pub fn combine_hashes(hashes: impl IntoIterator<Item = u64>) -> u64 {
        let mut hashes = hashes.into_iter();
        let first = hashes.next().unwrap_or_default();
        hashes.fold(first, mix)
    }
}

impl Facet {
    /// A row comes.
    pub const INSERT: Self = Self(0x2545_f491_4f6c_dd1d);
    /// A row goes.
    pub const DELETE: Self = Self(0xd6e8_feb8_6659_fd93);
    /// Any column of a row changes.
    pub const ANY_COLUMN: Self = Self(0xa076_1d64_78bd_642f);

    /// This column of a row changes; folded to lower case like a table's name.
    #[must_use]
    pub fn column(name: &str) -> Self {
        Self(hash_names(&[name]))
    }
}

fn hash_names(names: &[&str]) -> u64 {
    let mut canonical = String::with_capacity(names.iter().map(|name| name.len() + 1).sum());
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            // NUL occurs in no identifier, so no two lists of names have one canonical form.
            canonical.push('\0');
        }
        canonical.extend(name.chars().flat_map(char::to_lowercase));
    }
    xxh3_64(canonical.as_bytes())
}

/// Two hashes into one, by a folded multiplication; the order counts.
#[inline]
fn mix(left: u64, right: u64) -> u64 {
    let product = u128::from(left ^ 0x9fb2_1c65_1e98_df25) * u128::from(right.rotate_left(23) | 1);
    (product as u64) ^ ((product >> 64) as u64) ^ right
}
