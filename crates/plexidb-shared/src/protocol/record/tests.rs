//! The record alone: what calls change, and that they may be repeated.

use super::*;

const A: MemberId = MemberId(1);
const B: MemberId = MemberId(2);
const EPOCH: EpochId = EpochId(7);
const CATALOG: Fingerprint = Fingerprint(1);

fn terms() -> Terms {
    Terms {
        slots: 8,
        whole: 7,
        layout: 1,
        lease: 2000,
        fence: 500,
        is_strict: true,
        has_marker: false,
    }
}

fn opening(epoch: EpochId) -> Opening {
    Opening {
        epoch,
        terms: terms(),
        generation: 0,
        fingerprint: CATALOG,
    }
}

fn joining(member: MemberId) -> Joining {
    Joining {
        member,
        terms: terms(),
        fingerprint: CATALOG,
        known: None,
        intents: Vec::new(),
    }
}

fn at(applied: u64) -> At {
    At {
        epoch: EPOCH,
        applied,
    }
}

fn intent(member: MemberId, number: u64, slots: &[u32]) -> Intent {
    Intent {
        id: IntentId { member, number },
        slots: slots.to_vec(),
        session: 5,
        fingerprint: CATALOG,
        seq: 0,
        is_widened: false,
    }
}

/// With A and B as members of a settled epoch.
fn settled() -> Record {
    let mut record = Record::new(RunId(1));
    record.open(None, &opening(EPOCH));
    record.join(&joining(A)).unwrap();
    record.join(&joining(B)).unwrap();
    record.settle(EPOCH).unwrap();
    record
}

fn read(record: &mut Record) -> Joined {
    record.join(&joining(B)).unwrap().answer
}

#[test]
fn only_the_named_epoch_is_replaced() {
    let mut record = settled();
    assert_eq!(record.open(None, &opening(EpochId(8))), EPOCH);
    assert_eq!(record.open(Some(EpochId(3)), &opening(EpochId(8))), EPOCH);
    assert_eq!(record.open(Some(EPOCH), &opening(EpochId(8))), EpochId(8));
    // Asked again: it is there, and not opened a second time.
    record.join(&joining(A)).unwrap();
    assert_eq!(record.open(Some(EPOCH), &opening(EpochId(8))), EpochId(8));
    assert_eq!(read(&mut record).members.len(), 2);
}

