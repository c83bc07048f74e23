//! When the queue counts as standing.

use super::*;

const MS: Duration = Duration::from_millis(1);

const SHEDDING: Shedding = Shedding {
    target: Duration::from_millis(10),
    interval: Duration::from_millis(100),
};

/// Serves somebody each millisecond, who has waited as the function says, and tells when somebody was turned away.
fn turned_away(millis: u32, waited: impl Fn(u32) -> Duration) -> Vec<u32> {
    let start = Instant::now();
    let mut shedder = Shedder::default();
    (0..millis)
        .filter(|&millis| shedder.turns_away(SHEDDING, start + millis * MS, waited(millis), 5))
        .collect()
}

#[test]
fn a_burst_that_passes_turns_nobody_away() {
    assert_eq!(turned_away(99, |_| 500 * MS), [] as [u32; 0]);
    // It passes when a single one was served in time.
    let dips = |millis| if millis % 90 == 50 { 10 * MS } else { 500 * MS };
    assert_eq!(turned_away(1_000, dips), [] as [u32; 0]);
}

#[test]
fn a_standing_queue_is_cut_down_to_the_target_until_it_has_gone() {
    let stands = turned_away(150, |_| 11 * MS);
    assert_eq!(stands, (100..150).collect::<Vec<_>>());
    // Those within the target are served, and a short time within it does not end the state...
    let alternates = |millis| {
        if millis > 100 && millis % 2 == 0 {
            10 * MS
        } else {
            11 * MS
        }
    };
    let odd: Vec<u32> = (100..300)
        .filter(|millis| *millis == 100 || millis % 2 == 1)
        .collect();
    assert_eq!(turned_away(300, alternates), odd);
    // ...but a whole interval does, and the next burst is let pass again.
    let relieved = |millis| if (110..215).contains(&millis) { MS } else { 11 * MS };
    let expected: Vec<u32> = (100..110).chain(315..330).collect();
    assert_eq!(turned_away(330, relieved), expected);
}

#[test]
fn the_last_in_the_queue_is_always_served() {
    let start = Instant::now();
    let mut shedder = Shedder::default();
    for millis in 0..1_000 {
        assert!(!shedder.turns_away(SHEDDING, start + millis * MS, 900 * MS, 1));
    }
}
