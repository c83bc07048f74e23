//! Who joins a flight, who does not, and what becomes of those who follow.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use plexidb_core::{Column, Limits, RowSet, RowSetBuilder, Tag, ValueRef};

use super::{Boarded, Boarding, Flights, Follower, Landing, Leader, SHARD_FLIGHTS_MAX, SHARDS};
use crate::key::{Key, KeyBuffer, KeyRef};
use crate::shim::AtomicWord;
use crate::slots::SlotArray;

mod protocol;

const SQL: &str = "SELECT name FROM users WHERE id = ?";
const USERS: Tag = Tag::DATABASE;

fn key(id: i64) -> Key {
    let mut buffer = KeyBuffer::new();
    KeyRef::new(0, SQL, &[ValueRef::Int(id)], &mut buffer).to_owned(SQL.into())
}

fn boarding<W: AtomicWord>(slots: &SlotArray<W>, id: i64) -> Boarding {
    Boarding {
        key: key(id),
        limits: Limits::default(),
        stamps: slots.capture([USERS].into_iter()).unwrap(),
    }
}

fn rows(number: i64) -> RowSet {
    let columns = [Column {
        name: "n".into(),
        type_name: "int8".into(),
    }];
    let mut builder = RowSetBuilder::new(columns.into());
    builder.push(ValueRef::Int(number));
    builder.finish()
}

