//! What tests of the bus have in common: a bus on a database, members, writes, and every call once.

use plexidb_shared::bus::RedisBus;
use plexidb_shared::protocol::{
    At, EpochId, Fingerprint, Intent, IntentId, Joining, MemberId, Opening, Terms,
};

use super::call::Call;
use crate::scenery::{connected, namespace};

pub(crate) const A: MemberId = MemberId(1);
pub(crate) const B: MemberId = MemberId(2);
pub(crate) const EPOCH: EpochId = EpochId(7);
pub(crate) const CATALOG: Fingerprint = Fingerprint(1);

/// A bus whose record is that of the database `chat`.
pub(crate) async fn bus(url: &str) -> RedisBus {
    RedisBus::new(connected(url).await, &namespace(), "chat")
}

/// A key of its record.
pub(crate) fn key(part: &str) -> String {
    format!("{{test/chat}}:{part}")
}

pub(crate) fn terms() -> Terms {
    Terms {
        slots: 8,
        whole: 3,
        layout: u64::MAX,
        lease: 2_000_000_000,
        fence: 500_000_000,
        is_strict: true,
        has_marker: false,
    }
}

pub(crate) fn opening(epoch: EpochId) -> Opening {
    Opening {
        epoch,
        terms: terms(),
        generation: 0,
        fingerprint: CATALOG,
    }
}

pub(crate) fn joining(member: MemberId) -> Joining {
    Joining {
        member,
        terms: terms(),
        fingerprint: CATALOG,
        known: None,
        intents: Vec::new(),
    }
}

pub(crate) fn at(epoch: EpochId, applied: u64) -> At {
    At { epoch, applied }
}

pub(crate) fn intent(member: MemberId, number: u64, slots: &[u32]) -> Intent {
    Intent {
        id: IntentId { member, number },
        slots: slots.to_vec(),
        session: 5,
        fingerprint: CATALOG,
        seq: 0,
        is_widened: false,
    }
}

/// A life of a record in which every call occurs and none is refused.
pub(crate) fn life() -> Vec<Call> {
    vec![
        Call::Open(None, opening(EPOCH)),
        Call::Join(joining(A)),
        Call::Join(joining(B)),
        Call::Settle(EPOCH),
        Call::Begin(at(EPOCH, 0), intent(A, 1, &[2, 5])),
        Call::Declare(EPOCH, Fingerprint(9)),
        Call::End(EPOCH, intent(A, 1, &[]).id, vec![2]),
        Call::Touch(EPOCH, vec![0, 7]),
        Call::Renew(at(EPOCH, 4), B),
        Call::Expel(EPOCH, A, None),
        Call::Join(joining(B)),
    ]
}
