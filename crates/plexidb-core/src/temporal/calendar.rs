//! Calendar arithmetic and the ISO text forms.
//!
//! The day-count algorithms are those of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013).

use std::fmt::{self, Formatter};

use super::Interval;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Days since 1970-01-01 of a civil date, or `None` where month or day do not exist.
pub(super) fn days_from_civil(year: i32, month: u8, day: u8) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let (month, day) = (i64::from(month), i64::from(day));
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Year, month and day of a count of days since 1970-01-01 that fits `i32`.
pub(super) fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    // The year of a day count within i32 is below 5,900,000, so that no cast loses anything.
    (year as i32, month as u8, day as u8)
}

/// Writes `YYYY-MM-DD` and returns the era's suffix: empty, or ` BC`.
pub(super) fn write_date(f: &mut Formatter<'_>, days: i64) -> Result<&'static str, fmt::Error> {
    let (year, month, day) = civil_from_days(days);
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    write!(f, "{year:04}-{month:02}-{day:02}")?;
    Ok(era)
}

/// Writes `[-]HH:MM:SS[.ffffff]`.
pub(super) fn write_clock(f: &mut Formatter<'_>, micros: i64) -> fmt::Result {
    if micros < 0 {
        f.write_str("-")?;
    }
    let micros = micros.unsigned_abs();
    let seconds = micros / MICROS_PER_SECOND;
    write!(
        f,
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )?;
    let mut fraction = micros % MICROS_PER_SECOND;
    if fraction == 0 {
        return Ok(());
    }
    let mut width = 6;
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    write!(f, ".{fraction:0width$}")
}

/// Writes `±HH[:MM[:SS]]`.
pub(super) fn write_offset(f: &mut Formatter<'_>, offset_seconds: i32) -> fmt::Result {
    let sign = if offset_seconds < 0 { '-' } else { '+' };
    let offset = offset_seconds.unsigned_abs();
    write!(f, "{sign}{:02}", offset / 3_600)?;
    if !offset.is_multiple_of(3_600) {
        write!(f, ":{:02}", offset / 60 % 60)?;
    }
    if !offset.is_multiple_of(60) {
        write!(f, ":{:02}", offset % 60)?;
    }
    Ok(())
}

/// Writes PostgreSQL's default interval form (`IntervalStyle = postgres`).
pub(super) fn write_interval(f: &mut Formatter<'_>, interval: Interval) -> fmt::Result {
    let (years, months) = (interval.months / 12, interval.months % 12);
    let mut is_first = true;
    let mut was_negative = false;
    for (count, unit) in [(years, "year"), (months, "mon"), (interval.days, "day")] {
        if count == 0 {
            continue;
        }
        let space = if is_first { "" } else { " " };
        // After a negative field PostgreSQL writes the sign of a positive one.
        let plus = if was_negative && count > 0 { "+" } else { "" };
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{space}{plus}{count} {unit}{plural}")?;
        is_first = false;
        was_negative = count < 0;
    }
    if interval.micros != 0 || is_first {
        let space = if is_first { "" } else { " " };
        let plus = if was_negative && interval.micros > 0 {
            "+"
        } else {
            ""
        };
        write!(f, "{space}{plus}")?;
        write_clock(f, interval.micros)?;
    }
    Ok(())
}
