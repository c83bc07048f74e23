//! The price is what victims were worth, and nobody drives out more than his worth.

use super::{Admission, LENIENCE, Worth};

const CAPACITY_BYTES: u64 = 1 << 20;

fn worth(saved_ns: f64, bytes: u64) -> Worth {
    Worth { saved_ns, bytes }
}

/// Of 10,000 tries.
fn admitted(admission: &Admission, result: Worth) -> usize {
    (0..10_000).filter(|_| admission.admits(result)).count()
}

#[test]
fn without_victims_memory_has_no_price() {
    let admission = Admission::new(CAPACITY_BYTES);
    assert_eq!(admitted(&admission, worth(0.0, 1 << 30)), 10_000);
}

#[test]
fn a_victim_that_was_worth_nothing_leaves_no_price() {
    let admission = Admission::new(CAPACITY_BYTES);
    for _ in 0..1000 {
        admission.note_victim(worth(0.0, 4_000));
    }
    assert_eq!(admitted(&admission, worth(0.0, 1 << 30)), 10_000);
}

#[test]
fn the_first_victim_sets_the_price_and_later_ones_move_it() {
    let admission = Admission::new(CAPACITY_BYTES);
    admission.note_victim(worth(5_000.0, 1_000));
    assert!((admission.price_ns() - 5.0).abs() < 1e-9);
    for _ in 0..1000 {
        admission.note_victim(worth(3_000.0, 1_000));
    }
    assert!((admission.price_ns() - 3.0).abs() < 1e-3);
}

#[test]
fn victims_count_by_their_bytes() {
    let admission = Admission::new(CAPACITY_BYTES);
    // 10 ns a byte and 0.01 ns a byte, as many of each.
    for _ in 0..1000 {
        admission.note_victim(worth(10_000.0, 1_000));
        admission.note_victim(worth(10_000.0, 1_000_000));
    }
    assert!(
        (0.019..0.021).contains(&admission.price_ns()),
        "{}",
        admission.price_ns()
    );
}

#[test]
fn who_is_worth_the_price_is_always_admitted_and_who_is_not_by_his_share() {
    let admission = Admission::new(CAPACITY_BYTES);
    admission.note_victim(worth(1_000.0, 1_000));
    assert_eq!(admitted(&admission, worth(1_000.0, 1_000)), 10_000);
    assert_eq!(admitted(&admission, worth(500.0, 1_000)), 10_000);
    for (saved_ns, share) in [(250.0, 0.5), (50.0, 0.1), (5.0, 0.01)] {
        let admitted = admitted(&admission, worth(saved_ns, 1_000)) as f64 / 10_000.0;
        assert!(
            (admitted - share).abs() < 0.2 * share,
            "{saved_ns} ns: {admitted} were admitted"
        );
        // What it drives out is worth 1 ns a byte.
        assert!(admitted * 1_000.0 <= saved_ns * LENIENCE * 1.2);
    }
    assert_eq!(admitted(&admission, worth(0.0, 1_000)), 0);
}

#[test]
fn the_price_halves_with_each_filling_that_was_refused() {
    let admission = Admission::new(CAPACITY_BYTES);
    admission.note_victim(worth(8_000.0, 1_000));
    for price_ns in [4.0, 2.0, 1.0] {
        for _ in 0..1024 {
            admission.note_refusal(worth(0.0, 1_024));
        }
        assert!((admission.price_ns() / price_ns - 1.0).abs() < 0.01);
    }
    admission.note_refusal(worth(0.0, 10 * CAPACITY_BYTES));
    assert!(admission.price_ns().abs() < 1e-9);
}
