//! What travels on the record's channel: messages that scripts publish, and acknowledgements that members publish.
//!
//! Invariant: any bytes are read to a notice or to [`Unreadable`].

use super::wire::{Reader, Unreadable};
use crate::bus::Notice;
use crate::protocol::{Acknowledgement, Change, EpochId, Message};

/// The first byte of an acknowledgement; those of messages are in the scripts.
const ACKNOWLEDGED: u8 = b'A';

/// Reads kind (1 byte), epoch (16), number (8), and what belongs to the kind.
pub(super) fn read(bytes: &[u8]) -> Result<Notice, Unreadable> {
    let mut reader = Reader::new(bytes);
    let (kind, epoch, number) = (reader.byte()?, reader.epoch()?, reader.eight()?);
    let notice = match kind {
        ACKNOWLEDGED => Notice::Acknowledged(Acknowledgement {
            member: reader.member()?,
            epoch,
            applied: number,
        }),
        _ => Notice::Message(Message {
            epoch,
            seq: number,
            change: change(kind, &mut reader)?,
        }),
    };
    reader.end(notice)
}

fn change(kind: u8, reader: &mut Reader<'_>) -> Result<Change, Unreadable> {
    Ok(match kind {
        b'B' => Change::Begun(reader.intent()?),
        b'E' => Change::Ended {
            intent: reader.intent_id()?,
            versions: reader.slot_versions()?,
        },
        b'T' => Change::Touched {
            versions: reader.slot_versions()?,
        },
        b'D' => Change::Declared {
            fingerprint: reader.fingerprint()?,
            version: reader.eight()?,
        },
        b'X' => Change::Expelled {
            member: reader.member()?,
        },
        _ => return Err(Unreadable),
    })
}

pub(super) fn acknowledgement_bytes(acknowledgement: &Acknowledgement) -> Vec<u8> {
    let Acknowledgement {
        member,
        epoch: EpochId(epoch),
        applied,
    } = acknowledgement;
    let mut bytes = vec![ACKNOWLEDGED];
    bytes.extend(epoch.to_be_bytes());
    bytes.extend(applied.to_be_bytes());
    bytes.extend(member.0.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests;
