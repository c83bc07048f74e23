//! Clients that ask one after the other in a time of their own: who gets which share.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;

const POLICIES: [Balance; 4] = [
    Balance::PeakEwma,
    Balance::LeastConnections,
    Balance::RoundRobin,
    Balance::Weighted,
];

struct Simulation {
    board: Board,
    start: Instant,
    elapsed: Duration,
    chance: Chance,
    under_way: BinaryHeap<Reverse<(Duration, usize)>>,
    tickets: Vec<Option<(Ticket, Outcome)>>,
}

/// What an endpoint makes of a request: how long it takes and what comes of it.
type Service = dyn Fn(usize, Duration) -> (Duration, Outcome);

fn answers(took: Duration) -> (Duration, Outcome) {
    (took, Outcome::Answered(took))
}

impl Simulation {
    fn new(board: Board) -> Self {
        Self {
            board,
            start: Instant::now(),
            elapsed: Duration::ZERO,
            chance: Chance::seeded(3),
            under_way: BinaryHeap::new(),
            tickets: Vec::new(),
        }
    }

    /// So many clients read until the time is over, and pause for a tenth of a millisecond in between. Returns the share of
    /// requests of each endpoint.
    fn run(&mut self, clients: usize, until: Duration, service: &Service) -> Vec<f64> {
        self.tickets.resize_with(clients, || None);
        for client in 0..clients {
            self.under_way.push(Reverse((self.elapsed, client)));
        }
        let mut served = vec![0_u32; self.board.members.len()];
        while let Some(Reverse((at, client))) = self.under_way.pop() {
            self.elapsed = at;
            let now = self.start + at;
            if let Some((ticket, outcome)) = self.tickets[client].take() {
                self.board.note(ticket, outcome, now);
                self.board.leave(ticket, || now);
            }
            if at >= until {
                continue;
            }
            let pause = MILLI.mul_f64(0.1 * self.chance.share());
            let Ok(ticket) = self.board.enter(&Need::read(), Tried::default(), now) else {
                self.under_way.push(Reverse((at + MILLI, client)));
                continue;
            };
            served[ticket.index] += 1;
            let (takes, outcome) = service(ticket.index, at);
            let takes = takes.mul_f64(0.8 + 0.4 * self.chance.share());
            self.tickets[client] = Some((ticket, outcome));
            self.under_way.push(Reverse((at + takes + pause, client)));
        }
        assert!(self.board.members.iter().all(|member| member.in_flight == 0));
        let total = f64::from(served.iter().sum::<u32>());
        served.iter().map(|&count| f64::from(count) / total).collect()
    }
}

#[test]
fn a_slow_endpoint_is_avoided_and_tried_again_once_it_is_fast() {
    let mut simulation = Simulation::new(board(&[1, 1, 1], Balance::PeakEwma));
    let shares = simulation.run(20, 4 * SECOND, &move |index, _| {
        answers(if index == 3 { 50 * MILLI } else { MILLI })
    });
    assert_eq!(shares[0], 0.0, "the primary serves no reads while replicas do");
    assert!(shares[3] < 0.005, "{shares:?}");
    assert!((shares[1] - 0.5).abs() < 0.05, "{shares:?}");
    let shares = simulation.run(5, 140 * SECOND, &|_, _| answers(5 * MILLI));
    assert!((shares[3] - 0.3).abs() < 0.1, "{shares:?}");
}

#[test]
fn an_endpoint_that_becomes_slow_loses_its_load_at_once() {
    let mut simulation = Simulation::new(board(&[1, 1], Balance::PeakEwma));
    let shares = simulation.run(20, 5 * SECOND, &|_, _| answers(MILLI));
    assert!((shares[1] - 0.5).abs() < 0.05, "{shares:?}");
    let shares = simulation.run(20, 10 * SECOND, &|index, _| {
        answers(if index == 1 { 100 * MILLI } else { MILLI })
    });
    assert!(shares[1] < 0.005, "{shares:?}");
}

#[test]
fn one_that_fails_fast_attracts_next_to_nothing() {
    for balance in POLICIES {
        for failure in [Outcome::Refused, Outcome::Failed] {
            let mut simulation = Simulation::new(board(&[1, 1, 1], balance));
            let shares = simulation.run(20, 4 * SECOND, &move |index, _| {
                if index == 3 {
                    (MILLI / 100, failure)
                } else {
                    answers(MILLI)
                }
            });
            assert!(shares[3] < 0.005, "{balance:?} {failure:?} {shares:?}");
            assert!(
                (shares[1] - 0.5).abs() < 0.05,
                "{balance:?} {failure:?} {shares:?}"
            );
        }
    }
}

#[test]
fn weights_are_respected_by_each_policy() {
    for balance in POLICIES {
        let mut simulation = Simulation::new(board(&[3, 1], balance));
        let shares = simulation.run(40, 2 * SECOND, &|_, _| answers(MILLI));
        assert!((shares[1] - 0.75).abs() < 0.04, "{balance:?} {shares:?}");
    }
}

#[test]
fn an_outage_costs_few_requests_and_heals() {
    for balance in POLICIES {
        let mut simulation = Simulation::new(board(&[1, 1], balance));
        let is_out = |at: Duration| (5 * SECOND..15 * SECOND).contains(&at);
        let service = move |index: usize, at: Duration| {
            if index == 1 && is_out(at) {
                (5 * MILLI, Outcome::Failed)
            } else {
                answers(5 * MILLI)
            }
        };
        simulation.run(20, 5 * SECOND, &service);
        simulation.run(20, 15 * SECOND, &service);
        let failures = simulation.board.members[1].failures;
        // Those in flight at the start, and probes; some 38,000 were served meanwhile.
        assert!((3..=40).contains(&failures), "{balance:?}: {failures}");
        // The longest delay before a probe.
        simulation.run(20, 20 * SECOND, &service);
        let shares = simulation.run(20, 30 * SECOND, &service);
        assert!((shares[1] - 0.5).abs() < 0.1, "{balance:?} {shares:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_choices() {
    let run = || {
        let mut simulation = Simulation::new(board(&[1, 1, 1], Balance::PeakEwma));
        simulation.run(7, SECOND, &|index, _| {
            answers(MILLI * u32::try_from(index).unwrap())
        })
    };
    assert_eq!(run(), run());
}
