//! Whatever is observed in whatever order, no write goes to a server that was last seen to be read-only or that is outdated.

use super::*;

fn write(board: &mut Board, now: Instant) -> Result<usize, Refusal> {
    enter(board, &Need::write(), now)
}

fn several(indices: &[usize]) -> Result<usize, Refusal> {
    Err(Refusal::NoWriter(NoWriter::Several(indices.to_vec())))
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for index in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(index);
        for mut permutation in permutations(&rest) {
            permutation.insert(0, first.clone());
            all.push(permutation);
        }
    }
    all
}

#[derive(Clone, Debug)]
enum Event {
    Seen(usize, Role, u64),
    Lost(usize),
}

const EVENTS: [Event; 7] = [
    Event::Seen(0, Role::Primary, 1),
    Event::Seen(0, Role::Replica, 1),
    Event::Lost(0),
    Event::Seen(1, Role::Primary, 2),
    Event::Seen(1, Role::Replica, 1),
    Event::Seen(2, Role::Replica, 2),
    Event::Seen(2, Role::Replica, 1),
];

fn apply(board: &mut Board, event: &Event, at: Instant, now: Instant) {
    match *event {
        Event::Seen(index, role, timeline) => {
            let observation = match role {
                Role::Primary => Observation::primary(at),
                Role::Replica => Observation::replica(at),
            };
            board.observe(index, observation.timeline(timeline));
        }
        Event::Lost(index) => board.lose(index, at, now),
    }
}

#[test]
fn in_no_order_of_observations_a_write_goes_to_a_read_only_or_outdated_server() {
    for order in permutations(&EVENTS) {
        let mut board = board(&[1, 1], Balance::PeakEwma);
        let mut last = [None; 3];
        let mut newest = 0;
        let start = Instant::now();
        for (step, event) in (0_u32..).zip(&order) {
            let now = start + MILLI * step;
            apply(&mut board, event, now, now);
            if let Event::Seen(index, role, timeline) = *event {
                last[index] = Some((role, timeline));
                newest = newest.max(timeline);
            }
            if let Ok(index) = write(&mut board, now) {
                let (role, timeline) = last[index].unwrap_or((board.members[index].traits.role, newest));
                assert_eq!(role, Role::Primary, "{order:?} at {step}");
                assert_eq!(timeline, newest, "{order:?} at {step}");
            }
        }
    }
}

#[test]
fn answers_that_come_late_change_nothing() {
    let start = Instant::now();
    let sent: Vec<_> = (0_u32..).zip(EVENTS).collect();
    let outcome_of = |order: &[(u32, Event)]| {
        let mut board = board(&[1, 1], Balance::PeakEwma);
        for (sent_at, event) in order {
            apply(&mut board, event, start + MILLI * *sent_at, start + SECOND);
        }
        let roles: Vec<_> = board.members.iter().map(Member::role).collect();
        (roles, board.writer.clone())
    };
    let expected = outcome_of(&sent);
    for order in permutations(&sent) {
        assert_eq!(outcome_of(&order), expected, "{order:?}");
    }
}

#[test]
fn a_promoted_replica_takes_over_and_its_readers_lose_it_as_a_replica() {
    let mut board = board(&[1, 1], Balance::PeakEwma);
    let now = Instant::now();
    board.observe(0, Observation::primary(now).timeline(1));
    assert_eq!(write(&mut board, now), Ok(0));
    assert!(board.observe(1, Observation::primary(now).timeline(2)));
    assert_eq!(write(&mut board, now), Ok(1));
    assert_eq!(board.epoch, 1);
    for _ in 0..20 {
        assert_eq!(enter(&mut board, &Need::read(), now), Ok(2));
    }
    // The old one comes back: it stays outdated until it follows.
    board.observe(0, Observation::primary(now).timeline(1));
    assert_eq!(write(&mut board, now), Ok(1));
    board.observe(0, Observation::replica(now).timeline(1));
    for _ in 0..20 {
        assert_eq!(
            enter(&mut board, &Need::read(), now),
            Ok(2),
            "0 is on an old timeline"
        );
    }
    board.observe(0, Observation::replica(now).timeline(2));
    let reads: Vec<_> = (0..20).map(|_| enter(&mut board, &Need::read(), now)).collect();
    assert!(reads.contains(&Ok(0)));
    assert_eq!(board.epoch, 1);
}

#[test]
fn a_liar_gets_no_second_write() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    board.observe(0, Observation::primary(now));
    let ticket = board.enter(&Need::write(), Tried::default(), now).unwrap();
    assert!(board.note(ticket, Outcome::ReadOnly, now + SECOND));
    board.leave(ticket, || now + SECOND);
    assert!(!board.is_current(ticket));
    let nobody = Err(Refusal::NoWriter(NoWriter::Nobody));
    assert_eq!(write(&mut board, now + SECOND), nobody);
    // A check that was under way meanwhile saw it before.
    board.observe(0, Observation::primary(now));
    assert_eq!(write(&mut board, now + SECOND), nobody);
    board.observe(0, Observation::primary(now + 2 * SECOND));
    assert_eq!(write(&mut board, now + 2 * SECOND), Ok(0));
}

