//! Every event is counted once, whatever thread it comes from.

use std::thread;

use super::{CacheStats, Counters, Event};

#[test]
fn events_of_all_threads_are_counted() {
    let counters = Counters::default();
    thread::scope(|scope| {
        // More threads than stripes, so that some share one.
        for _ in 0..40 {
            scope.spawn(|| {
                for _ in 0..100 {
                    counters.count(Event::Hit);
                }
                counters.count(Event::Miss);
            });
        }
    });
    let stats = counters.snapshot();
    assert_eq!(
        stats,
        CacheStats {
            hits: 4000,
            misses: 40,
            ..CacheStats::default()
        }
    );
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
