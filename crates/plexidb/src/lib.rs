//! The database acceleration layer.