#[test]
fn a_reader_that_is_refused_a_write_demotes_nobody() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    let reader = board.enter(&Need::read(), Tried::default(), now).unwrap();
    board.observe(0, Observation::replica(now).timeline(1));
    board.observe(1, Observation::primary(now).timeline(2));
    assert!(!board.note(reader, Outcome::ReadOnly, now));
    assert_eq!(write(&mut board, now), Ok(1));
}

#[test]
fn two_primaries_without_timelines_get_no_writes() {
    let mut board = board(&[1, 1], Balance::PeakEwma);
    let now = Instant::now();
    board.observe(0, Observation::primary(now));
    board.observe(1, Observation::primary(now));
    assert_eq!(write(&mut board, now), several(&[0, 1]));
    assert_eq!(enter(&mut board, &Need::read(), now), Ok(2));
    // One that is gone gives way to one that is seen, but not for a check or two that were lost.
    board.lose(0, now, now);
    board.lose(0, now, now);
    assert_eq!(write(&mut board, now), several(&[0, 1]));
    board.lose(0, now, now);
    assert_eq!(write(&mut board, now), Ok(1));
    // It comes back too late.
    board.observe(0, Observation::primary(now + SECOND));
    assert_eq!(write(&mut board, now + SECOND), Ok(1));
}

#[test]
fn without_timelines_one_that_was_replaced_gets_nothing_before_it_has_followed() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    let later = |seconds: u32| now + SECOND * seconds;
    let deposed = || Err(Refusal::NoWriter(NoWriter::Deposed(vec![0])));
    board.observe(0, Observation::primary(now));
    (0..3).for_each(|_| board.lose(0, now, now));
    board.observe(1, Observation::primary(now));
    assert_eq!(write(&mut board, now), Ok(1));

    // As a liar, and then as a second primary.
    board.observe(0, Observation::replica(later(1)));
    board.observe(0, Observation::primary(later(2)));
    assert_eq!(write(&mut board, later(2)), Ok(1));
    // It lacks what the other has, also where that is gone, or refuses.
    (0..3).for_each(|_| board.lose(1, later(3), later(3)));
    assert_eq!(board.writer, Ok(1));
    board.observe(1, Observation::replica(later(4)));
    assert_eq!(write(&mut board, later(4)), deposed());

    // Once it has followed it can be promoted as any other.
    board.observe(1, Observation::primary(later(5)));
    board.observe(0, Observation::replica(later(5)).mark(Mark::new(0, 7)));
    board.observe(1, Observation::replica(later(6)));
    board.observe(0, Observation::primary(later(6)));
    assert_eq!(write(&mut board, later(6)), Ok(0));
    assert_eq!(board.epoch, 2);
}

#[test]
fn one_that_was_only_configured_is_not_replaced_by_the_first_that_is_seen() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    board.observe(1, Observation::primary(now));
    board.observe(0, Observation::primary(now));
    assert_eq!(write(&mut board, now), several(&[0, 1]));
}

#[test]
fn checks_that_miss_a_primary_now_and_then_take_nothing_from_it() {
    let mut board = board(&[1, 1], Balance::PeakEwma);
    let now = Instant::now();
    board.observe(1, Observation::primary(now));
    for _ in 0..9 {
        board.observe(0, Observation::primary(now));
        board.lose(0, now, now);
        board.lose(0, now, now);
        assert_eq!(write(&mut board, now), several(&[0, 1]));
    }
}

#[test]
fn the_only_primary_keeps_its_role_while_it_cannot_be_reached() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    board.observe(0, Observation::primary(now));
    board.lose(0, now, now);
    assert_eq!(write(&mut board, now), Ok(0));
}

#[test]
fn where_the_new_primary_is_gone_the_old_one_gets_nothing() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    board.observe(1, Observation::primary(now).timeline(2));
    board.observe(1, Observation::replica(now));
    board.observe(0, Observation::primary(now).timeline(1));
    let outdated = Err(Refusal::NoWriter(NoWriter::Outdated(vec![0])));
    assert_eq!(write(&mut board, now), outdated);
    board.forget_observations();
    board.observe(0, Observation::primary(now).timeline(1));
    assert_eq!(write(&mut board, now), Ok(0));
}

#[test]
fn one_that_is_seen_comes_before_one_that_is_merely_configured() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    assert_eq!(write(&mut board, now), Ok(0));
    board.observe(1, Observation::primary(now));
    assert_eq!(write(&mut board, now), Ok(1));
}

#[test]
fn a_timeline_that_rises_in_place_is_a_new_epoch() {
    let mut board = board(&[], Balance::PeakEwma);
    let now = Instant::now();
    board.observe(0, Observation::primary(now));
    board.observe(0, Observation::primary(now).timeline(4));
    board.observe(0, Observation::primary(now));
    board.observe(0, Observation::primary(now).timeline(4));
    assert_eq!(board.epoch, 0);
    board.observe(0, Observation::primary(now).timeline(5));
    assert_eq!(board.epoch, 1);
}