#[test]
fn a_write_is_registered_once_and_ended_once() {
    let mut record = settled();
    let first = record.begin(at(0), &intent(A, 1, &[2, 3])).unwrap();
    let again = record.begin(at(0), &intent(A, 1, &[2, 3])).unwrap();
    assert_eq!((first.answer.seq, first.messages.len()), (1, 1));
    assert_eq!((again.answer, again.messages.len()), (first.answer, 0));
    let id = IntentId { member: A, number: 1 };
    let first = record.end(EPOCH, id, &[3]).unwrap();
    let again = record.end(EPOCH, id, &[3]).unwrap();
    assert_eq!(first.answer.versions, [SlotVersion { slot: 3, version: 1 }]);
    assert_eq!((again.answer, again.messages.len()), (first.answer, 0));
    assert_eq!(read(&mut record).versions, [0, 0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn nobody_writes_before_the_epoch_is_settled_or_without_being_a_member() {
    let mut record = Record::new(RunId(1));
    record.open(None, &opening(EPOCH));
    assert_eq!(
        record.begin(at(0), &intent(A, 1, &[1])).unwrap_err(),
        Refusal::NotMember
    );
    record.join(&joining(A)).unwrap();
    assert_eq!(
        record.begin(at(0), &intent(A, 1, &[1])).unwrap_err(),
        Refusal::Unsettled
    );
    record.settle(EPOCH).unwrap();
    assert!(record.begin(at(0), &intent(A, 1, &[1])).is_ok());
    assert_eq!(
        record.begin(at(0), &intent(A, 2, &[8])).unwrap_err(),
        Refusal::TooManySlots
    );
}

#[test]
fn what_another_run_of_the_server_has_kept_counts_as_gone() {
    let mut record = settled();
    record.run_anew(RunId(2));
    assert_eq!(record.renew(at(0), A).unwrap_err(), Refusal::Gone);
    assert_eq!(record.open(None, &opening(EpochId(8))), EpochId(8));
    assert_eq!(
        record.renew(at(0), A).unwrap_err(),
        Refusal::OtherEpoch(EpochId(8))
    );
}

#[test]
fn who_knows_more_than_the_record_is_told_so() {
    let mut record = settled();
    assert_eq!(record.renew(at(1), A).unwrap_err(), Refusal::Behind);
    assert_eq!(
        record.begin(at(1), &intent(A, 1, &[1])).unwrap_err(),
        Refusal::Behind
    );
}

#[test]
fn a_member_is_expelled_only_where_it_stands_still() {
    let mut record = settled();
    let renewals = |record: &mut Record| record.renew(at(0), A).unwrap().members[1].1.renewals;
    let seen = renewals(&mut record);
    record.renew(at(0), B).unwrap();
    assert!(record.expel(EPOCH, B, Some(seen)).unwrap().messages.is_empty());
    let seen = renewals(&mut record);
    assert_eq!(record.expel(EPOCH, B, Some(seen)).unwrap().messages.len(), 1);
    assert_eq!(record.renew(at(0), B).unwrap_err(), Refusal::NotMember);
    // Who comes back never has a number that somebody may have seen before.
    record.join(&joining(B)).unwrap();
    assert!(renewals(&mut record) > seen);
    assert!(record.expel(EPOCH, B, Some(seen)).unwrap().messages.is_empty());
}

#[test]
fn joining_does_not_count_as_having_applied() {
    let mut record = settled();
    record.begin(at(0), &intent(A, 1, &[1])).unwrap();
    let joined = read(&mut record);
    assert_eq!(joined.seq, 1);
    assert!(joined.members.iter().all(|(_, entry)| entry.applied == 0));
    let renewed = record.renew(at(1), B).unwrap();
    assert_eq!(renewed.members[1].1.applied, 1);
}

#[test]
fn writes_of_an_earlier_epoch_are_registered_until_the_new_one_is_settled() {
    let mut record = Record::new(RunId(1));
    record.open(None, &opening(EPOCH));
    let with = |intents: &[Intent], known| Joining {
        known,
        intents: intents.to_vec(),
        ..joining(A)
    };
    let known = [intent(B, 4, &[1])];
    let joined = record.join(&with(&known, Some(EpochId(1)))).unwrap();
    assert_eq!((joined.answer.intents.len(), joined.messages.len()), (1, 1));
    record.end(EPOCH, known[0].id, &[1]).unwrap();
    // Who reads the same epoch anew brings back nothing that has ended in it.
    assert!(
        record
            .join(&with(&known, Some(EPOCH)))
            .unwrap()
            .answer
            .intents
            .is_empty()
    );
    record.settle(EPOCH).unwrap();
    assert!(
        record
            .join(&with(&known, Some(EpochId(1))))
            .unwrap()
            .answer
            .intents
            .is_empty()
    );
}

#[test]
fn a_writer_with_another_catalog_touches_the_whole_database() {
    let mut record = settled();
    let outdated = Intent {
        fingerprint: Fingerprint(9),
        ..intent(A, 1, &[1])
    };
    record.begin(at(0), &outdated).unwrap();
    assert_eq!(read(&mut record).intents[0].slots, [1, 7]);
    record.end(EPOCH, outdated.id, &[1]).unwrap();
    assert_eq!(read(&mut record).versions, [0, 1, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn a_new_catalog_widens_writes_that_were_planned_on_the_old_one() {
    let mut record = settled();
    record.begin(at(0), &intent(A, 1, &[1])).unwrap();
    let declared = record.declare(EPOCH, Fingerprint(9)).unwrap();
    assert_eq!(
        declared.messages[0].change,
        Change::Declared {
            fingerprint: Fingerprint(9),
            version: 1
        }
    );
    assert!(record.declare(EPOCH, Fingerprint(9)).unwrap().messages.is_empty());
    let ended = record
        .end(EPOCH, IntentId { member: A, number: 1 }, &[1])
        .unwrap()
        .answer;
    assert_eq!(ended.versions[1], SlotVersion { slot: 7, version: 2 });
}

#[test]
fn other_terms_are_refused() {
    let mut record = settled();
    let others = Joining {
        terms: Terms { lease: 1, ..terms() },
        ..joining(MemberId(3))
    };
    assert_eq!(
        record.join(&others).unwrap_err(),
        Refusal::OtherTerms(Box::new(terms()))
    );
}
