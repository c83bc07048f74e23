//! The options behind a URL's question mark: parsing, typed reading, and a guess for what is misspelt.

use std::fmt::Display;
use std::str::FromStr;

use plexidb_core::DriverError;

use super::{decode, invalid};

/// Parses `name=value&name=value`, in order.
pub(super) fn parse(query: &str) -> Result<Vec<(String, String)>, DriverError> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, "the name of an option")?;
            let value = decode(value, &format!("the option {name}"))?;
            Ok((name, value))
        })
        .collect()
}

/// Whether an option's value must not be shown.
pub(super) fn is_secret(name: &str) -> bool {
    name.to_ascii_lowercase().contains("pass")
}

/// The known name that is meant most likely: at most a third of its letters differ.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    known
        .iter()
        .map(|candidate| (strsim::osa_distance(&name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The error for an option that the driver does not know.
pub(super) fn unknown(name: &str, known: &[&str]) -> DriverError {
    let guess = match nearest(name, known) {
        Some(guess) => format!("did you mean {guess}?"),
        None => format!("the known options are {}", known.join(", ")),
    };
    invalid(format!("unknown option \"{name}\"; {guess}"))
}

/// Reads a switch: `on`, `true`, `yes`, `1`, or `off`, `false`, `no`, `0`.
pub(crate) fn parse_bool(name: &str, value: &str) -> Result<bool, DriverError> {
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err(invalid(format!("{name}={value} is neither on nor off"))),
    }
}

/// Reads a number within its type's range; `unit` is for the message.
pub(crate) fn parse_number<T: FromStr<Err: Display>>(
    name: &str,
    value: &str,
    unit: &str,
) -> Result<T, DriverError> {
    value
        .parse()
        .map_err(|error| invalid(format!("{name}={value} is no number of {unit} ({error})")))
}

/// Reads one of some words.
pub(crate) fn parse_choice<T: Copy>(
    name: &str,
    value: &str,
    choices: &[(&str, T)],
) -> Result<T, DriverError> {
    let lower = value.to_ascii_lowercase();
    choices
        .iter()
        .find(|(word, _)| *word == lower)
        .map(|(_, choice)| *choice)
        .ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            invalid(format!("{name}={value} is none of {}", words.join(", ")))
        })
}