fn leader(boarded: Boarded<'_>) -> Leader<'_> {
    match boarded {
        Boarded::Leads(leader) => leader,
        Boarded::Follows(_) => panic!("it joined a flight"),
    }
}

fn follower(boarded: Boarded<'_>) -> Follower {
    match boarded {
        Boarded::Follows(follower) => follower,
        Boarded::Leads(_) => panic!("it joined no flight"),
    }
}

/// How the flight has landed, `None` where it is under way.
fn landing(follower: &Follower) -> Option<Landing> {
    match pin!(follower.wait()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(landing) => Some(landing),
        Poll::Pending => None,
    }
}

fn number(follower: &Follower) -> Option<i64> {
    match landing(follower) {
        Some(Landing::Rows(rows)) => rows[0].get(0).ok(),
        _ => None,
    }
}

#[test]
fn equal_reads_share_the_answer_of_the_first() {
    let (flights, slots) = (Flights::default(), SlotArray::new(8));
    let first = leader(flights.board(boarding(&slots, 1), &slots));
    let others: Vec<_> = (0..3)
        .map(|_| follower(flights.board(boarding(&slots, 1), &slots)))
        .collect();
    assert!(others.iter().all(|other| landing(other).is_none()));
    first.publish(&rows(7));
    assert!(others.iter().all(|other| number(other) == Some(7)));
    // Until the leader has filled the cache its answer is still there for others.
    assert_eq!(
        number(&follower(flights.board(boarding(&slots, 1), &slots))),
        Some(7)
    );
    drop(first);
    assert!(flights.is_empty());
    assert_eq!(number(&others[0]), Some(7), "an answer stays with those who wait");
}

#[test]
fn other_parameters_and_other_limits_are_other_reads() {
    let (flights, slots) = (Flights::default(), SlotArray::new(8));
    let _first = leader(flights.board(boarding(&slots, 1), &slots));
    let _second = leader(flights.board(boarding(&slots, 2), &slots));
    let mut limited = boarding(&slots, 1);
    limited.limits.rows_max = 10;
    let _third = leader(flights.board(limited, &slots));
}

#[test]
fn a_key_with_the_hash_of_another_is_another() {
    let (flights, slots) = (Flights::default(), SlotArray::new(8));
    let mut buffer = KeyBuffer::new();
    let mut colliding = KeyRef::new(0, SQL, &[ValueRef::Int(2)], &mut buffer);
    colliding.hash = key(1).hash();
    let other = Boarding {
        key: colliding.to_owned(SQL.into()),
        ..boarding(&slots, 2)
    };
    let first = leader(flights.board(boarding(&slots, 1), &slots));
    let second = leader(flights.board(other.clone(), &slots));
    let joined = follower(flights.board(other, &slots));
    drop(first);
    second.publish(&rows(2));
    assert_eq!(number(&joined), Some(2));
}

#[test]
fn after_a_write_a_read_starts_its_own_and_is_joined_in_turn() {
    let (flights, slots) = (Flights::default(), Arc::new(SlotArray::new(8)));
    let old = leader(flights.board(boarding(&slots, 1), &slots));
    let before = follower(flights.board(boarding(&slots, 1), &slots));
    slots.begin_write(&[USERS]).end();
    let new = leader(flights.board(boarding(&slots, 1), &slots));
    let after = follower(flights.board(boarding(&slots, 1), &slots));
    old.publish(&rows(1));
    drop(old);
    assert_eq!(number(&before), Some(1));
    assert!(landing(&after).is_none(), "it must not see the old answer");
    // The end of the old flight has not taken the new one away.
    let later = follower(flights.board(boarding(&slots, 1), &slots));
    new.publish(&rows(2));
    assert_eq!([number(&after), number(&later)], [Some(2), Some(2)]);
}

#[test]
fn nobody_joins_while_a_write_is_under_way() {
    let (flights, slots) = (Flights::default(), Arc::new(SlotArray::new(8)));
    let boards = boarding(&slots, 1);
    let _first = leader(flights.board(boards.clone(), &slots));
    let hold = slots.begin_write(&[USERS]);
    let _second = leader(flights.board(boards.clone(), &slots));
    hold.release();
    // It turned out not to touch it: the flight is as fresh as before.
    let _ = follower(flights.board(boards, &slots));
}

#[test]
fn a_published_answer_is_not_joined_after_a_write() {
    let (flights, slots) = (Flights::default(), Arc::new(SlotArray::new(8)));
    let first = leader(flights.board(boarding(&slots, 1), &slots));
    first.publish(&rows(1));
    slots.begin_write(&[USERS]).end();
    let _second = leader(flights.board(boarding(&slots, 1), &slots));
}

#[test]
fn followers_are_told_of_a_failure_and_of_a_leader_that_went_away() {
    let (flights, slots) = (Flights::default(), SlotArray::new(8));
    let first = leader(flights.board(boarding(&slots, 1), &slots));
    let follows = follower(flights.board(boarding(&slots, 1), &slots));
    first.fail();
    assert!(matches!(landing(&follows), Some(Landing::Failed)));
    let second = leader(flights.board(boarding(&slots, 1), &slots));
    let follows = follower(flights.board(boarding(&slots, 1), &slots));
    drop(second);
    assert!(matches!(landing(&follows), Some(Landing::Abandoned)));
    assert!(flights.is_empty());
}

#[test]
fn a_flight_that_was_given_up_is_replaced() {
    let (flights, slots) = (Flights::default(), SlotArray::new(8));
    let stuck = leader(flights.board(boarding(&slots, 1), &slots));
    let one = follower(flights.board(boarding(&slots, 1), &slots));
    let other = follower(flights.board(boarding(&slots, 1), &slots));
    let new = leader(flights.board(one.give_up(), &slots));
    // Whoever gives up later joins what has taken its place.
    let joined = follower(flights.board(other.give_up(), &slots));
    new.publish(&rows(3));
    assert_eq!(number(&joined), Some(3));
    drop(stuck);
}

#[test]
fn beyond_the_bound_reads_run_alone() {
    let (flights, slots) = (Flights::default(), SlotArray::new(8));
    let flights_max = SHARDS * SHARD_FLIGHTS_MAX;
    let leaders: Vec<_> = (0..2 * flights_max as i64)
        .map(|id| leader(flights.board(boarding(&slots, id), &slots)))
        .collect();
    assert_eq!(flights.len(), flights_max);
    drop(leaders);
    assert!(flights.is_empty());
}
