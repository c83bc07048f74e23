//! Every event is counted once, whatever thread it comes from.

use std::sync::Barrier;
use std::thread;

use super::stripe::{self, SHARED, STRIPES};
use super::{CacheStats, Counters, Event};
use crate::shim::{AtomicU64, Ordering};

#[test]
fn events_of_all_threads_are_counted() {
    // More than there are stripes, all alive at once, so that some share one: those count most.
    const THREADS: usize = STRIPES + 8;
    let (counters, expected) = (Counters::default(), AtomicU64::new(0));
    let start = Barrier::new(THREADS);
    // The second time they take over what the first ones had.
    for _ in 0..2 {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let is_shared = stripe::of_this_thread() == SHARED;
                    let hits = if is_shared { 200_000 } else { 1_000 };
                    start.wait();
                    for _ in 0..hits {
                        counters.count(Event::Hit);
                    }
                    counters.count(Event::Miss);
                    expected.fetch_add(hits, Ordering::Relaxed);
                });
            }
        });
    }
    let stats = counters.snapshot();
    assert_eq!(
        stats,
        CacheStats {
            hits: expected.into_inner(),
            misses: 2 * THREADS as u64,
            ..CacheStats::default()
        }
    );
}

#[test]
fn living_threads_do_not_share_a_stripe_of_their_own() {
    let together = Barrier::new(STRIPES);
    let stripes: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> = (0..STRIPES)
            .map(|_| {
                scope.spawn(|| {
                    let stripe = stripe::of_this_thread();
                    together.wait();
                    stripe
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut own: Vec<usize> = stripes.into_iter().filter(|&stripe| stripe != SHARED).collect();
    let count = own.len();
    own.sort_unstable();
    own.dedup();
    assert!(own.len() == count && count > 0);
}

#[test]
fn each_event_has_a_counter_of_its_own() {
    let counters = Counters::default();
    let events = [
        Event::Hit,
        Event::Miss,
        Event::Stale,
        Event::Expired,
        Event::Fill,
        Event::Rejection,
        Event::Eviction,
        Event::Bypass,
        Event::Held,
        Event::Coalesced,
        Event::NotAdmitted,
    ];
    for (times, event) in events.into_iter().enumerate() {
        for _ in 0..=times {
            counters.count(event);
        }
    }
    let stats = counters.snapshot();
    let counted = [stats.hits, stats.misses, stats.stale, stats.expired];
    assert_eq!(counted, [1, 2, 3, 4]);
    assert_eq!(
        [stats.fills, stats.rejected, stats.evictions, stats.bypasses],
        [5, 6, 7, 8]
    );
    assert_eq!([stats.held, stats.coalesced, stats.not_admitted], [9, 10, 11]);
}

#[test]
fn the_hit_ratio_is_over_all_lookups() {
    assert_eq!(CacheStats::default().hit_ratio(), 0.0);
    let stats = CacheStats {
        hits: 6,
        misses: 1,
        stale: 2,
        expired: 1,
        bypasses: 90,
        ..CacheStats::default()
    };
    assert_eq!(stats.lookups(), 10);
    assert!((stats.hit_ratio() - 0.6).abs() < 1e-9);
}
