//! NUMERIC's binary form as decimal text.
//!
//! The format is that of PostgreSQL's `numeric_send`: groups of four decimal digits with a weight and a scale.

use std::fmt::Write as _;

use super::super::message::Fields;
use super::{CellError, ended};

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEG_INFINITY: u16 = 0xF000;
/// Digits in a group.
const GROUP_DIGITS: i32 = 4;
/// The most digits behind the point that PostgreSQL stores (`NUMERIC_DSCALE_MAX`).
const SCALE_MAX: u16 = 0x3FFF;

/// The text that PostgreSQL itself prints.
pub(in super::super) fn numeric_text(cell: &[u8]) -> Result<String, CellError> {
    let mut fields = Fields(cell);
    let count = fields.u16()?;
    let weight = i32::from(fields.i16()?);
    let sign = fields.u16()?;
    let scale = fields.u16()?;
    let groups = (0..count)
        .map(|_| fields.u16())
        .collect::<Result<Vec<u16>, _>>()?;
    ended(&fields)?;
    if groups.iter().any(|group| *group > 9_999) || scale > SCALE_MAX {
        return Err(CellError::Malformed);
    }
    match sign {
        NAN => return Ok("NaN".to_owned()),
        INFINITY => return Ok("Infinity".to_owned()),
        NEG_INFINITY => return Ok("-Infinity".to_owned()),
        POSITIVE | NEGATIVE => {}
        _ => return Err(CellError::Malformed),
    }
    // The group whose weight is this power of 10,000; those that are not sent are zero.
    let group = |power: i32| {
        let index = usize::try_from(weight - power).ok();
        index.and_then(|index| groups.get(index)).copied().unwrap_or(0)
    };
    let mut text = String::from(if sign == NEGATIVE { "-" } else { "" });
    // Writing to a String cannot fail.
    let _ = write!(text, "{}", group(weight.max(0)));
    for power in (0..weight).rev() {
        let _ = write!(text, "{:04}", group(power));
    }
    if scale > 0 {
        text.push('.');
        let end = text.len() + usize::from(scale);
        let mut power = -1;
        while text.len() < end {
            let _ = write!(text, "{:0width$}", group(power), width = GROUP_DIGITS as usize);
            power -= 1;
        }
        text.truncate(end);
    }
    Ok(text)
}
