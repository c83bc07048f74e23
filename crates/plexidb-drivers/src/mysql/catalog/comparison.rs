//! How MySQL and MariaDB compare the values of a column.
//!
//! Invariant: a type or collation that is not listed is opaque. What is stored otherwise than it is given (floats, fixed
//! binary strings, ENUM, YEAR) is too.

use plexidb_core::Comparison;

/// Types whose values are numbers, stored as they are given or refused.
const NUMBERS: &[&str] = &["tinyint", "smallint", "mediumint", "int", "bigint", "decimal"];
const TEXTS: &[&str] = &["char", "varchar", "tinytext", "text", "mediumtext", "longtext"];
const BYTES: &[&str] = &["varbinary", "tinyblob", "blob", "mediumblob", "longblob"];
/// Collations, without the character set, by which two printable ASCII texts are equal if they differ by case alone.
const CASE_INSENSITIVE: &[&str] = &[
    "general_ci",
    "general_nopad_ci",
    "unicode_ci",
    "unicode_nopad_ci",
    "unicode_520_ci",
    "unicode_520_nopad_ci",
    "0900_ai_ci",
    "uca1400_ai_ci",
    "uca1400_nopad_ci",
];
/// The same, with the character set.
const CASE_INSENSITIVE_WHOLE: &[&str] = &["latin1_swedish_ci", "latin1_general_ci", "ascii_general_ci"];

/// The comparison of a column of this type (`varchar(20)`, `int(11) unsigned`) and collation.
pub(super) fn comparison(column_type: &str, collation: Option<&str>) -> Comparison {
    let word = column_type
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is = |types: &[&str]| types.contains(&word.as_str());
    if is(NUMBERS) {
        return Comparison::Number;
    }
    if is(BYTES) {
        return Comparison::Exact;
    }
    if word == "uuid" {
        return Comparison::Uuid;
    }
    match collation.map(str::to_ascii_lowercase) {
        Some(collation) if is(TEXTS) => of_collation(&collation),
        _ => Comparison::Opaque,
    }
}

fn of_collation(collation: &str) -> Comparison {
    let rule = collation.split_once('_').map_or("", |(_, rule)| rule);
    if rule == "bin" || rule == "nopad_bin" || rule == "0900_bin" {
        // Blanks at the end are cut from what is too long, so that they tell nothing apart even without padding.
        Comparison::Padded
    } else if CASE_INSENSITIVE.contains(&rule) || CASE_INSENSITIVE_WHOLE.contains(&collation) {
        Comparison::CaseInsensitive
    } else {
        Comparison::Opaque
    }
}
