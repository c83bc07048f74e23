//! How a database compares the values of a column for equality, as far as it is known.
//!
//! Invariant: two values that the database holds equal have one hash, or at least one of them has none. A value without a
//! hash is told apart from no other: readers and writers widen.

use xxhash_rust::xxh3::xxh3_64;

use crate::value::ValueRef;

#[cfg(test)]
mod tests;

/// By which rule values of a column are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Numbers by value, of any numeric type; integers alone have a hash.
    Number,
    /// Texts or bytes, byte by byte.
    Exact,
    /// Texts byte by byte, except that blanks at the end do not count.
    Padded,
    /// Texts without regard to case, and to blanks at the end where the database says so; printable ASCII alone has a hash.
    CaseInsensitive,
    /// UUIDs, as such or as text.
    Uuid,
    /// By a rule that is not known.
    #[default]
    Opaque,
}

/// What NULL has for a hash: it equals nothing, so it may be anything.
const NULL: u64 = 0x6c62_272e_07bb_0142;
/// From here on a double does not tell all integers apart, and some databases compare texts with numbers as doubles.
const EXACT_MAX: i64 = 1 << 53;

impl Comparison {
    /// The hash of a value, equal for all values that the database holds equal to it; `None` where that is not certain.
    #[must_use]
    pub fn hash(self, value: ValueRef<'_>) -> Option<u64> {
        if value == ValueRef::Null {
            return Some(NULL);
        }
        match self {
            Self::Number => integer(value).map(|number| xxh3_64(&number.to_le_bytes())),
            Self::Exact => bytes(value).map(xxh3_64),
            Self::Padded => text(value).map(|text| xxh3_64(text.trim_end_matches(' ').as_bytes())),
            Self::CaseInsensitive => text(value).and_then(caseless),
            Self::Uuid => uuid(value).map(|bytes| xxh3_64(&bytes)),
            Self::Opaque => None,
        }
    }

    /// Whether no value of such a column has a hash.
    #[must_use]
    pub fn is_opaque(self) -> bool {
        self == Self::Opaque
    }
}

fn integer(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Bool(value) => Some(i64::from(value)),
        ValueRef::Int(value) => Some(value),
        ValueRef::UInt(value) => i64::try_from(value).ok(),
        ValueRef::Real(value) => whole(f64::from(value)),
        ValueRef::Double(value) => whole(value),
        ValueRef::Decimal(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            fraction
                .bytes()
                .all(|digit| digit == b'0')
                .then(|| plain_integer(whole))
                .flatten()
        }
        // '7' is 7 where it meets a number; ' 7', '07' and '7e0' may be as well, but who knows where.
        ValueRef::Text(text) => plain_integer(text).filter(|number| number.unsigned_abs() < EXACT_MAX as u64),
        _ => None,
    }
}

fn whole(value: f64) -> Option<i64> {
    let is_exact = value.fract() == 0.0 && value.abs() < EXACT_MAX as f64;
    is_exact.then_some(value as i64)
}

/// The integer that is written so and not otherwise: without a plus, leading zeros or blanks.
fn plain_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if is_plain { text.parse().ok() } else { None }
}

fn text(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(text) | ValueRef::Other(text) => Some(text),
        _ => None,
    }
}

fn bytes(value: ValueRef<'_>) -> Option<&[u8]> {
    match value {
        ValueRef::Bytes(bytes) => Some(bytes),
        value => text(value).map(str::as_bytes),
    }
}

/// Collations differ in what they hold equal beyond ASCII: accents, ligatures, characters without weight.
fn caseless(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_plain.then(|| xxh3_64(text.trim_end_matches(' ').to_ascii_lowercase().as_bytes()))
}

fn uuid(value: ValueRef<'_>) -> Option<[u8; 16]> {
    let text = match value {
        ValueRef::Uuid(bytes) => return Some(bytes),
        value => text(value)?,
    };
    let has_hyphens = text.len() == 36 && [8, 13, 18, 23].iter().all(|at| text.as_bytes()[*at] == b'-');
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !has_hyphens || *byte != b'-')
        .collect();
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(bytes)
}
