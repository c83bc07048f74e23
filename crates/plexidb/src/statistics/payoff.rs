//! Whether caching the results of a statement pays, as measured while it runs.
//!
//! Invariant: it changes what a read costs, never what it returns. It knows times and counts, no statement.

use super::OUTLIER;

#[cfg(test)]
mod tests;

/// Lookups that are judged together.
const WINDOW: u64 = 512;
/// Reads past the cache before it is tried again; doubled with each failed try.
const PAUSE_FIRST: u64 = 8_192;
const PAUSE_DOUBLINGS_MAX: u32 = 8;
/// What a hit costs; `cargo xtask bench hit` measures it. A miss costs so much more that its share does not matter.
const HIT_NS: f64 = 150.0;
/// The weight of the newest time in a mean.
const NEWEST: f64 = 1.0 / 16.0;

/// Counts hits and times misses of one statement, and switches its caching off where that would be faster.
///
/// With a hit ratio of *h* a read costs *h* · hit + (1 − *h*) · miss on average, without the cache it costs direct: caching
/// loses where *h* < (miss − direct) / (miss − hit).
#[derive(Debug, Default)]
pub(crate) struct Payoff {
    fetch_ns: f64,
    overhead_ns: f64,
    misses: u64,
    hits_before: u64,
    /// Reads that are still to pass the cache by.
    pause: u64,
    failures: u32,
    /// Whether the last window spoke for switching off: one alone may be that of a cache that is still filling.
    is_warned: bool,
}

impl Payoff {
    /// Whether the next read is to look into the cache and to fill it; counts a read that is not.
    pub(crate) fn is_on(&mut self, hits: u64) -> bool {
        if self.pause == 0 {
            return true;
        }
        self.pause -= 1;
        if self.pause == 0 {
            self.begin_window(hits);
        }
        false
    }

    /// Whether caching is switched off at the moment.
    pub(crate) fn is_paused(&self) -> bool {
        self.pause > 0
    }

    /// Judges after a miss; `hits` is the number of all hits so far as the entries have told them: at least half.
    pub(crate) fn missed(&mut self, hits: u64, fetch_ns: u64, overhead_ns: u64) {
        mean(&mut self.fetch_ns, fetch_ns);
        mean(&mut self.overhead_ns, overhead_ns);
        self.misses += 1;
        let hits_now = hits.saturating_sub(self.hits_before);
        // Judged by misses, so that hits which are not counted yet cannot end a window early.
        if self.misses < WINDOW {
            return;
        }
        // In doubt for the cache: as many hits may not be told yet.
        let hits_now = 2 * hits_now;
        let ratio = hits_now as f64 / (hits_now + self.misses) as f64;
        let is_loss = ratio < self.ratio_needed();
        if is_loss && self.is_warned {
            self.pause = PAUSE_FIRST << self.failures.min(PAUSE_DOUBLINGS_MAX);
            self.failures += 1;
        } else if !is_loss {
            self.failures = 0;
        }
        self.is_warned = is_loss;
        self.begin_window(hits);
    }

    /// The hit ratio below which caching loses time.
    fn ratio_needed(&self) -> f64 {
        let saved = self.fetch_ns + self.overhead_ns - HIT_NS;
        if saved <= 0.0 {
            return 1.0;
        }
        (self.overhead_ns / saved).min(1.0)
    }

    fn begin_window(&mut self, hits: u64) {
        self.misses = 0;
        self.hits_before = hits;
    }
}

fn mean(mean: &mut f64, ns: u64) {
    let ns = ns as f64;
    if *mean == 0.0 {
        *mean = ns;
    } else {
        // A thread that lost its processor in between says nothing of the work.
        *mean += (ns.min(*mean * OUTLIER as f64) - *mean) * NEWEST;
    }
}
