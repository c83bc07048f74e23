//! Conversions between plexidb's temporal types and those of `jiff`.

use super::{Date, OutOfRange, Time, Timestamp};

/// Microseconds from 1970-01-01 to 2000-01-01.
const MICROS_1970_TO_2000: i64 = 946_684_800_000_000;

impl From<jiff::civil::Date> for Date {
    fn from(date: jiff::civil::Date) -> Self {
        let epoch = jiff::civil::date(1970, 1, 1);
        // jiff's dates span less than 20,000 years: the day count fits i32.
        let days = date.duration_since(epoch).as_secs() / 86_400;
        Self::from_unix_days(days as i32)
    }
}

impl TryFrom<Date> for jiff::civil::Date {
    type Error = OutOfRange;

    fn try_from(date: Date) -> Result<Self, OutOfRange> {
        let out_of_range = OutOfRange {
            wanted: "jiff::civil::Date",
        };
        let (year, month, day) = date.ymd().ok_or(out_of_range)?;
        let year = i16::try_from(year).map_err(|_| out_of_range)?;
        // Months and days fit i8: they are at most 12 and 31.
        Self::new(year, month as i8, day as i8).map_err(|_| out_of_range)
    }
}

impl From<jiff::civil::Time> for Time {
    /// Nanoseconds below a microsecond are cut off: no supported database keeps them.
    fn from(time: jiff::civil::Time) -> Self {
        let seconds =
            i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        Self::from_micros(seconds * 1_000_000 + i64::from(time.subsec_nanosecond()) / 1_000)
    }
}

impl TryFrom<Time> for jiff::civil::Time {
    type Error = OutOfRange;

    fn try_from(time: Time) -> Result<Self, OutOfRange> {
        let out_of_range = OutOfRange {
            wanted: "jiff::civil::Time",
        };
        let micros = time.micros();
        if !(0..super::MICROS_PER_DAY).contains(&micros) {
            return Err(out_of_range);
        }
        let seconds = micros / 1_000_000;
        // Within one day every field fits its type.
        Self::new(
            (seconds / 3_600) as i8,
            (seconds / 60 % 60) as i8,
            (seconds % 60) as i8,
            (micros % 1_000_000 * 1_000) as i32,
        )
        .map_err(|_| out_of_range)
    }
}

impl From<jiff::civil::DateTime> for Timestamp {
    fn from(local: jiff::civil::DateTime) -> Self {
        let days = i64::from(Date::from(local.date()).unix_days()) - super::DAYS_1970_TO_2000;
        Self::from_micros_since_2000(days * super::MICROS_PER_DAY + Time::from(local.time()).micros())
    }
}

impl TryFrom<Timestamp> for jiff::civil::DateTime {
    type Error = OutOfRange;

    fn try_from(timestamp: Timestamp) -> Result<Self, OutOfRange> {
        let out_of_range = OutOfRange {
            wanted: "jiff::civil::DateTime",
        };
        let (date, time) = timestamp.parts().ok_or(out_of_range)?;
        let date = jiff::civil::Date::try_from(date).map_err(|_| out_of_range)?;
        Ok(date.to_datetime(time.try_into().map_err(|_| out_of_range)?))
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(instant: jiff::Timestamp) -> Self {
        Self::from_micros_since_2000(instant.as_microsecond() - MICROS_1970_TO_2000)
    }
}

impl TryFrom<Timestamp> for jiff::Timestamp {
    type Error = OutOfRange;

    fn try_from(timestamp: Timestamp) -> Result<Self, OutOfRange> {
        let out_of_range = OutOfRange {
            wanted: "jiff::Timestamp",
        };
        if !timestamp.is_finite() {
            return Err(out_of_range);
        }
        let micros = timestamp
            .micros_since_2000()
            .checked_add(MICROS_1970_TO_2000)
            .ok_or(out_of_range)?;
        Self::from_microsecond(micros).map_err(|_| out_of_range)
    }
}
