//! Dates, times and intervals with the full range of the databases, beyond that of any calendar library.
//!
//! Invariant: what a server can store, these types hold without loss; conversions to `jiff` types fail with
//! [`OutOfRange`] where the value has no counterpart there.

use std::fmt;

mod calendar;
mod convert;
#[cfg(test)]
mod tests;

use calendar::{civil_from_days, write_clock, write_date};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Days from 1970-01-01 to 2000-01-01.
const DAYS_1970_TO_2000: i64 = 10_957;

/// A value that has no counterpart in the wanted type: infinite, or beyond its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is infinite or beyond the range of {wanted}; read it as text or as plexidb's own type")]
pub struct OutOfRange {
    /// The type that was wanted.
    pub wanted: &'static str,
}

/// A calendar date of the proleptic Gregorian calendar, or ±infinity (PostgreSQL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(i32);

impl Date {
    /// Later than every date.
    pub const INFINITY: Self = Self(i32::MAX);
    /// Earlier than every date.
    pub const NEG_INFINITY: Self = Self(i32::MIN);

    /// The date so many days after 1970-01-01.
    #[must_use]
    pub const fn from_unix_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01; the infinities are the extremes of `i32`.
    #[must_use]
    pub const fn unix_days(self) -> i32 {
        self.0
    }

    /// The date with this year (astronomical: 0 is 1 BC), month and day, or `None` if there is none.
    #[must_use]
    pub fn from_ymd(year: i32, month: u8, day: u8) -> Option<Self> {
        calendar::days_from_civil(year, month, day)
            .and_then(|days| i32::try_from(days).ok())
            .map(Self)
    }

    /// Year (astronomical), month and day; `None` for the infinities.
    #[must_use]
    pub fn ymd(self) -> Option<(i32, u8, u8)> {
        self.is_finite().then(|| civil_from_days(i64::from(self.0)))
    }

    /// Whether this is a date and not an infinity.
    #[must_use]
    pub fn is_finite(self) -> bool {
        self != Self::INFINITY && self != Self::NEG_INFINITY
    }
}

impl fmt::Display for Date {
    /// PostgreSQL's ISO form: `2024-02-29`, `0044-03-15 BC`, `infinity`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::INFINITY => f.write_str("infinity"),
            Self::NEG_INFINITY => f.write_str("-infinity"),
            Self(days) => {
                let era = write_date(f, i64::from(days))?;
                f.write_str(era)
            }
        }
    }
}

/// A time of day, or MariaDB's signed `TIME` of up to 838 hours; in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(i64);

impl Time {
    /// The time so many microseconds after midnight (negative for MariaDB's negative durations).
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds after midnight.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Time {
    /// `[-]HH:MM:SS[.ffffff]`, without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_clock(f, self.0)
    }
}

/// A time of day with its offset from UTC (PostgreSQL's `timetz`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeTz {
    /// The local time.
    pub time: Time,
    /// Seconds east of UTC.
    pub offset_seconds: i32,
}

impl fmt::Display for TimeTz {
    /// `HH:MM:SS[.ffffff]±HH[:MM[:SS]]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.time)?;
        calendar::write_offset(f, self.offset_seconds)
    }
}

/// A point in time or a local date and time, in microseconds since 2000-01-01 00:00:00, or ±infinity.
///
/// The year 2000 is PostgreSQL's own epoch: that of Unix could not hold PostgreSQL's latest timestamps.
/// Whether it is an instant (UTC) or local is told by the variant of [`Value`](crate::Value).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Later than every timestamp.
    pub const INFINITY: Self = Self(i64::MAX);
    /// Earlier than every timestamp.
    pub const NEG_INFINITY: Self = Self(i64::MIN);

    /// The timestamp so many microseconds after 2000-01-01 00:00:00.
    #[must_use]
    pub const fn from_micros_since_2000(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 2000-01-01 00:00:00; the infinities are the extremes of `i64`.
    #[must_use]
    pub const fn micros_since_2000(self) -> i64 {
        self.0
    }

    /// The timestamp with this date and time of day, or `None` beyond the range.
    #[must_use]
    pub fn from_parts(date: Date, time: Time) -> Option<Self> {
        let days = i64::from(date.unix_days()) - DAYS_1970_TO_2000;
        days.checked_mul(MICROS_PER_DAY)?
            .checked_add(time.micros())
            .map(Self)
    }

    /// The date and the time of day; `None` for the infinities.
    #[must_use]
    pub fn parts(self) -> Option<(Date, Time)> {
        if !self.is_finite() {
            return None;
        }
        let days = self.0.div_euclid(MICROS_PER_DAY) + DAYS_1970_TO_2000;
        let date = i32::try_from(days).ok().map(Date)?;
        Some((date, Time(self.0.rem_euclid(MICROS_PER_DAY))))
    }

    /// Whether this is a timestamp and not an infinity.
    #[must_use]
    pub fn is_finite(self) -> bool {
        self != Self::INFINITY && self != Self::NEG_INFINITY
    }
}

impl fmt::Display for Timestamp {
    /// PostgreSQL's ISO form without a zone: `2024-02-29 12:30:00.5`, `0044-03-15 00:00:00 BC`, `infinity`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (*self, self.parts()) {
            (_, Some((date, time))) => {
                let era = write_date(f, i64::from(date.unix_days()))?;
                write!(f, " {time}{era}")
            }
            (Self::NEG_INFINITY, None) => f.write_str("-infinity"),
            (_, None) => f.write_str("infinity"),
        }
    }
}

/// A span of months, days and microseconds, which PostgreSQL keeps apart since their lengths vary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Whole months.
    pub months: i32,
    /// Whole days.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

impl fmt::Display for Interval {
    /// PostgreSQL's default form: `1 year 2 mons -3 days +04:05:06.7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        calendar::write_interval(f, *self)
    }
}
