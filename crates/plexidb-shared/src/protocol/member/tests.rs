//! Members against a record: what they hold, when they may serve, when a write is cleared.

use super::*;
use crate::protocol::record::Record;
use crate::protocol::{Acknowledgement, Change, Marker, RunId, SlotVersion};

const EPOCH: EpochId = EpochId(7);
const A: MemberId = MemberId(1);
const B: MemberId = MemberId(2);
const LEASE: u64 = 2000;
const WHOLE: u32 = 7;

type Peer = Member<Vec<u64>>;

fn terms() -> Terms {
    Terms {
        slots: 8,
        whole: WHOLE,
        layout: 1,
        lease: LEASE,
        fence: 500,
        is_strict: true,
        has_marker: false,
    }
}

struct Pair {
    record: Record,
    a: Peer,
    b: Peer,
}

fn member(id: MemberId, terms: Terms) -> Peer {
    Member::new(id, terms, Fingerprint(1), vec![0; 8])
}

fn join(record: &mut Record, member: &mut Peer, now: u64) -> Vec<Effect> {
    let mut effects = Vec::new();
    member.joined(record.join(&member.joining()).unwrap().answer, now, &mut effects);
    effects
}

fn renew(record: &mut Record, member: &mut Peer, sent_at: u64, now: u64) -> Vec<Effect> {
    let at = member.at().unwrap();
    let answer = record.renew(at, member.id());
    let mut effects = Vec::new();
    member.renewed(
        Renewal {
            epoch: at.epoch,
            sent_at,
            answer,
            marker: None,
        },
        now,
        &mut effects,
    );
    effects
}

fn begin(record: &mut Record, member: &mut Peer, slots: &[u32], now: u64) -> (IntentId, Message) {
    let intent = member.begin(slots.to_vec(), 5);
    let mut begun = record.begin(member.at().unwrap(), &intent).unwrap();
    member.begun(intent.id, &begun.answer, now);
    (intent.id, begun.messages.remove(0))
}

fn receive(member: &mut Peer, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    member.received(message, &mut effects);
    effects
}

fn clear(member: &mut Peer, id: IntentId, now: u64) -> Clearance {
    member.clear(id, now, &mut Vec::new())
}

/// Two members of a settled epoch, at time 0, without leases.
fn pair_on(terms: Terms) -> Pair {
    let mut record = Record::new(RunId(1));
    let (mut a, mut b) = (member(A, terms), member(B, terms));
    record.open(None, &a.opening(EPOCH, 0));
    record.settle(EPOCH).unwrap();
    join(&mut record, &mut a, 0);
    join(&mut record, &mut b, 0);
    Pair { record, a, b }
}

fn pair() -> Pair {
    pair_on(terms())
}

#[test]
fn a_lease_counts_from_when_its_renewal_was_sent() {
    let Pair {
        mut record, mut a, ..
    } = pair();
    assert_eq!(a.granted_until(), 0);
    renew(&mut record, &mut a, 100, 900);
    assert_eq!(a.granted_until(), 100 + LEASE);
    // An older renewal that is answered late takes nothing away.
    renew(&mut record, &mut a, 50, 1000);
    assert_eq!(a.granted_until(), 100 + LEASE);
}

#[test]
fn a_renewal_counts_when_its_messages_have_been_applied() {
    let Pair {
        mut record,
        mut a,
        mut b,
    } = pair();
    let (_, message) = begin(&mut record, &mut a, &[1], 0);
    assert_eq!(renew(&mut record, &mut b, 10, 20), []);
    assert_eq!(b.granted_until(), 0);
    let effects = receive(&mut b, message);
    assert!(matches!(&effects[..], [Effect::Raise { slots, .. }, Effect::Acknowledge] if slots == &[1]));
    assert_eq!(b.granted_until(), 10 + LEASE);
}

#[test]
fn a_renewal_whose_messages_do_not_come_makes_the_member_read_the_record_anew() {
    let Pair {
        mut record,
        mut a,
        mut b,
    } = pair();
    begin(&mut record, &mut a, &[1], 0);
    renew(&mut record, &mut b, 10, 20);
    assert_eq!(renew(&mut record, &mut b, 510, 520), [Effect::Rejoin]);
    assert_eq!(b.granted_until(), 0);
    let effects = join(&mut record, &mut b, 530);
    assert!(matches!(
        &effects[..],
        [Effect::Raise { .. }, Effect::Acknowledge]
    ));
    renew(&mut record, &mut b, 540, 550);
    assert_eq!(b.granted_until(), 540 + LEASE);
}

