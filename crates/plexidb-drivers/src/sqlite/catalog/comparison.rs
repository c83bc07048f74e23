//! How SQLite compares the values of a column: by the affinity of its declared type (<https://www.sqlite.org/datatype3.html>,
//! section 3.1) and its collation.
//!
//! Invariant: a collation of an application is opaque, and so are floats, in which integers may lose digits.

use plexidb_core::Comparison;

/// The comparison of a column of this declared type and collation (`None`: BINARY).
pub(super) fn comparison(declared: &str, collation: Option<&str>) -> Comparison {
    let declared = declared.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    if has(&["INT"]) {
        return Comparison::Number;
    }
    if has(&["CHAR", "CLOB", "TEXT"]) || declared.is_empty() || has(&["BLOB"]) {
        return match collation.map(str::to_ascii_uppercase).as_deref() {
            None | Some("BINARY") => Comparison::Exact,
            Some("NOCASE") => Comparison::CaseInsensitive,
            Some("RTRIM") => Comparison::Padded,
            Some(_) => Comparison::Opaque,
        };
    }
    if has(&["REAL", "FLOA", "DOUB"]) {
        return Comparison::Opaque;
    }
    Comparison::Number
}
