//! A breaker opens on failures in a row, lets one probe pass at a time, and closes with a success.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

struct World {
    breaker: Breaker,
    chance: Chance,
    now: Instant,
}

impl World {
    fn new() -> Self {
        Self {
            breaker: Breaker::new(BreakerConfig {
                failures_max: 3,
                delay_min: SECOND,
                delay_max: 10 * SECOND,
            }),
            chance: Chance::seeded(1),
            now: Instant::now(),
        }
    }

    fn fail(&mut self) {
        let pass = self.breaker.pass(self.now);
        self.breaker.failed(pass, self.now, &mut self.chance);
    }

    fn open(&mut self) {
        (0..3).for_each(|_| self.fail());
    }

    fn retry_in(&self) -> Duration {
        match self.breaker.state(self.now) {
            BreakerState::Open { retry_in } => retry_in,
            other => panic!("{other:?}"),
        }
    }

    /// Goes to the time at which a probe is due.
    fn wait(&mut self) {
        self.now += self.retry_in();
    }

    fn admission(&self) -> Admission {
        self.breaker.admission(self.now)
    }
}

#[test]
fn it_opens_on_failures_in_a_row() {
    let mut world = World::new();
    world.fail();
    world.fail();
    let pass = world.breaker.pass(world.now);
    world.breaker.answered(pass);
    world.fail();
    world.fail();
    assert_eq!(world.admission(), Admission::Free);
    world.fail();
    assert_eq!(world.admission(), Admission::Refused);
    assert_eq!(world.breaker.opened, 1);
}

#[test]
fn one_probe_passes_at_a_time() {
    let mut world = World::new();
    world.open();
    world.wait();
    assert_eq!(world.admission(), Admission::Probe);
    let probe = world.breaker.pass(world.now);
    assert!(probe.is_probe);
    assert_eq!(world.admission(), Admission::Refused);
    world.now += 1000 * SECOND;
    assert_eq!(world.admission(), Admission::Refused);
    // One that goes without having found out anything makes room for the next.
    world.breaker.probe_left(probe, world.now);
    assert_eq!(world.admission(), Admission::Probe);
    let probe = world.breaker.pass(world.now);
    assert!(world.breaker.answered(probe));
    world.breaker.probe_left(probe, world.now);
    assert_eq!(world.admission(), Admission::Free);
}

#[test]
fn the_delay_doubles_up_to_its_bound_with_up_to_a_half_off() {
    let mut world = World::new();
    world.open();
    let mut delays = Vec::new();
    for seconds in [1.0, 2.0, 4.0, 8.0, 10.0, 10.0] {
        let delay = world.retry_in();
        assert!(
            (seconds / 2.0..=seconds).contains(&delay.as_secs_f64()),
            "{delay:?}"
        );
        delays.push(delay.as_secs_f64() / seconds);
        world.wait();
        world.fail();
    }
    delays.dedup();
    assert!(delays.len() > 3, "no chance in {delays:?}");
    // It was closed meanwhile, so that it begins anew.
    world.wait();
    let probe = world.breaker.pass(world.now);
    world.breaker.answered(probe);
    world.open();
    assert!(world.retry_in() <= SECOND);
    assert_eq!(world.breaker.opened, 2);
}

#[test]
fn stragglers_of_an_outage_neither_lengthen_nor_end_it() {
    let mut world = World::new();
    let stragglers: Vec<_> = (0..9).map(|_| world.breaker.pass(world.now)).collect();
    world.open();
    let retry_in = world.retry_in();
    let [answered, failed, rest @ ..] = &stragglers[..] else {
        unreachable!()
    };
    assert!(!world.breaker.answered(*answered));
    world.breaker.failed(*failed, world.now, &mut world.chance);
    assert_eq!(world.retry_in(), retry_in);
    world.wait();
    let probe = world.breaker.pass(world.now);
    assert!(!world.breaker.answered(rest[0]));
    world.breaker.failed(rest[1], world.now, &mut world.chance);
    assert_eq!(world.breaker.state(world.now), BreakerState::HalfOpen);
    world.breaker.answered(probe);
    for straggler in &rest[2..] {
        world.breaker.failed(*straggler, world.now, &mut world.chance);
    }
    assert_eq!(world.admission(), Admission::Free);
}

#[test]
fn a_refusal_opens_nothing_but_ends_a_probe() {
    let mut world = World::new();
    for _ in 0..100 {
        let pass = world.breaker.pass(world.now);
        world.breaker.refused(pass, world.now, &mut world.chance);
    }
    assert_eq!(world.admission(), Admission::Free);
    world.open();
    world.wait();
    let probe = world.breaker.pass(world.now);
    world.breaker.refused(probe, world.now, &mut world.chance);
    world.breaker.probe_left(probe, world.now);
    assert_eq!(world.admission(), Admission::Refused);
}

#[test]
fn a_check_closes_it_unless_it_is_of_before() {
    let mut world = World::new();
    let before = world.now;
    world.now += SECOND;
    world.open();
    assert!(!world.breaker.seen_alive(before));
    assert_eq!(world.admission(), Admission::Refused);
    assert!(world.breaker.seen_alive(world.now));
    assert_eq!(world.admission(), Admission::Free);
    for _ in 0..3 {
        world.breaker.seen_dead(world.now, &mut world.chance);
    }
    assert_eq!(world.admission(), Admission::Refused);
    // Half-open or not, a newer success counts.
    world.wait();
    let probe = world.breaker.pass(world.now);
    assert!(world.breaker.seen_alive(world.now));
    world.breaker.probe_left(probe, world.now);
    assert_eq!(world.admission(), Admission::Free);
}
