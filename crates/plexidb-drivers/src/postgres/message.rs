//! The server's messages, read in place from the receive buffer.
//!
//! Invariant: a body may hold anything; what does not parse is [`Malformed`], never a panic. Must not know sockets.

use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// A body that is not what its tag promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// One message: its tag and its body without the length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
}

/// Tags of the messages that a server sends.
pub(super) mod tag {
    /// Not a tag of the protocol: stands for a row that was discarded because of its size.
    pub(in super::super) const DISCARDED_ROW: u8 = 0;
    pub(in super::super) const AUTHENTICATION: u8 = b'R';
    pub(in super::super) const BACKEND_KEY_DATA: u8 = b'K';
    pub(in super::super) const BIND_COMPLETE: u8 = b'2';
    pub(in super::super) const COMMAND_COMPLETE: u8 = b'C';
    pub(in super::super) const COPY_BOTH: u8 = b'W';
    pub(in super::super) const COPY_IN: u8 = b'G';
    pub(in super::super) const COPY_OUT: u8 = b'H';
    pub(in super::super) const DATA_ROW: u8 = b'D';
    pub(in super::super) const EMPTY_QUERY: u8 = b'I';
    pub(in super::super) const ERROR: u8 = b'E';
    pub(in super::super) const NEGOTIATE_PROTOCOL: u8 = b'v';
    pub(in super::super) const NO_DATA: u8 = b'n';
    pub(in super::super) const NOTICE: u8 = b'N';
    pub(in super::super) const NOTIFICATION: u8 = b'A';
    pub(in super::super) const PARAMETER_DESCRIPTION: u8 = b't';
    pub(in super::super) const PARAMETER_STATUS: u8 = b'S';
    pub(in super::super) const PORTAL_SUSPENDED: u8 = b's';
    pub(in super::super) const READY: u8 = b'Z';
    pub(in super::super) const ROW_DESCRIPTION: u8 = b'T';
}

/// Reads the big-endian fields of a body from front to back.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (field, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(field)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }

    /// Text that ends with a zero byte. Names and messages of a SQL_ASCII database need not be UTF-8.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let len = self.0.iter().position(|byte| *byte == 0).ok_or(Malformed)?;
        let text = self.bytes(len)?;
        self.0 = &self.0[1..];
        Ok(String::from_utf8_lossy(text))
    }

    /// A field with its length before it; `None` is NULL.
    pub(super) fn nullable(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.i32()? {
            -1 => Ok(None),
            len => self.bytes(usize::try_from(len).map_err(|_| Malformed)?).map(Some),
        }
    }
}

/// One column of a row description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) type_oid: u32,
}

pub(super) fn row_description(body: &[u8]) -> Result<Vec<Field>, Malformed> {
    let mut fields = Fields(body);
    let count = fields.u16()?;
    let mut columns = Vec::with_capacity(usize::from(count).min(body.len()));
    for _ in 0..count {
        let name = fields.text()?.into_owned();
        // The table's oid and the column's number.
        fields.bytes(6)?;
        let type_oid = fields.u32()?;
        // The type's size and modifier, and the format.
        fields.bytes(8)?;
        columns.push(Field { name, type_oid });
    }
    Ok(columns)
}

pub(super) fn parameter_description(body: &[u8]) -> Result<Vec<u32>, Malformed> {
    let mut fields = Fields(body);
    let count = fields.u16()?;
    (0..count).map(|_| fields.u32()).collect()
}

/// The rows that a command tag says were inserted, changed or deleted, and whether the tag is ROLLBACK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Completion {
    pub(super) rows_affected: u64,
    pub(super) is_rollback: bool,
}

pub(super) fn command_complete(body: &[u8]) -> Completion {
    let tag = body.strip_suffix(&[0]).unwrap_or(body);
    let mut words = tag.split(|byte| *byte == b' ');
    let verb = words.next().unwrap_or_default();
    let counts_rows = matches!(verb, b"INSERT" | b"UPDATE" | b"DELETE" | b"MERGE" | b"COPY");
    let count = words
        .next_back()
        .filter(|_| counts_rows)
        .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    Completion {
        rows_affected: count.unwrap_or(0),
        is_rollback: verb == b"ROLLBACK",
    }
}
