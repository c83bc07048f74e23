//! From a result to the bytes that a store keeps, and back: layout, compression, and a checksum or a seal.
//!
//! Invariant: what is returned was written whole, by one who knows the secret where there is one, for this very key. Everything else is
//! refused with a reason, at a cost bounded by the configured size.

use std::borrow::Cow;

use plexidb_core::RowSet;
use secrecy::SecretString;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::entry::{EntryKey, Origin};
use super::layout::{self, Body, MalformedEntry};
use super::port::StoreKey;
use super::seal::{Keyring, SecretError};

#[cfg(test)]
mod tests;

/// The version of everything that is written here. It is part of the names, so that two versions never meet in one entry.
const LAYOUT: u8 = 1;
/// The body is packed by LZ4.
const PACKED: u8 = 1;
/// The rest is sealed.
const SEALED: u8 = 2;

/// Layout and flags.
const HEAD_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 8;
const UNPACKED_LEN_BYTES: usize = 4;
/// LZ4 cannot pack better than this: whoever names a larger size lies.
const PACKING_RATIO_MAX: usize = 255;

/// How entries are written.
#[derive(Clone, Debug)]
pub struct CodecConfig {
    /// Bodies of more bytes are compressed. 2 KiB.
    pub pack_over_bytes: usize,
    /// The most bytes of an entry, packed or not; larger results stay out. 1 MiB, at most 1 GiB.
    pub entry_bytes_max: usize,
    /// Secrets of at least 16 bytes. The first one encrypts, all of them decrypt; none means that entries are readable and merely carry a
    /// checksum.
    pub secrets: Vec<SecretString>,
}

impl Default for CodecConfig {
    fn default() -> Self {
        Self {
            pack_over_bytes: 2 << 10,
            entry_bytes_max: 1 << 20,
            secrets: Vec::new(),
        }
    }
}

/// Writes and opens entries.
#[derive(Debug)]
pub struct Codec {
    keyring: Option<Keyring>,
    pack_over_bytes: usize,
    entry_bytes_max: usize,
}

/// Why a result cannot be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// It is larger than the configured limit.
    #[error("the entry is larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The system gave no random bits, without which nothing may be sealed.
    #[error("the system has no random bits")]
    NoRandomBits,
}

/// Why an entry's bytes are of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// They are damaged, or were never an entry.
    #[error(transparent)]
    Malformed(#[from] MalformedEntry),
    /// They were not written under a secret of ours, or for another name.
    #[error("the entry was not written under a secret that is configured here")]
    Forged,
    /// They answer another key of the same hash.
    #[error("the entry answers another statement of the same hash")]
    OtherKey,
}

/// An entry whose origin can be judged before its rows are decoded.
#[derive(Debug)]
pub struct OpenedEntry<'a> {
    /// Under which state of the shared record it was filled.
    pub origin: Origin,
    body: Cow<'a, [u8]>,
    rows_start: usize,
}

impl OpenedEntry<'_> {
    /// Decodes the rows.
    ///
    /// # Errors
    ///
    /// [`MalformedEntry`] where they are not those of a result.
    pub fn rows(&self) -> Result<RowSet, MalformedEntry> {
        Body::new(self.body.get(self.rows_start..).unwrap_or_default()).rows()
    }
}

impl Codec {
    /// A codec for the entries of one namespace.
    ///
    /// # Errors
    ///
    /// [`SecretError`] where a secret cannot be used.
    pub fn new(config: &CodecConfig, namespace: &str) -> Result<Self, SecretError> {
        Ok(Self {
            keyring: Keyring::new(&config.secrets, namespace)?,
            pack_over_bytes: config.pack_over_bytes,
            entry_bytes_max: config.entry_bytes_max.min(1 << 30),
        })
    }

    /// The names under which an entry may be found: one, or one a secret. It is written under the first.
    #[must_use]
    pub fn names(&self, key: &EntryKey) -> Vec<StoreKey> {
        match &self.keyring {
            Some(keyring) => keyring.names(LAYOUT, key).collect(),
            None => vec![open_name(key)],
        }
    }

    fn name(&self, key: &EntryKey) -> StoreKey {
        match &self.keyring {
            Some(keyring) => keyring.name(LAYOUT, key),
            None => open_name(key),
        }
    }

    /// Writes an entry and says under which name it belongs.
    ///
    /// # Errors
    ///
    /// [`NotStored`].
    pub fn encode(
        &self,
        key: &EntryKey,
        origin: &Origin,
        rows: &RowSet,
    ) -> Result<(StoreKey, Vec<u8>), NotStored> {
        let too_large = NotStored::TooLarge {
            bytes_max: self.entry_bytes_max,
        };
        if rows.flat_bytes().len() > self.entry_bytes_max {
            return Err(too_large);
        }
        let name = self.name(key);
        let mut body = Vec::with_capacity(rows.flat_bytes().len() + rows.flat_ends().len() * 2 + 512);
        layout::write(&mut body, key, origin, rows);
        if body.len() > self.entry_bytes_max {
            return Err(too_large);
        }
        let (packed, body) = self.pack(body);
        let mut bytes = vec![LAYOUT, packed];
        match &self.keyring {
            None => {
                bytes.reserve_exact(CHECKSUM_BYTES + body.len());
                bytes.extend_from_slice(&checksum(packed, &body).to_le_bytes());
                bytes.extend_from_slice(&body);
            }
            Some(keyring) => {
                bytes[1] |= SEALED;
                let bound = bound(packed | SEALED, name);
                keyring
                    .seal(&bound, body, &mut bytes)
                    .ok_or(NotStored::NoRandomBits)?;
            }
        }
        Ok((name, bytes))
    }

