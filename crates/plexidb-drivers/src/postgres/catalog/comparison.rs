//! How PostgreSQL compares the values of a column.
//!
//! Invariant: a type that is not listed is opaque, and so are domains, whose names are their own.

use plexidb_core::Comparison;

/// The comparison of a column of this type, as `format_type` writes it; `is_deterministic` says it of the collation.
pub(super) fn comparison(type_name: &str, is_deterministic: bool) -> Comparison {
    let word = type_name.split('(').next().unwrap_or_default();
    match word {
        "smallint" | "integer" | "bigint" | "boolean" => Comparison::Number,
        // A negative scale rounds what is stored.
        "numeric" if !type_name.contains('-') => Comparison::Number,
        "bytea" => Comparison::Exact,
        "uuid" => Comparison::Uuid,
        "text" if is_deterministic => Comparison::Exact,
        // Blanks at the end are cut from what is too long.
        "character" | "character varying" if is_deterministic => Comparison::Padded,
        _ => Comparison::Opaque,
    }
}
