//! The body of an entry, byte by byte: origin, key, columns, cells.
//!
//! Invariant: reading trusts no length. Each is compared to what is left before anything is allocated for it, so that a body never
//! costs more memory than a small multiple of its own size.

use std::sync::Arc;

use plexidb_core::{Column, MalformedRows, RowSet};

use super::entry::{EntryKey, Origin};

#[cfg(test)]
mod tests;

/// Bytes that are not those of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedEntry {
    /// Another layout, of an older or a newer version perhaps.
    #[error("malformed entry: layout {found}, expected {expected}")]
    Layout {
        /// The version in the bytes.
        found: u8,
        /// The version that we know.
        expected: u8,
    },
    /// Larger than entries may be.
    #[error("malformed entry: {bytes} bytes, at most {bytes_max} are accepted")]
    TooLarge {
        /// What it has, or says that it has when unpacked.
        bytes: usize,
        /// The configured limit.
        bytes_max: usize,
    },
    /// The checksum does not fit the bytes.
    #[error("malformed entry: the checksum does not fit")]
    Checksum,
    /// The bytes end too early, go on too long, or a length does not fit them.
    #[error("malformed entry: a length does not fit the bytes")]
    Length,
    /// Flags that no version has set.
    #[error("malformed entry: unknown flags")]
    Flags,
    /// The compressed part does not unpack to the size that it names.
    #[error("malformed entry: it cannot be unpacked")]
    Compression,
    /// A column's name is not UTF-8.
    #[error("malformed entry: a column's name is not UTF-8")]
    Text,
    /// The cells are not those of a result.
    #[error(transparent)]
    Rows(#[from] MalformedRows),
}

/// Appends a number in groups of seven bits, the lowest first.
pub(super) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends an entry's body.
pub(super) fn write(out: &mut Vec<u8>, key: &EntryKey, origin: &Origin, rows: &RowSet) {
    out.extend_from_slice(&origin.epoch.to_le_bytes());
    put_varint(out, origin.cost_us);
    put_varint(out, origin.filled_at_ms);
    for stamps in [&origin.first, &origin.then] {
        put_varint(out, stamps.len() as u64);
        for &(slot, version) in stamps {
            put_varint(out, u64::from(slot));
            put_varint(out, version);
        }
    }
    put_bytes(out, key.bytes());
    put_varint(out, rows.columns().len() as u64);
    for column in rows.columns() {
        put_bytes(out, column.name.as_bytes());
        put_bytes(out, column.type_name.as_bytes());
    }
    put_varint(out, rows.flat_ends().len() as u64);
    let mut start = 0;
    for &end in rows.flat_ends() {
        put_varint(out, u64::from(end - start));
        start = end;
    }
    out.extend_from_slice(rows.flat_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// What is left of a body.
pub(super) struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn origin(&mut self) -> Result<Origin, MalformedEntry> {
        let (epoch, rest) = self.0.split_first_chunk().ok_or(MalformedEntry::Length)?;
        self.0 = rest;
        Ok(Origin {
            epoch: u128::from_le_bytes(*epoch),
            cost_us: self.varint()?,
            filled_at_ms: self.varint()?,
            first: self.stamps()?,
            then: self.stamps()?,
        })
    }

    pub(super) fn key(&mut self) -> Result<&'a [u8], MalformedEntry> {
        self.bytes()
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    /// The rows, which end the body.
    pub(super) fn rows(mut self) -> Result<RowSet, MalformedEntry> {
        let count = self.count_of(2)?;
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            columns.push(Column {
                name: self.text()?,
                type_name: self.text()?,
            });
        }
        let columns: Arc<[Column]> = columns.into();
        let cells = self.count_of(1)?;
        let mut ends = Vec::with_capacity(cells);
        let mut end = 0_u64;
        for _ in 0..cells {
            end = end.saturating_add(self.varint()?);
            ends.push(u32::try_from(end).map_err(|_| MalformedEntry::Length)?);
        }
        Ok(RowSet::from_flat(columns, ends.into(), self.0.into())?)
    }

    fn stamps(&mut self) -> Result<Vec<(u32, u64)>, MalformedEntry> {
        let count = self.count_of(2)?;
        let mut stamps = Vec::with_capacity(count);
        for _ in 0..count {
            let slot = u32::try_from(self.varint()?).map_err(|_| MalformedEntry::Length)?;
            stamps.push((slot, self.varint()?));
        }
        Ok(stamps)
    }

    fn text(&mut self) -> Result<String, MalformedEntry> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| MalformedEntry::Text)?;
        Ok(text.to_owned())
    }

    fn bytes(&mut self) -> Result<&'a [u8], MalformedEntry> {
        let len = self.count_of(1)?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(MalformedEntry::Length)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// How many items follow, of which each takes at least `bytes_min` bytes.
    fn count_of(&mut self, bytes_min: usize) -> Result<usize, MalformedEntry> {
        let count = usize::try_from(self.varint()?).map_err(|_| MalformedEntry::Length)?;
        if count > self.0.len() / bytes_min {
            return Err(MalformedEntry::Length);
        }
        Ok(count)
    }

    fn varint(&mut self) -> Result<u64, MalformedEntry> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(MalformedEntry::Length)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(MalformedEntry::Length)
    }
}
