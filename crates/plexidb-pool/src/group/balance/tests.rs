//! Each policy heeds figures and weights.

use super::*;

fn candidates(weights: &[f64]) -> Vec<Candidate> {
    let candidates = weights.iter().enumerate().map(|(index, &weight)| Candidate {
        index,
        weight,
        in_flight: 0,
        latency_s: Some(0.001),
    });
    candidates.collect()
}

fn choices(balance: Balance, candidates: &[Candidate], rounds: usize) -> Vec<usize> {
    let mut chance = Chance::seeded(7);
    let mut turns = vec![0.0; candidates.len()];
    (0..rounds)
        .map(|_| choose(balance, candidates, &mut turns, &mut chance))
        .collect()
}

fn share(choices: &[usize], of: usize) -> f64 {
    choices.iter().filter(|&&place| place == of).count() as f64 / choices.len() as f64
}

#[test]
fn of_two_by_chance_the_cheaper_is_taken() {
    let mut candidates = candidates(&[1.0; 4]);
    candidates[2].latency_s = Some(0.002);
    let choices = choices(Balance::PeakEwma, &candidates, 4000);
    // It is in half of the pairs and the dearer one in each.
    assert_eq!(share(&choices, 2), 0.0);
    for other in [0, 1, 3] {
        assert!((share(&choices, other) - 1.0 / 3.0).abs() < 0.03);
    }
}

#[test]
fn the_cost_is_latency_by_those_in_flight_over_weight() {
    let mut pair = candidates(&[1.0, 1.0]);
    let first = |pair: &[Candidate]| {
        choices(Balance::PeakEwma, pair, 20)
            .iter()
            .all(|&place| place == 0)
    };
    pair[1].latency_s = Some(0.0015);
    assert!(first(&pair));
    pair[0].in_flight = 1;
    assert!(!first(&pair));
    pair[0].weight = 1.4;
    assert!(first(&pair));
}

#[test]
fn what_is_not_known_is_tried_by_one_at_a_time() {
    let mut pair = candidates(&[1.0, 1.0]);
    pair[0].latency_s = None;
    assert_eq!(share(&choices(Balance::PeakEwma, &pair, 20), 0), 1.0);
    pair[0].in_flight = 1;
    pair[1].in_flight = 50;
    assert_eq!(share(&choices(Balance::PeakEwma, &pair, 20), 0), 0.0);
}

#[test]
fn the_least_loaded_for_its_weight_is_taken() {
    let mut three = candidates(&[1.0, 1.0, 4.0]);
    three[0].in_flight = 2;
    three[1].in_flight = 1;
    three[2].in_flight = 6;
    assert_eq!(share(&choices(Balance::LeastConnections, &three, 20), 2), 1.0);
    three[2].in_flight = 8;
    assert_eq!(share(&choices(Balance::LeastConnections, &three, 20), 1), 1.0);
}

#[test]
fn turns_are_exact_and_spread_evenly() {
    let choices = choices(Balance::RoundRobin, &candidates(&[5.0, 1.0, 1.0]), 7);
    assert_eq!(choices, [0, 0, 1, 0, 2, 0, 0]);
}

#[test]
fn chance_follows_the_weights() {
    let choices = choices(Balance::Weighted, &candidates(&[5.0, 3.0, 2.0]), 20_000);
    for (place, expected) in [0.5, 0.3, 0.2].into_iter().enumerate() {
        assert!((share(&choices, place) - expected).abs() < 0.01);
    }
}
