//! The samples against the distribution's own formula.

use super::Zipf;
use crate::random::Random;

#[test]
fn ranks_come_as_often_as_the_formula_says() {
    const SAMPLES: u32 = 400_000;
    for ranks in [1_u64, 2, 10, 1_000] {
        let zipf = Zipf::new(ranks, 0.99);
        let mut random = Random::new(ranks);
        let mut counts = vec![0_u32; ranks as usize + 1];
        for _ in 0..SAMPLES {
            counts[zipf.sample(&mut random) as usize] += 1;
        }
        let total: f64 = (1..=ranks).map(|rank| (rank as f64).powf(-0.99)).sum();
        assert_eq!(counts[0], 0, "ranks start at 1");
        for rank in 1..=ranks.min(20) {
            let expected = (rank as f64).powf(-0.99) / total * f64::from(SAMPLES);
            let found = f64::from(counts[rank as usize]);
            // Five standard deviations of a count.
            assert!(
                (found - expected).abs() <= 5.0 * expected.sqrt() + 1.0,
                "rank {rank} of {ranks}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn every_rank_of_a_small_range_occurs() {
    let zipf = Zipf::new(100, 0.99);
    let mut random = Random::new(3);
    let seen: std::collections::HashSet<u64> = (0..50_000).map(|_| zipf.sample(&mut random)).collect();
    assert_eq!(seen.len(), 100);
}
