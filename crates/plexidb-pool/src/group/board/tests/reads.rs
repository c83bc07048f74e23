//! A read goes to a replica that is fit for it, else to the primary.

use super::*;

fn replica_at(board: &mut Board, index: usize, observation: Observation) {
    board.observe(index, observation);
}

#[test]
fn writes_go_to_the_primary_and_reads_to_replicas() {
    let mut board = board(&[1, 1], Balance::RoundRobin);
    let now = Instant::now();
    for _ in 0..10 {
        assert_eq!(enter(&mut board, &Need::write(), now), Ok(0));
        assert_ne!(enter(&mut board, &Need::read(), now), Ok(0));
    }
    assert_eq!(board.reads_on_primary, 0);
}

#[test]
fn where_no_replica_is_fit_the_primary_serves_and_it_is_counted() {
    let mut board = board(&[0, 0], Balance::PeakEwma);
    let now = Instant::now();
    assert_eq!(enter(&mut board, &Need::read(), now), Ok(0));
    assert_eq!(board.reads_on_primary, 1);
    let mut alone = super::board(&[], Balance::PeakEwma);
    assert_eq!(enter(&mut alone, &Need::read(), now), Ok(0));
    assert_eq!(alone.reads_on_primary, 0, "nobody else was there to serve it");
}

#[test]
fn tags_choose_and_reservations_exclude() {
    let mut reporting = traits("reporting", Role::Replica, 1);
    reporting.tags = vec!["analytics".to_owned()];
    reporting.is_reserved = true;
    let all = vec![
        traits("a", Role::Primary, 1),
        traits("b", Role::Replica, 1),
        reporting,
    ];
    let mut board = Board::new(all, config());
    let now = Instant::now();
    for _ in 0..20 {
        assert_eq!(enter(&mut board, &Need::read(), now), Ok(1));
        assert_eq!(enter(&mut board, &Need::read().tag("analytics"), now), Ok(2));
        assert_eq!(enter(&mut board, &Need::read().tag("nobody"), now), Ok(0));
    }
}

#[test]
fn a_bound_on_lag_counts_the_time_since_the_check() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    let need = Need::read().lag_max(SECOND);
    assert_eq!(
        enter(&mut board, &need, now),
        Ok(0),
        "nothing is known of its lag"
    );
    replica_at(&mut board, 1, Observation::replica(now).lag(600 * MILLI));
    assert_eq!(enter(&mut board, &need, now + 400 * MILLI), Ok(1));
    assert_eq!(enter(&mut board, &need, now + 401 * MILLI), Ok(0));
    assert_eq!(enter(&mut board, &Need::read(), now + 401 * MILLI), Ok(1));
}

#[test]
fn a_reader_sees_what_it_wrote() {
    let mut board = board(&[1], Balance::PeakEwma);
    let now = Instant::now();
    let need = Need::read().at_least(Mark::new(0, 100));
    assert_eq!(enter(&mut board, &need, now), Ok(0));
    for (sequence, expected) in [(99, 0), (100, 1), (101, 1)] {
        let observation = Observation::replica(now).mark(Mark::new(0, sequence));
        replica_at(&mut board, 1, observation);
        assert_eq!(enter(&mut board, &need, now), Ok(expected));
    }
}

#[test]
fn after_a_failover_old_positions_do_not_count() {
    let mut board = board(&[1, 1], Balance::PeakEwma);
    let now = Instant::now();
    let at_100 = |at| Observation::replica(at).mark(Mark::new(0, 100));
    replica_at(&mut board, 2, at_100(now));
    let need = Need::read().at_least(Mark::new(0, 100));
    assert_eq!(enter(&mut board, &need, now), Ok(2));
    board.observe(0, Observation::replica(now));
    board.observe(1, Observation::primary(now));
    assert_eq!(board.epoch, 1);
    assert_eq!(enter(&mut board, &need, now), Ok(1));
}

#[test]
fn those_tried_are_passed_over() {
    let mut board = board(&[1, 1], Balance::PeakEwma);
    let now = Instant::now();
    let need = Need::read();
    let index = |board: &mut Board, tried| board.enter(&need, tried, now).map(|ticket| ticket.index);
    let tried = Tried::default().with(1);
    assert!(board.has_another(&need, tried, now));
    assert_eq!(index(&mut board, tried), Ok(2));
    let tried = tried.with(2);
    assert_eq!(index(&mut board, tried), Ok(0));
    let tried = tried.with(0);
    assert!(!board.has_another(&need, tried, now));
    assert_eq!(
        index(&mut board, tried),
        Err(Refusal::WriterUnfit(0, Unfit::Tried))
    );
}