#[test]
fn a_write_of_which_begin_and_end_were_lost_is_told_from_its_versions() {
    let Pair {
        mut record,
        mut a,
        mut b,
    } = pair();
    let (id, _) = begin(&mut record, &mut a, &[1, 2], 0);
    record.end(EPOCH, id, &[2]).unwrap();
    let (_, message) = begin(&mut record, &mut a, &[3], 0);
    assert_eq!(receive(&mut b, message), [Effect::Rejoin]);
    let effects = join(&mut record, &mut b, 10);
    assert!(effects.contains(&Effect::Touch { slots: vec![2] }));
    assert_eq!(b.versions().version(2), 1);
}

#[test]
fn messages_that_come_while_the_record_is_read_are_applied_on_top() {
    let Pair {
        mut record,
        mut a,
        mut b,
    } = pair();
    begin(&mut record, &mut a, &[1], 0);
    b.lose();
    let joined = record.join(&b.joining()).unwrap().answer;
    let (id, message) = begin(&mut record, &mut a, &[2], 0);
    receive(&mut b, message);
    let mut effects = Vec::new();
    b.joined(joined, 10, &mut effects);
    let hold = HoldId::Intent(id);
    assert!(effects.contains(&Effect::Raise { hold, slots: vec![2] }));
    assert!(!b.is_lost());
}

#[test]
fn a_write_waits_for_the_others_or_for_a_lease() {
    let Pair {
        mut record,
        mut a,
        mut b,
    } = pair();
    renew(&mut record, &mut a, 0, 0);
    let (id, message) = begin(&mut record, &mut a, &[1], 100);
    assert_eq!(
        clear(&mut a, id, 200),
        Clearance::WaitUntil(100 + LEASE + LEASE / 20)
    );
    receive(&mut b, message);
    let at = b.at().unwrap();
    a.acknowledged(Acknowledgement {
        member: B,
        epoch: at.epoch,
        applied: at.applied,
    });
    assert_eq!(clear(&mut a, id, 200), Clearance::Sent);

    let (id, _) = begin(&mut record, &mut a, &[1], 200);
    let waited = 200 + LEASE + LEASE / 20;
    assert!(matches!(clear(&mut a, id, waited - 1), Clearance::WaitUntil(_)));
    let mut effects = Vec::new();
    assert_eq!(a.clear(id, waited, &mut effects), Clearance::NoLease);
    assert!(matches!(effects[..], [Effect::Expel { member: B, .. }]));
}

#[test]
fn late_news_of_a_member_that_has_come_back_clears_no_write() {
    let Pair {
        mut record,
        mut a,
        mut b,
    } = pair();
    renew(&mut record, &mut a, 0, 0);
    let expelled = record.expel(EPOCH, B, None).unwrap().messages.remove(0);
    receive(&mut b, expelled.clone());
    join(&mut record, &mut b, 10);
    let (id, _) = begin(&mut record, &mut a, &[1], 100);
    receive(&mut a, expelled);
    assert!(matches!(clear(&mut a, id, 200), Clearance::WaitUntil(_)));
}

#[test]
fn a_write_in_bounded_mode_waits_for_nobody() {
    let Pair {
        mut record, mut a, ..
    } = pair_on(Terms {
        is_strict: false,
        ..terms()
    });
    renew(&mut record, &mut a, 0, 0);
    let (id, _) = begin(&mut record, &mut a, &[1], 100);
    assert_eq!(clear(&mut a, id, 100), Clearance::Sent);
}

#[test]
fn who_stands_still_for_a_lease_is_expelled_and_its_writes_are_resolved() {
    let Pair {
        mut record,
        mut a,
        mut b,
    } = pair();
    let (id, message) = begin(&mut record, &mut a, &[1], 0);
    receive(&mut b, message);
    renew(&mut record, &mut b, 10, 10);
    assert!(
        renew(&mut record, &mut b, 2099, 2099)
            .iter()
            .all(|effect| !matches!(effect, Effect::Expel { .. }))
    );
    let effects = renew(&mut record, &mut b, 2100, 2100);
    let [Effect::Expel { member: A, renewals }] = effects[..] else {
        panic!("{effects:?}")
    };
    let message = record.expel(EPOCH, A, Some(renewals)).unwrap().messages.remove(0);
    let effects = receive(&mut b, message.clone());
    assert!(matches!(&effects[..], [Effect::Resolve(intent)] if intent.id == id));
    // The one that was taken for dead must not send it any more.
    receive(&mut a, message);
    let message = record.end(EPOCH, id, &[1]).unwrap().messages.remove(0);
    let effects = receive(&mut b, message);
    assert_eq!(
        effects,
        [Effect::End {
            hold: HoldId::Intent(id),
            touched: vec![1]
        }]
    );
    join(&mut record, &mut a, 2200);
    assert_eq!(
        clear(&mut a, id, 2200),
        Clearance::Refused(RefusedReason::Resolved)
    );
}

