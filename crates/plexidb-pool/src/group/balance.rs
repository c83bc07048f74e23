//! Which of several endpoints that are all fit gets the next request.
//!
//! Invariant: the choice is among the candidates that are given, whatever their figures are; every policy heeds the weights.

use super::chance::Chance;

#[cfg(test)]
mod tests;

/// How requests are spread over the endpoints that are fit. Every policy heeds the weights, and gives an endpoint that has
/// just failed next to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// The cheaper of two that are drawn by chance (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001), where the
    /// cost is latency × (requests in flight + 1) / weight. The latency is a moving average that rises at once and decays
    /// slowly, after the load balancer of Twitter's Finagle. With little load nearly all goes to the fastest.
    #[default]
    PeakEwma,
    /// The one with the fewest requests in flight for its weight.
    LeastConnections,
    /// One after the other, each as often as its weight says, the turns of each spread evenly.
    RoundRobin,
    /// By chance, each as often as its weight says.
    Weighted,
}

/// An endpoint that is fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) index: usize,
    /// Above 0; lessened by recent failures, but for the policy that counts them as latency.
    pub(crate) weight: f64,
    pub(crate) in_flight: usize,
    /// `None` where it is not known, or the policy does not ask for it.
    pub(crate) latency_s: Option<f64>,
}

/// What a latency counts as that is not known while the first answer is awaited: such an endpoint is tried by one at a time.
const UNKNOWN_LATENCY_S: f64 = 3600.0;

impl Candidate {
    fn cost(&self) -> f64 {
        let latency_s = match self.latency_s {
            Some(latency_s) => latency_s,
            None if self.in_flight == 0 => 0.0,
            None => UNKNOWN_LATENCY_S,
        };
        latency_s * (self.in_flight as f64 + 1.0) / self.weight
    }

    fn load(&self) -> f64 {
        (self.in_flight as f64 + 1.0) / self.weight
    }
}

/// The place of the chosen one among the candidates, of which there is at least one. `turns` holds for each endpoint of the group
/// how far its next turn is due.
pub(crate) fn choose(
    balance: Balance,
    candidates: &[Candidate],
    turns: &mut [f64],
    chance: &mut Chance,
) -> usize {
    match balance {
        _ if candidates.len() < 2 => 0,
        Balance::PeakEwma => {
            let first = chance.below(candidates.len());
            let second = chance.below(candidates.len() - 1);
            let second = second + usize::from(second >= first);
            cheapest(candidates, [first, second].into_iter(), Candidate::cost, chance)
        }
        Balance::LeastConnections => cheapest(candidates, 0..candidates.len(), Candidate::load, chance),
        Balance::RoundRobin => next_in_turn(candidates, turns),
        Balance::Weighted => by_weight(candidates, chance),
    }
}

/// The one with the least cost; of several by chance, according to their weights.
fn cheapest(
    candidates: &[Candidate],
    among: impl Iterator<Item = usize>,
    cost: impl Fn(&Candidate) -> f64,
    chance: &mut Chance,
) -> usize {
    let mut best = 0;
    let mut best_cost = f64::INFINITY;
    let mut weight_of_equals = 0.0;
    for place in among {
        let candidate = &candidates[place];
        let cost = cost(candidate);
        if cost < best_cost {
            (best, best_cost, weight_of_equals) = (place, cost, candidate.weight);
        } else if cost == best_cost {
            weight_of_equals += candidate.weight;
            if chance.share() * weight_of_equals < candidate.weight {
                best = place;
            }
        }
    }
    best
}

/// Smooth weighted round-robin, as in nginx: everyone's turn comes nearer by its weight, the nearest is taken and put back by
/// the sum of the weights.
fn next_in_turn(candidates: &[Candidate], turns: &mut [f64]) -> usize {
    let mut next = 0;
    let mut total = 0.0;
    for (place, candidate) in candidates.iter().enumerate() {
        turns[candidate.index] += candidate.weight;
        total += candidate.weight;
        if turns[candidate.index] > turns[candidates[next].index] {
            next = place;
        }
    }
    turns[candidates[next].index] -= total;
    next
}

fn by_weight(candidates: &[Candidate], chance: &mut Chance) -> usize {
    let total: f64 = candidates.iter().map(|candidate| candidate.weight).sum();
    let mut drawn = chance.share() * total;
    for (place, candidate) in candidates.iter().enumerate() {
        drawn -= candidate.weight;
        if drawn < 0.0 {
            return place;
        }
    }
    // Sums of doubles may fall short by the last bit.
    candidates.len() - 1
}
