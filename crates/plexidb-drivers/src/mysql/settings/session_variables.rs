//! The URL's own settings of a session: `session_variables=idle_transaction_timeout=30,lock_wait_timeout=5`.
//!
//! Invariant: a name is one of letters, digits and underscores, and a value is a number or goes in quotes that it cannot
//! leave. What the driver relies on cannot be set.

use std::fmt::Write;

use plexidb_core::DriverError;

use crate::url::invalid;

#[cfg(test)]
mod tests;

/// Variables that the driver sets, or from which the analysis of statements and transactions concludes.
const RESERVED: [&str; 11] = [
    "time_zone",
    "autocommit",
    "sql_mode",
    "names",
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "collation_connection",
    "tx_isolation",
    "transaction_isolation",
    "max_allowed_packet",
];

/// The assignments to be appended to a SET statement, each behind a comma.
pub(super) fn assignments(value: &str) -> Result<String, DriverError> {
    let mut assignments = String::new();
    for pair in value.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| invalid(format!("session_variables: write {pair}=VALUE")))?;
        let (name, value) = (name.trim(), value.trim());
        check(name, value)?;
        let written = if value.parse::<f64>().is_ok_and(f64::is_finite) {
            write!(assignments, ", SESSION {name} = {value}")
        } else {
            write!(assignments, ", SESSION {name} = '{value}'")
        };
        written.map_err(|error| invalid(error.to_string()))?;
    }
    Ok(assignments)
}

fn check(name: &str, value: &str) -> Result<(), DriverError> {
    let is_word = |text: &str, more: &str| {
        let is_fit = |character: char| character.is_ascii_alphanumeric() || more.contains(character);
        !text.is_empty() && text.chars().all(is_fit)
    };
    if !is_word(name, "_") {
        return Err(invalid(format!(
            "session_variables: \"{name}\" is no variable's name"
        )));
    }
    if RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
    {
        return Err(invalid(format!(
            "session_variables: plexidb relies on {name} as it sets or finds it; leave it out"
        )));
    }
    if !is_word(value, "_.-+") {
        return Err(invalid(format!(
            "session_variables: the value of {name} may have letters, digits and the characters _ . - + alone"
        )));
    }
    Ok(())
}
