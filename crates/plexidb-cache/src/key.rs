//! Keys of cached results: everything that can change the answer.
//!
//! Invariant: two keys are equal only if scope, statement text and every parameter with its type are equal. The hash
//! merely finds the entry; it never decides that two keys are one.

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use plexidb_core::{CellSink as _, ValueRef};
use quick_cache::Equivalent;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

mod buffer;
#[cfg(test)]
mod tests;

pub use buffer::KeyBuffer;

/// Stands where other parameters have their length, which is never so large: an integer follows.
const INTEGER: u64 = u64::MAX;

/// Makes the hashes of one process unpredictable, so that nobody can send parameters that all meet in one place.
static SEED: LazyLock<u64> = LazyLock::new(|| {
    use std::hash::BuildHasher as _;
    std::collections::hash_map::RandomState::new().hash_one(0)
});

/// A key that borrows its text and its parameters, for lookups without an allocation.
#[derive(Clone, Copy, Debug)]
pub struct KeyRef<'a> {
    pub(crate) hash: u64,
    scope: u64,
    sql: &'a str,
    params: &'a [u8],
}

/// An owned key, as the cache keeps it.
#[derive(Clone, Debug)]
pub struct Key {
    hash: u64,
    scope: u64,
    sql: Arc<str>,
    params: Box<[u8]>,
}

impl<'a> KeyRef<'a> {
    /// Makes the key of a statement and its parameters; `buffer` is overwritten with their encoding.
    ///
    /// `scope` stands for everything else that can change the answer: the database, its schema and the settings of
    /// the session. Whoever makes scopes gives different numbers to what may answer differently.
    #[must_use]
    pub fn new(scope: u64, sql: &'a str, params: &[ValueRef<'_>], buffer: &'a mut KeyBuffer) -> Self {
        buffer.clear();
        for &param in params {
            encode(param, buffer);
        }
        let params = buffer.bytes();
        let text = xxh3_64(sql.as_bytes()) ^ scope.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ *SEED;
        Self {
            hash: xxh3_64_with_seed(params, text),
            scope,
            sql,
            params,
        }
    }

    /// The owned key. `sql` is shared where it is this key's text, else the text is copied.
    #[must_use]
    pub fn to_owned(&self, sql: Arc<str>) -> Key {
        let sql = if *sql == *self.sql {
            sql
        } else {
            Arc::from(self.sql)
        };
        Key {
            hash: self.hash,
            scope: self.scope,
            sql,
            params: self.params.into(),
        }
    }
}

/// Appends the cell with its length before it: without it, two lists of parameters could share an encoding.
#[inline]
fn encode(param: ValueRef<'_>, buffer: &mut KeyBuffer) {
    if let ValueRef::Int(number) = param {
        // The usual key, in one step.
        let mut cell = [0; 2 * size_of::<u64>()];
        cell[..size_of::<u64>()].copy_from_slice(&INTEGER.to_le_bytes());
        cell[size_of::<u64>()..].copy_from_slice(&number.to_le_bytes());
        buffer.put(&cell);
    } else {
        encode_cell(param, buffer);
    }
}

fn encode_cell(param: ValueRef<'_>, buffer: &mut KeyBuffer) {
    let start = buffer.len();
    buffer.put(&[0; size_of::<u64>()]);
    param.encode(buffer);
    let length = (buffer.len() - start - size_of::<u64>()) as u64;
    buffer.bytes_mut()[start..start + size_of::<u64>()].copy_from_slice(&length.to_le_bytes());
}

impl Key {
    /// The statement.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The parameters with their types, the same in every process.
    #[must_use]
    pub fn params(&self) -> &[u8] {
        &self.params
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// The key's memory apart from its own size. The text is counted in full although entries of one statement share
    /// it: what is counted is never less than what is used.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.sql.len() + self.params.len()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.scope == other.scope && self.params == other.params && self.sql == other.sql
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for KeyRef<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    #[inline]
    fn equivalent(&self, key: &Key) -> bool {
        self.scope == key.scope && *self.params == *key.params && *self.sql == *key.sql
    }
}

/// Passes a key's own hash through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyHasher(u64);

pub(crate) type BuildKeyHasher = BuildHasherDefault<KeyHasher>;

impl Hasher for KeyHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        // Keys write one u64; anything else still gets a hash.
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }
}
