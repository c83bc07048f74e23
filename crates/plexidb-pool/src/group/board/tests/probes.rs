//! An endpoint whose breaker is open is probed by one request at a time.

use super::*;

fn fail(board: &mut Board, index: usize, now: Instant) {
    while board.members[index].breaker.admission(now) == Admission::Free {
        board.lose(index, now, now);
    }
}

#[test]
fn one_read_probes_and_the_others_go_elsewhere() {
    let mut board = board(&[1, 1], Balance::LeastConnections);
    let mut now = Instant::now();
    fail(&mut board, 1, now);
    for _ in 0..50 {
        assert_eq!(enter(&mut board, &Need::read(), now), Ok(2));
    }
    now += SECOND;
    let read = |board: &mut Board| board.enter(&Need::read(), Tried::default(), now).unwrap();
    let tickets: Vec<_> = (0..100).map(|_| read(&mut board)).collect();
    let probes: Vec<_> = tickets.iter().filter(|ticket| ticket.index == 1).collect();
    assert_eq!(probes.len(), 1);
    board.note(*probes[0], Outcome::Failed, now);
    for ticket in &tickets {
        board.leave(*ticket, || now);
    }
    assert_eq!(enter(&mut board, &Need::read(), now), Ok(2));
    now += SECOND;
    let probe = board.enter(&Need::read(), Tried::default(), now).unwrap();
    assert_eq!(probe.index, 1);
    board.note(probe, Outcome::Answered(MILLI), now);
    board.leave(probe, || now);
    // Nothing of the outage is held against it.
    let shares: Vec<_> = (0..100)
        .map(|_| enter(&mut board, &Need::read(), now).unwrap())
        .collect();
    assert!(shares.iter().filter(|&&index| index == 1).count() > 30);
}

#[test]
fn a_broken_primary_refuses_writes_until_a_probe_is_due() {
    let mut board = board(&[1], Balance::PeakEwma);
    let mut now = Instant::now();
    fail(&mut board, 0, now);
    let refusal = Err(Refusal::WriterUnfit(0, Unfit::Broken));
    assert_eq!(enter(&mut board, &Need::write(), now), refusal);
    assert_eq!(enter(&mut board, &Need::read(), now), Ok(1));
    now += SECOND;
    let probe = board.enter(&Need::write(), Tried::default(), now).unwrap();
    assert_eq!(enter(&mut board, &Need::write(), now), refusal);
    // A probe that was given up leaves its place to the next.
    board.leave(probe, || now);
    assert_eq!(enter(&mut board, &Need::write(), now), Ok(0));
}

#[test]
fn a_check_that_succeeds_closes_the_breaker() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    fail(&mut board, 0, now);
    board.observe(0, Observation::primary(now));
    assert_eq!(enter(&mut board, &Need::write(), now), Ok(0));
}

#[test]
fn those_who_wait_notice_that_others_found_it_broken() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    let ticket = board.enter(&Need::read(), Tried::default(), now).unwrap();
    assert!(!board.is_broken(ticket, now));
    fail(&mut board, 1, now);
    assert!(board.is_broken(ticket, now));
    let later = now + SECOND;
    let probe = board.enter(&Need::read(), Tried::default(), later).unwrap();
    assert!(!board.is_broken(probe, later));
}
