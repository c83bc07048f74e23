//! From the text that servers send to the parts of a position.
//!
//! Invariant: any text gives a value or an error; no more than the bounded number of members is kept.

use std::str::FromStr;

use super::gtids::{DomainGtid, Member, SourceGtids};
use super::{MalformedPosition, Position};

const LSN: &str = "an LSN such as 0/16B3748";
const DOMAINS: &str = "at most 1024 GTIDs such as 0-1-100, one a domain";
const SOURCES: &str =
    "at most 1024 sets of GTIDs such as 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5, one a source";

/// The most characters of a malformed text that its error shows.
const SHOWN_CHARS_MAX: usize = 64;

impl MalformedPosition {
    pub(super) fn new(given: &str, expected: &'static str) -> Self {
        Self {
            given: given.chars().take(SHOWN_CHARS_MAX).collect(),
            expected,
        }
    }
}

/// A number without a sign.
pub(super) fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

pub(super) fn lsn(text: &str) -> Result<u64, MalformedPosition> {
    let half = |text: &str| {
        let is_hex = text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(text, 16).ok())?
    };
    text.split_once('/')
        .and_then(|(high, low)| Some(u64::from(half(high)?) << 32 | u64::from(half(low)?)))
        .ok_or_else(|| MalformedPosition::new(text, LSN))
}

pub(super) fn domains(text: &str) -> Result<Vec<DomainGtid>, MalformedPosition> {
    let gtid = |text: &str| {
        let mut numbers = text.trim().splitn(3, '-');
        Some(DomainGtid {
            domain: number(numbers.next()?)?,
            server: number(numbers.next()?)?,
            sequence: number(numbers.next()?)?,
        })
    };
    let gtids = members(text).map(gtid).collect::<Option<Vec<_>>>();
    gtids
        .and_then(sorted)
        .ok_or_else(|| MalformedPosition::new(text, DOMAINS))
}

/// `None` for a set that is well formed and not simple.
pub(super) fn sources(text: &str) -> Result<Option<Vec<SourceGtids>>, MalformedPosition> {
    let mut is_simple = true;
    let mut gtids = |text: &str| {
        let mut parts = text.trim().split(':');
        let source = uuid(parts.next()?)?;
        let mut ranges = Vec::new();
        for part in parts {
            match range(part) {
                Some(range) => ranges.push(range),
                None if is_tag(part) => is_simple = false,
                None => return None,
            }
        }
        let (first, last) = *ranges.first()?;
        is_simple &= ranges.len() == 1 && first == 1;
        Some(SourceGtids { source, last })
    };
    let all = members(text).map(&mut gtids).collect::<Option<Vec<_>>>();
    let all = all
        .and_then(sorted)
        .ok_or_else(|| MalformedPosition::new(text, SOURCES))?;
    Ok(is_simple.then_some(all))
}

/// The parts between commas; none of an empty text. One more than the bound, so that it shows.
fn members(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim();
    let parts = (!text.is_empty()).then(|| text.split(','));
    parts.into_iter().flatten().take(Position::MEMBERS_MAX + 1)
}

/// In the order of their keys; `None` where there are too many, or two of a key.
fn sorted<M: Member>(mut members: Vec<M>) -> Option<Vec<M>> {
    members.sort_by_key(Member::key);
    let is_unique = members.windows(2).all(|pair| pair[0].key() != pair[1].key());
    (is_unique && members.len() <= Position::MEMBERS_MAX).then_some(members)
}

fn uuid(text: &str) -> Option<u128> {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').take(GROUPS.len() + 1).collect();
    let fits = |(group, chars): (&&str, usize)| {
        group.len() == chars && group.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let is_uuid = groups.len() == GROUPS.len() && groups.iter().zip(GROUPS).all(fits);
    is_uuid.then(|| u128::from_str_radix(&groups.concat(), 16).ok())?
}

/// From the first to the last, both included.
fn range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (1 <= first && first <= last).then_some((first, last))
}

/// MySQL's name for a part of a source's GTIDs (from 8.3).
fn is_tag(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins
        && text.len() <= 32
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