#[test]
fn nothing_counts_in_a_new_epoch_before_it_is_settled() {
    let Pair {
        mut record, mut a, ..
    } = pair();
    renew(&mut record, &mut a, 0, 0);
    let (id, _) = begin(&mut record, &mut a, &[1], 0);
    record.run_anew(RunId(2));
    assert_eq!(
        renew(&mut record, &mut a, 10, 10),
        [Effect::Open { expected: None }]
    );
    record.open(None, &a.opening(EpochId(8), 0));
    let effects = join(&mut record, &mut a, 20);
    assert_eq!(
        effects[0],
        Effect::Raise {
            hold: HoldId::Unsettled,
            slots: vec![WHOLE]
        }
    );
    assert_eq!((a.granted_until(), a.settled_epoch()), (0, None));
    assert_eq!(
        clear(&mut a, id, 30),
        Clearance::Refused(RefusedReason::OtherEpoch)
    );
    renew(&mut record, &mut a, 40, 40);
    assert_eq!(a.granted_until(), 0);

    let mut effects = Vec::new();
    let waited = 20 + (LEASE + LEASE / 20) + 525;
    a.tick(waited - 1, &mut effects);
    assert_eq!(effects, []);
    a.tick(waited, &mut effects);
    a.tick(waited + 1, &mut effects);
    assert_eq!(effects, [Effect::Quiesce(EpochId(8))]);
    record.settle(EpochId(8)).unwrap();
    let effects = renew(&mut record, &mut a, waited, waited);
    assert_eq!(
        effects,
        [Effect::End {
            hold: HoldId::Unsettled,
            touched: vec![WHOLE]
        }]
    );
    assert_eq!(a.granted_until(), waited + LEASE);
    assert_eq!(a.settled_epoch(), Some(EpochId(8)));
}

#[test]
fn a_member_with_an_outdated_catalog_holds_the_whole_database() {
    let Pair {
        mut record, mut b, ..
    } = pair();
    let message = record.declare(EPOCH, Fingerprint(9)).unwrap().messages.remove(0);
    assert!(matches!(message.change, Change::Declared { .. }));
    let effects = receive(&mut b, message);
    let hold = HoldId::Outdated;
    let raise = Effect::Raise {
        hold,
        slots: vec![WHOLE],
    };
    assert_eq!(
        effects,
        [Effect::Touch { slots: vec![WHOLE] }, raise, Effect::ReadCatalog]
    );
    let mut effects = Vec::new();
    b.read_catalog(Fingerprint(9), &mut effects);
    assert_eq!(
        effects,
        [Effect::End {
            hold,
            touched: vec![WHOLE]
        }]
    );
}

#[test]
fn with_a_marker_a_lease_counts_only_while_it_is_closed() {
    let Pair {
        mut record, mut a, ..
    } = pair_on(Terms {
        has_marker: true,
        ..terms()
    });
    let mut renew = |marker: Option<Marker>| {
        let at = a.at().unwrap();
        let answer = record.renew(at, A);
        let mut effects = Vec::new();
        a.renewed(
            Renewal {
                epoch: EPOCH,
                sent_at: 10,
                answer,
                marker,
            },
            20,
            &mut effects,
        );
        (a.granted_until(), effects)
    };
    assert_eq!(renew(None), (0, vec![]));
    let open = Marker {
        generation: 1,
        is_open: true,
    };
    assert_eq!(
        renew(Some(open)),
        (0, vec![Effect::CloseMarker { generation: 1 }])
    );
    let other = Marker {
        generation: 2,
        is_open: false,
    };
    assert_eq!(
        renew(Some(other)),
        (
            0,
            vec![Effect::Open {
                expected: Some(EPOCH)
            }]
        )
    );
    let closed = Marker {
        generation: 0,
        is_open: false,
    };
    assert_eq!(renew(Some(closed)).0, 10 + LEASE);
}

#[test]
fn the_end_of_an_own_write_sets_its_versions_before_its_slots_are_let_go() {
    let Pair {
        mut record, mut a, ..
    } = pair();
    let (id, _) = begin(&mut record, &mut a, &[1], 0);
    let ended = record.end(EPOCH, id, &[1]).unwrap();
    let mut effects = Vec::new();
    a.ended(id, &ended.answer, &mut effects);
    assert_eq!(ended.answer.versions, [SlotVersion { slot: 1, version: 1 }]);
    assert_eq!(a.versions().version(1), 1);
    assert_eq!(effects, [Effect::EndOwn { intent: id }]);
}

#[test]
fn an_own_intent_that_it_does_not_know_is_ended() {
    let Pair {
        mut record, mut a, ..
    } = pair();
    let mut late = a.clone().begin(vec![1], 5);
    late.id.number = 99;
    let message = record.begin(a.at().unwrap(), &late).unwrap().messages.remove(0);
    assert!(receive(&mut a, message).contains(&Effect::EndUnknown(late.id)));
}
