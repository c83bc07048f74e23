//! What scripts answer: a list that begins with a number, 0 or why nothing was done.
//!
//! Invariant: an answer of any other shape is [`BusError::Malformed`]; nothing is made up for what is missing.

use redis::Value;

use super::wire::{Reader, Unreadable};
use crate::bus::BusError;
use crate::protocol::{
    Begun, Ended, EpochId, Intent, Joined, MemberEntry, MemberId, Refusal, Renewed, SlotVersion, Touched,
};

/// The values of an answer that was not a refusal, in their order.
pub(super) struct Answer(std::vec::IntoIter<Value>);

impl Answer {
    /// What follows the 0.
    pub(super) fn new(value: Value) -> Result<Self, BusError> {
        let Value::Array(values) = value else {
            return Err(malformed("an answer that is no list"));
        };
        let mut answer = Self(values.into_iter());
        match answer.0.next() {
            Some(Value::Int(0)) => Ok(answer),
            Some(Value::Int(reason)) => Err(answer.refused(reason)),
            _ => Err(malformed("an answer without its number")),
        }
    }

    /// The numbers are those at the head of the scripts.
    fn refused(&mut self, reason: i64) -> BusError {
        let refusal = match reason {
            1 => Ok(Refusal::Gone),
            2 => self.epoch().map(Refusal::OtherEpoch),
            3 => Ok(Refusal::Behind),
            4 => Ok(Refusal::NotMember),
            5 => Ok(Refusal::Unsettled),
            6 => self
                .read("terms", |reader| reader.terms())
                .map(|terms| Refusal::OtherTerms(Box::new(terms))),
            7 => Ok(Refusal::Full),
            8 => Ok(Refusal::TooManySlots),
            9 => Err(malformed(
                "a record that another version of plexidb has written: give it another namespace",
            )),
            10 => Err(BusError::Unreachable(
                "this server is no primary, or does not tell the history of its data".to_owned(),
            )),
            _ => Err(malformed("an unknown reason")),
        };
        refusal.map_or_else(|error| error, BusError::Refused)
    }

    pub(super) fn epoch(&mut self) -> Result<EpochId, BusError> {
        self.read("an epoch", |reader| reader.epoch())
    }

    pub(super) fn joined(mut self) -> Result<Joined, BusError> {
        Ok(Joined {
            epoch: self.epoch()?,
            is_settled: self.is_settled()?,
            generation: self.number("a generation")?,
            seq: self.number("a number")?,
            fingerprint: self.read("a fingerprint", |reader| reader.fingerprint())?,
            versions: self.read("versions", |reader| reader.versions())?,
            intents: self.intents()?,
            members: self.members()?,
        })
    }

    pub(super) fn renewed(mut self) -> Result<Renewed, BusError> {
        Ok(Renewed {
            is_settled: self.is_settled()?,
            generation: self.number("a generation")?,
            seq: self.number("a number")?,
            members: self.members()?,
        })
    }

    pub(super) fn begun(mut self, epoch: EpochId) -> Result<Begun, BusError> {
        Ok(Begun {
            epoch,
            seq: self.number("a number")?,
            members: self.members()?,
        })
    }

    pub(super) fn ended(mut self, epoch: EpochId) -> Result<Ended, BusError> {
        Ok(Ended {
            epoch,
            versions: self.slot_versions()?,
        })
    }

    pub(super) fn touched(mut self, epoch: EpochId) -> Result<Touched, BusError> {
        Ok(Touched {
            epoch,
            seq: self.number("a number")?,
            versions: self.slot_versions()?,
            members: self.members()?,
        })
    }

    fn bytes(&mut self, what: &str) -> Result<Vec<u8>, BusError> {
        match self.0.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            _ => Err(malformed(&format!("an answer without {what}"))),
        }
    }

    fn read<T>(
        &mut self,
        what: &str,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, Unreadable>,
    ) -> Result<T, BusError> {
        let bytes = self.bytes(what)?;
        whole(&bytes, read).map_err(|Unreadable| malformed(&format!("what should be {what}")))
    }

    fn number(&mut self, what: &str) -> Result<u64, BusError> {
        self.read(what, |reader| reader.eight())
    }

    fn slot_versions(&mut self) -> Result<Vec<SlotVersion>, BusError> {
        self.read("slots and versions", |reader| reader.slot_versions())
    }

    fn is_settled(&mut self) -> Result<bool, BusError> {
        match self.bytes("whether it is settled")?.as_slice() {
            b"0" => Ok(false),
            b"1" => Ok(true),
            _ => Err(malformed("what should be 0 or 1")),
        }
    }

    /// A list of strings, one of which is empty and stands for the list itself.
    fn strings(&mut self, what: &str) -> Result<Vec<Vec<u8>>, BusError> {
        let Some(Value::Array(values)) = self.0.next() else {
            return Err(malformed(&format!("an answer without {what}")));
        };
        let string = |value| match value {
            Value::BulkString(bytes) => Ok(bytes),
            _ => Err(malformed(&format!("what should be {what}"))),
        };
        values.into_iter().map(string).collect()
    }

    fn intents(&mut self) -> Result<Vec<Intent>, BusError> {
        let mut intents = Vec::new();
        for bytes in self.strings("intents")?.iter().filter(|bytes| !bytes.is_empty()) {
            let intent = whole(bytes, |reader| reader.intent());
            intents.push(intent.map_err(|Unreadable| malformed("what should be an intent"))?);
        }
        intents.sort_by_key(|intent| intent.id);
        Ok(intents)
    }

    fn members(&mut self) -> Result<Vec<(MemberId, MemberEntry)>, BusError> {
        let mut members = Vec::new();
        let strings = self.strings("members")?;
        let (pairs, []) = strings.as_chunks() else {
            return Err(malformed("members without their state"));
        };
        for [id, entry] in pairs.iter().filter(|[id, _]| !id.is_empty()) {
            let member = whole(id, |reader| reader.member()).and_then(|id| {
                let entry = whole(entry, |reader| {
                    Ok(MemberEntry {
                        renewals: reader.eight()?,
                        applied: reader.eight()?,
                    })
                });
                Ok((id, entry?))
            });
            members.push(member.map_err(|Unreadable| malformed("what should be a member"))?);
        }
        members.sort_by_key(|(id, _)| *id);
        Ok(members)
    }
}

fn whole<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, Unreadable>,
) -> Result<T, Unreadable> {
    let mut reader = Reader::new(bytes);
    let value = read(&mut reader)?;
    reader.end(value)
}

pub(super) fn malformed(what: &str) -> BusError {
    BusError::Malformed(what.to_owned())
}

#[cfg(test)]
mod tests;
