//! What is read from a channel: every notice as it was written, and no other bytes.

use proptest::prelude::*;

use super::*;
use crate::protocol::{Fingerprint, Intent, IntentId, MemberId, SlotVersion};

/// As the scripts write it.
fn bytes_of(message: &Message) -> Vec<u8> {
    let versions_bytes = |versions: &[SlotVersion]| -> Vec<u8> {
        let pair = |of: &SlotVersion| [&of.slot.to_be_bytes()[..], &of.version.to_be_bytes()].concat();
        versions.iter().flat_map(pair).collect()
    };
    let (kind, body) = match &message.change {
        Change::Begun(intent) => (b'B', super::super::wire::intent_bytes(intent)),
        Change::Ended { intent, versions } => {
            let id = super::super::wire::intent_id_bytes(*intent);
            (b'E', [&id[..], &versions_bytes(versions)].concat())
        }
        Change::Touched { versions } => (b'T', versions_bytes(versions)),
        Change::Declared { fingerprint, version } => (
            b'D',
            [&fingerprint.0.to_be_bytes()[..], &version.to_be_bytes()].concat(),
        ),
        Change::Expelled { member } => (b'X', member.0.to_be_bytes().to_vec()),
    };
    let head = [
        &[kind][..],
        &message.epoch.0.to_be_bytes(),
        &message.seq.to_be_bytes(),
    ];
    [head.concat(), body].concat()
}

fn messages() -> Vec<Message> {
    let id = IntentId {
        member: MemberId(2),
        number: u64::MAX,
    };
    let versions = vec![
        SlotVersion {
            slot: 7,
            version: 1 << 52,
        },
        SlotVersion {
            slot: u32::MAX,
            version: 0,
        },
    ];
    let intent = Intent {
        id,
        slots: vec![0, 9, u32::MAX],
        session: 8,
        fingerprint: Fingerprint(3),
        seq: 4,
        is_widened: true,
    };
    let changes = [
        Change::Begun(intent),
        Change::Ended {
            intent: id,
            versions: versions.clone(),
        },
        Change::Touched { versions },
        Change::Declared {
            fingerprint: Fingerprint(u128::MAX),
            version: 6,
        },
        Change::Expelled { member: MemberId(9) },
    ];
    changes
        .into_iter()
        .map(|change| Message {
            epoch: EpochId(1 << 127),
            seq: 5,
            change,
        })
        .collect()
}

#[test]
fn every_message_is_read_as_it_was_written() {
    for message in messages() {
        assert_eq!(read(&bytes_of(&message)), Ok(Notice::Message(message)));
    }
}

#[test]
fn an_acknowledgement_is_read_as_it_was_written() {
    let acknowledgement = Acknowledgement {
        member: MemberId(u128::MAX - 1),
        epoch: EpochId(3),
        applied: u64::MAX,
    };
    assert_eq!(
        read(&acknowledgement_bytes(&acknowledgement)),
        Ok(Notice::Acknowledged(acknowledgement))
    );
}

#[test]
fn a_message_that_is_cut_or_too_long_is_none() {
    for message in messages() {
        let bytes = bytes_of(&message);
        // A list that is cut between two items is a shorter list.
        let item = match message.change {
            Change::Begun(_) => 4,
            Change::Ended { .. } | Change::Touched { .. } => 12,
            Change::Declared { .. } | Change::Expelled { .. } => bytes.len(),
        };
        for length in (0..bytes.len()).filter(|length| !(bytes.len() - length).is_multiple_of(item)) {
            assert_eq!(
                read(&bytes[..length]),
                Err(Unreadable),
                "{message:?} cut to {length}"
            );
        }
        assert_eq!(read(&[&bytes[..], &[0]].concat()), Err(Unreadable), "{message:?}");
    }
}

proptest! {
    #[test]
    fn what_is_read_from_any_bytes_stands_in_them(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in prop::sample::select(b"ABDETX".to_vec())) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        match read(&bytes) {
            Ok(Notice::Message(message)) => prop_assert_eq!(bytes_of(&message), bytes),
            Ok(Notice::Acknowledged(acknowledgement)) => prop_assert_eq!(acknowledgement_bytes(&acknowledgement), bytes),
            Err(Unreadable) => {}
        }
    }
}
