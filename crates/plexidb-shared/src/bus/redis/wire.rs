//! How values are written in the arguments of scripts, in the record's keys and in messages: fixed fields, big-endian, lists last.
//!
//! Invariant: reading goes by the bytes that are there; whatever they say, it ends with a value or with [`Unreadable`], and takes no more
//! memory than a few times their number.

use crate::protocol::{EpochId, Fingerprint, Intent, IntentId, MemberId, SlotVersion, Terms};

/// Bytes that nothing of this bus has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

const IS_STRICT: u8 = 1;
const HAS_MARKER: u8 = 2;

/// Takes values off the front of bytes.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Unreadable> {
        self.array().map(|[byte]| byte)
    }

    fn four(&mut self) -> Result<u32, Unreadable> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn eight(&mut self) -> Result<u64, Unreadable> {
        self.array().map(u64::from_be_bytes)
    }

    fn sixteen(&mut self) -> Result<u128, Unreadable> {
        self.array().map(u128::from_be_bytes)
    }

    pub(super) fn epoch(&mut self) -> Result<EpochId, Unreadable> {
        self.sixteen().map(EpochId)
    }

    pub(super) fn member(&mut self) -> Result<MemberId, Unreadable> {
        self.sixteen().map(MemberId)
    }

    pub(super) fn fingerprint(&mut self) -> Result<Fingerprint, Unreadable> {
        self.sixteen().map(Fingerprint)
    }

    pub(super) fn intent_id(&mut self) -> Result<IntentId, Unreadable> {
        Ok(IntentId {
            member: self.member()?,
            number: self.eight()?,
        })
    }

    /// All that is left.
    pub(super) fn intent(&mut self) -> Result<Intent, Unreadable> {
        Ok(Intent {
            id: self.intent_id()?,
            session: self.eight()?,
            fingerprint: self.fingerprint()?,
            seq: self.eight()?,
            is_widened: self.flag()?,
            slots: self.rest(|reader| reader.four())?,
        })
    }

    fn flag(&mut self) -> Result<bool, Unreadable> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unreadable),
        }
    }

    pub(super) fn terms(&mut self) -> Result<Terms, Unreadable> {
        let (slots, whole) = (self.four()?, self.four()?);
        let (layout, lease, fence) = (self.eight()?, self.eight()?, self.eight()?);
        let flags = self.byte()?;
        if flags & !(IS_STRICT | HAS_MARKER) != 0 {
            return Err(Unreadable);
        }
        Ok(Terms {
            slots,
            whole,
            layout,
            lease,
            fence,
            is_strict: flags & IS_STRICT != 0,
            has_marker: flags & HAS_MARKER != 0,
        })
    }

    /// All that is left.
    pub(super) fn slot_versions(&mut self) -> Result<Vec<SlotVersion>, Unreadable> {
        self.rest(|reader| {
            Ok(SlotVersion {
                slot: reader.four()?,
                version: reader.eight()?,
            })
        })
    }

    /// All that is left.
    pub(super) fn versions(&mut self) -> Result<Vec<u64>, Unreadable> {
        let (numbers, []) = self.0.as_chunks() else {
            return Err(Unreadable);
        };
        self.0 = &[];
        Ok(numbers.iter().map(|number| u64::from_be_bytes(*number)).collect())
    }

    fn rest<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Unreadable> {
        let mut items = Vec::new();
        while !self.0.is_empty() {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// That nothing is left.
    pub(super) fn end<T>(self, value: T) -> Result<T, Unreadable> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(Unreadable)
        }
    }
}

pub(super) fn slots_bytes(slots: &[u32]) -> Vec<u8> {
    slots.iter().flat_map(|slot| slot.to_be_bytes()).collect()
}

pub(super) fn intent_id_bytes(id: IntentId) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&id.member.0.to_be_bytes());
    bytes[16..].copy_from_slice(&id.number.to_be_bytes());
    bytes
}

pub(super) fn intent_bytes(intent: &Intent) -> Vec<u8> {
    let mut bytes = intent_id_bytes(intent.id).to_vec();
    bytes.extend(intent.session.to_be_bytes());
    bytes.extend(intent.fingerprint.0.to_be_bytes());
    bytes.extend(intent.seq.to_be_bytes());
    bytes.push(u8::from(intent.is_widened));
    bytes.extend(slots_bytes(&intent.slots));
    bytes
}

pub(super) fn terms_bytes(terms: &Terms) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(33);
    bytes.extend(terms.slots.to_be_bytes());
    bytes.extend(terms.whole.to_be_bytes());
    bytes.extend(terms.layout.to_be_bytes());
    bytes.extend(terms.lease.to_be_bytes());
    bytes.extend(terms.fence.to_be_bytes());
    let strict = if terms.is_strict { IS_STRICT } else { 0 };
    let marker = if terms.has_marker { HAS_MARKER } else { 0 };
    bytes.push(strict | marker);
    bytes
}