    /// Opens the bytes that were found under `name`, and makes sure that they answer `key`.
    ///
    /// # Errors
    ///
    /// [`Unusable`]; the rows are checked when they are decoded.
    pub fn open<'a>(
        &self,
        name: StoreKey,
        key: &EntryKey,
        bytes: &'a [u8],
    ) -> Result<OpenedEntry<'a>, Unusable> {
        // What is packed or sealed may be a little larger than it was.
        self.check_size(bytes.len().saturating_sub(1 << 10))?;
        let (&[version, flags], rest) = bytes
            .split_first_chunk::<HEAD_BYTES>()
            .ok_or(MalformedEntry::Length)?;
        if version != LAYOUT {
            return Err(MalformedEntry::Layout {
                found: version,
                expected: LAYOUT,
            }
            .into());
        }
        if flags & !(PACKED | SEALED) != 0 {
            return Err(MalformedEntry::Flags.into());
        }
        let payload = self.payload(name, flags, rest)?;
        let body = if flags & PACKED == 0 {
            payload
        } else {
            Cow::Owned(self.unpack(&payload)?)
        };
        let mut reader = Body::new(&body);
        let origin = reader.origin()?;
        if reader.key()? != key.bytes() {
            return Err(Unusable::OtherKey);
        }
        let rows_start = body.len() - reader.left();
        Ok(OpenedEntry {
            origin,
            body,
            rows_start,
        })
    }

    /// What was sealed, or stands behind its checksum.
    fn payload<'a>(&self, name: StoreKey, flags: u8, rest: &'a [u8]) -> Result<Cow<'a, [u8]>, Unusable> {
        match (&self.keyring, flags & SEALED != 0) {
            (Some(keyring), true) => keyring
                .open(&bound(flags, name), rest)
                .map(Cow::Owned)
                .map_err(|_| Unusable::Forged),
            // Whoever may write to the store could have written it.
            (Some(_), false) | (None, true) => Err(Unusable::Forged),
            (None, false) => {
                let (sum, payload) = rest
                    .split_first_chunk::<CHECKSUM_BYTES>()
                    .ok_or(MalformedEntry::Length)?;
                if u64::from_le_bytes(*sum) != checksum(flags, payload) {
                    return Err(MalformedEntry::Checksum.into());
                }
                Ok(Cow::Borrowed(payload))
            }
        }
    }

    /// The body packed, where that is asked for and pays.
    fn pack(&self, body: Vec<u8>) -> (u8, Vec<u8>) {
        if body.len() <= self.pack_over_bytes {
            return (0, body);
        }
        let mut packed = vec![0; UNPACKED_LEN_BYTES + lz4_flex::block::get_maximum_output_size(body.len())];
        let Ok(len) = lz4_flex::block::compress_into(&body, &mut packed[UNPACKED_LEN_BYTES..]) else {
            return (0, body);
        };
        if UNPACKED_LEN_BYTES + len >= body.len() {
            return (0, body);
        }
        // The limit on an entry keeps the length below 32 bits.
        packed[..UNPACKED_LEN_BYTES].copy_from_slice(&(body.len() as u32).to_le_bytes());
        packed.truncate(UNPACKED_LEN_BYTES + len);
        (PACKED, packed)
    }

    fn unpack(&self, payload: &[u8]) -> Result<Vec<u8>, MalformedEntry> {
        let (len, packed) = payload
            .split_first_chunk::<UNPACKED_LEN_BYTES>()
            .ok_or(MalformedEntry::Length)?;
        let len = u32::from_le_bytes(*len) as usize;
        self.check_size(len)?;
        if len > packed.len().saturating_mul(PACKING_RATIO_MAX) {
            return Err(MalformedEntry::Compression);
        }
        let mut body = vec![0; len];
        match lz4_flex::block::decompress_into(packed, &mut body) {
            Ok(written) if written == len => Ok(body),
            _ => Err(MalformedEntry::Compression),
        }
    }

    fn check_size(&self, bytes: usize) -> Result<(), MalformedEntry> {
        if bytes > self.entry_bytes_max {
            return Err(MalformedEntry::TooLarge {
                bytes,
                bytes_max: self.entry_bytes_max,
            });
        }
        Ok(())
    }
}

fn open_name(key: &EntryKey) -> StoreKey {
    StoreKey((xxh3_128(key.bytes()) ^ u128::from(LAYOUT)).to_be_bytes())
}

fn checksum(flags: u8, payload: &[u8]) -> u64 {
    // Layout and flags are covered as well: a flag that fell over must not pass for another entry.
    xxh3_64(payload) ^ (u64::from(LAYOUT) << 8 | u64::from(flags)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What is authenticated beside the sealed bytes: an entry that was moved to another name does not open.
fn bound(flags: u8, name: StoreKey) -> [u8; HEAD_BYTES + 16] {
    let mut bound = [0; HEAD_BYTES + 16];
    bound[0] = LAYOUT;
    bound[1] = flags;
    bound[HEAD_BYTES..].copy_from_slice(&name.0);
    bound
}
