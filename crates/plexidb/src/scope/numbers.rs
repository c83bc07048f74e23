//! Numbers for scopes, so that a cached result's key compares a number instead of names and values.
//!
//! Invariant: two scopes never have the same number, also where one of them has been forgotten; one scope may have several,
//! which only costs hits.

use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// Bytes of all scopes that are known; those that were not used for long are forgotten.
const BYTES_MAX: u64 = 16 << 20;
const SCOPES_EXPECTED: usize = 10_000;
/// What an entry takes besides its texts.
const ENTRY_BYTES: usize = 96;
const PAIR_BYTES: usize = 32;

/// Numbers below it stand for databases without a scope.
const FIRST: u64 = 1 << 32;
static NEXT: AtomicU64 = AtomicU64::new(FIRST);

type Pairs = Box<[(Box<str>, Box<str>)]>;

#[derive(Clone)]
struct PairBytes;

impl Weighter<Pairs, u64> for PairBytes {
    fn weight(&self, pairs: &Pairs, _: &u64) -> u64 {
        let texts = pairs
            .iter()
            .map(|(name, value)| name.len() + value.len() + PAIR_BYTES);
        (ENTRY_BYTES + texts.sum::<usize>()) as u64
    }
}

/// The numbers of one database's scopes, by all their names and values.
pub(crate) struct ScopeNumbers {
    known: Cache<Pairs, u64, PairBytes>,
}

impl Default for ScopeNumbers {
    fn default() -> Self {
        Self::with_bytes(BYTES_MAX)
    }
}

impl ScopeNumbers {
    pub(super) fn with_bytes(bytes_max: u64) -> Self {
        Self {
            known: Cache::with_weighter(SCOPES_EXPECTED, bytes_max, PairBytes),
        }
    }

    /// The number of the scope with these pairs, which are sorted by name.
    pub(super) fn number(&self, pairs: &[(Box<str>, Box<str>)]) -> u64 {
        if let Some(number) = self.known.get(pairs) {
            return number;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.known.insert(pairs.into(), number);
        number
    }
}
