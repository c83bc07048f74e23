//! Caching stops where it loses time, and is tried again.

use super::{PAUSE_FIRST, Payoff, WINDOW};

/// A statement whose every `period`-th lookup is a miss; tells how many of `lookups` used the cache.
fn run(payoff: &mut Payoff, period: u64, fetch_ns: u64, overhead_ns: u64, lookups: u64) -> u64 {
    let mut hits = payoff.hits_before;
    let mut used = 0;
    for number in 0..lookups {
        if !payoff.is_on(hits) {
            continue;
        }
        used += 1;
        if number % period == 0 {
            payoff.missed(hits, fetch_ns, overhead_ns);
        } else {
            hits += 1;
        }
    }
    used
}

#[test]
fn a_statement_that_is_never_hit_stops_to_be_cached_and_is_tried_again() {
    let mut payoff = Payoff::default();
    // One bad window may be that of a cache that is still filling.
    assert_eq!(run(&mut payoff, 1, 40_000, 2_000, 2 * WINDOW), 2 * WINDOW);
    assert!(payoff.is_paused());
    assert_eq!(run(&mut payoff, 1, 40_000, 2_000, PAUSE_FIRST), 0);
    assert!(!payoff.is_paused());
    // It is tried for a window, and the second pause is twice as long.
    assert_eq!(
        run(&mut payoff, 1, 40_000, 2_000, WINDOW + 2 * PAUSE_FIRST),
        WINDOW
    );
    assert!(!payoff.is_paused());
}

#[test]
fn few_hits_pay_where_a_miss_is_dear_and_not_where_it_is_cheap() {
    // One hit in ten; keeping results costs 2 µs.
    let lookups = 100 * WINDOW;
    let hits_of_ten = |fetch_ns| {
        let mut payoff = Payoff::default();
        let mut hits = 0;
        for number in 0..lookups {
            if !payoff.is_on(hits) {
                return false;
            }
            if number % 10 == 0 {
                hits += 1;
            } else {
                payoff.missed(hits, fetch_ns, 2_000);
            }
        }
        true
    };
    assert!(hits_of_ten(40_000));
    assert!(!hits_of_ten(4_000));
    assert!(hits_of_ten(12_000), "half of the hits may not be told yet");
}

#[test]
fn a_statement_that_is_hit_again_is_cached_for_good() {
    let mut payoff = Payoff::default();
    run(&mut payoff, 1, 40_000, 2_000, 2 * WINDOW + PAUSE_FIRST);
    let lookups = 50 * WINDOW;
    assert_eq!(run(&mut payoff, 2, 40_000, 2_000, lookups), lookups);
    assert_eq!(payoff.failures, 0);
}

#[test]
fn a_read_that_costs_no_more_than_a_hit_is_not_worth_keeping() {
    let mut payoff = Payoff::default();
    let lookups = 8 * WINDOW;
    assert!(run(&mut payoff, 2, 10, 20, lookups) < lookups);
    assert!(payoff.is_paused());
}

#[test]
fn a_thread_that_loses_its_processor_switches_nothing_off() {
    let mut payoff = Payoff::default();
    let mut hits = 0;
    for number in 0..20 * WINDOW {
        assert!(payoff.is_on(hits));
        if number % 2 == 0 {
            hits += 1;
        } else {
            // Once in a while storing a result seems to take 5 ms.
            let overhead_ns = if number % 101 == 0 { 5_000_000 } else { 2_000 };
            payoff.missed(hits, 40_000, overhead_ns);
        }
    }
}
