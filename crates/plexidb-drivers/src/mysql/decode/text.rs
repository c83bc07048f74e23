//! Cells of the text protocol, which statements use that cannot be prepared.

use plexidb_core::{Time, ValueRef};

use super::{Cell, Moment, clock_micros};

pub(super) fn number_or_time(cell: Cell, text: &str) -> Option<ValueRef<'static>> {
    Some(match cell {
        Cell::Int => ValueRef::Int(text.parse().ok()?),
        Cell::UInt => ValueRef::UInt(text.parse().ok()?),
        Cell::Real => ValueRef::Real(text.parse().ok()?),
        Cell::Double => ValueRef::Double(text.parse().ok()?),
        Cell::Time => ValueRef::Time(time(text)?),
        _ => return None,
    })
}

/// `[-]H:MM:SS[.ffffff]`.
fn time(text: &str) -> Option<Time> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (seconds, micros) = seconds_and_micros(seconds)?;
    let micros = clock_micros(
        i64::from(hours.parse::<u16>().ok()?),
        minutes.parse().ok()?,
        seconds,
        micros,
    );
    Some(Time::from_micros(if is_negative { -micros } else { micros }))
}

/// `YYYY-MM-DD[ HH:MM:SS[.ffffff]]`.
pub(super) fn moment(text: &str) -> Option<Moment> {
    let (date, clock) = match text.split_once(' ') {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let date = (
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    );
    let clock = match clock {
        None => (0, 0, 0, 0),
        Some(clock) => {
            let mut parts = clock.splitn(3, ':');
            let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let (second, micro) = seconds_and_micros(parts.next()?)?;
            (hour, minute, second, micro)
        }
    };
    Some(Moment { date, clock })
}

fn seconds_and_micros(text: &str) -> Option<(u8, u32)> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros = format!("{fraction:0<6}").parse().ok()?;
    Some((seconds.parse().ok()?, micros))
}
