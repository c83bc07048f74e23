//! Any order of observations, requests and outcomes: nobody unfit is chosen, and nobody is counted in the end.

use proptest::prelude::*;

use super::super::super::breaker::BreakerState;
use super::*;

const ENDPOINTS: usize = 4;

#[derive(Clone, Debug)]
enum Operation {
    Enter {
        is_write: bool,
        asks_lag: bool,
        at_least: Option<u64>,
    },
    Note(usize, u8),
    Leave(usize),
    Observe {
        index: usize,
        is_primary: bool,
        timeline: Option<u64>,
        position: u64,
        lag_ms: u32,
        late_ms: u32,
    },
    Lose(usize),
    Advance(u32),
    Forget,
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = 0..ENDPOINTS;
    let observe = (
        index.clone(),
        any::<bool>(),
        proptest::option::of(1..4_u64),
        0..5_u64,
        0..2000_u32,
        0..300_u32,
    );
    prop_oneof![
        8 => (any::<bool>(), any::<bool>(), proptest::option::of(0..5_u64)).prop_map(
            |(is_write, asks_lag, at_least)| Operation::Enter { is_write, asks_lag, at_least }
        ),
        6 => (any::<usize>(), 0..4_u8).prop_map(|(who, what)| Operation::Note(who, what)),
        5 => any::<usize>().prop_map(Operation::Leave),
        4 => observe.prop_map(|(index, is_primary, timeline, position, lag_ms, late_ms)| {
            Operation::Observe { index, is_primary, timeline, position, lag_ms, late_ms }
        }),
        2 => index.prop_map(Operation::Lose),
        4 => (0..2000_u32).prop_map(Operation::Advance),
        1 => Just(Operation::Forget),
    ]
}

struct World {
    board: Board,
    now: Instant,
    /// What each endpoint is as far as is known, with the time of the check; kept apart from the board.
    known: [(Option<Observation>, Option<Instant>); ENDPOINTS],
    newest: Option<u64>,
    under_way: Vec<Ticket>,
}

impl World {
    fn new(balance: Balance) -> Self {
        Self {
            board: board(&[1, 2, 0], balance),
            // Checks are sent up to 300 ms before.
            now: Instant::now() + SECOND,
            known: Default::default(),
            newest: None,
            under_way: Vec::new(),
        }
    }

    fn role(&self, index: usize) -> Role {
        match &self.known[index].0 {
            Some(seen) => seen.role,
            None if index == 0 => Role::Primary,
            None => Role::Replica,
        }
    }

    fn note_known(&mut self, index: usize, seen: Observation) {
        let (known, asked_at) = &mut self.known[index];
        if asked_at.is_none_or(|newest| seen.asked_at >= newest) {
            *asked_at = Some(seen.asked_at);
            self.newest = self.newest.max(seen.timeline);
            *known = Some(seen);
        }
    }

    fn pick(&self, who: usize) -> Option<usize> {
        (!self.under_way.is_empty()).then(|| who % self.under_way.len())
    }

    fn check_choice(&self, ticket: Ticket, need: &Need, admission: Admission) {
        let index = ticket.index;
        let seen = self.known[index].0.as_ref();
        assert_ne!(admission, Admission::Refused);
        let is_outdated = seen.is_some_and(|seen| seen.timeline.is_some() && seen.timeline < self.newest);
        assert!(!is_outdated);
        if need.intent == Intent::Write || self.role(index) == Role::Primary {
            assert_eq!(self.role(index), Role::Primary);
            let rivals = (0..ENDPOINTS).filter(|&other| {
                let seen = self.known[other].0.as_ref();
                other != index
                    && seen.is_some_and(|seen| seen.role == Role::Primary && seen.timeline > self.newest)
            });
            assert_eq!(rivals.count(), 0);
            return;
        }
        assert_ne!(index, 3, "it has a weight of 0");
        if let Some(lag_max) = need.lag_max {
            let seen = seen.unwrap();
            assert!(seen.lag.unwrap() + (self.now - seen.asked_at) <= lag_max);
        }
        if let Some(at_least) = &need.at_least {
            assert!(seen.unwrap().mark.unwrap().covers(*at_least));
        }
    }

    fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::Enter {
                is_write,
                asks_lag,
                at_least,
            } => {
                let need = Need {
                    intent: if is_write { Intent::Write } else { Intent::Read },
                    lag_max: asks_lag.then_some(SECOND),
                    at_least: at_least.map(|number| Mark::new(0, number)),
                    ..Need::default()
                };
                let admissions: Vec<_> = self
                    .board
                    .members
                    .iter()
                    .map(|member| member.breaker.admission(self.now))
                    .collect();
                if let Ok(ticket) = self.board.enter(&need, Tried::default(), self.now) {
                    self.check_choice(ticket, &need, admissions[ticket.index]);
                    assert!(self.board.is_fit(ticket, &need, self.now));
                    self.under_way.push(ticket);
                }
            }
            Operation::Note(who, what) => {
                let Some(place) = self.pick(who) else { return };
                let ticket = self.under_way[place];
                let outcomes = [
                    Outcome::Answered(MILLI),
                    Outcome::Failed,
                    Outcome::Refused,
                    Outcome::ReadOnly,
                ];
                let timeline = self.known[ticket.index].0.as_ref().and_then(|seen| seen.timeline);
                if self.board.note(ticket, outcomes[usize::from(what)], self.now) {
                    let seen = Observation {
                        timeline,
                        ..Observation::replica(self.now)
                    };
                    self.note_known(ticket.index, seen);
                }
            }
            Operation::Leave(who) => {
                let Some(place) = self.pick(who) else { return };
                let ticket = self.under_way.swap_remove(place);
                self.board.leave(ticket, || self.now);
            }
            Operation::Observe {
                index,
                is_primary,
                timeline,
                position,
                lag_ms,
                late_ms,
            } => {
                let at = self.now - MILLI * late_ms;
                let seen = Observation {
                    role: if is_primary { Role::Primary } else { Role::Replica },
                    timeline,
                    lag: Some(MILLI * lag_ms),
                    mark: Some(Mark::new(0, position)),
                    asked_at: at,
                };
                self.board.observe(index, seen.clone());
                self.note_known(index, seen);
            }
            Operation::Lose(index) => self.board.lose(index, self.now, self.now),
            Operation::Advance(millis) => self.now += MILLI * millis,
            Operation::Forget => {
                self.board.forget_observations();
                self.newest = None;
                self.known.iter_mut().for_each(|(seen, _)| *seen = None);
            }
        }
    }

    fn check_books(&self) {
        for (index, member) in self.board.members.iter().enumerate() {
            let own = self.under_way.iter().filter(|ticket| ticket.index == index);
            assert_eq!(member.in_flight, own.clone().count());
            assert_eq!(member.role(), self.role(index));
            let probes = own.filter(|ticket| ticket.pass.is_probe);
            let is_probed = member.breaker.state(self.now) == BreakerState::HalfOpen;
            assert!(
                !is_probed || probes.count() >= 1,
                "it waits for a probe that nobody makes"
            );
        }
    }
}

proptest! {
    #[test]
    fn nobody_unfit_is_chosen_and_nobody_is_left(
        policy in 0..4_usize,
        operations in proptest::collection::vec(operation(), 1..120),
    ) {
        let policies = [Balance::PeakEwma, Balance::LeastConnections, Balance::RoundRobin, Balance::Weighted];
        let mut world = World::new(policies[policy]);
        for operation in &operations {
            world.apply(operation);
            world.check_books();
        }
        while !world.under_way.is_empty() {
            world.apply(&Operation::Leave(0));
        }
        prop_assert!(world.board.members.iter().all(|member| member.in_flight == 0));
        // Once everyone works again, whoever has the right to serves.
        world.now += 10 * SECOND;
        let now = world.now;
        world.board.forget_observations();
        for index in 0..ENDPOINTS {
            let seen = if index == 0 { Observation::primary(now) } else { Observation::replica(now) };
            world.board.observe(index, seen);
        }
        prop_assert_eq!(enter(&mut world.board, &Need::write(), now), Ok(0));
        prop_assert!(matches!(enter(&mut world.board, &Need::read(), now), Ok(1 | 2)));
    }
}
