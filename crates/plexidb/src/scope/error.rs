//! Why a security scope cannot be.
//!
//! Invariant: no message tells a value.

use plexidb_core::Dialect;

use super::settings::{SETTINGS_MAX, VALUE_BYTES_MAX};

/// Why a security scope was refused. Values are never told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The database has no row-level security.
    #[error(
        "{dialect:?} has no row-level security, so that a security scope would protect nothing: put the condition into the \
         statement"
    )]
    Unsupported {
        /// The database's dialect.
        dialect: Dialect,
    },
    /// The name is none of a session variable that an application may define.
    #[error(
        "\"{name}\" is no name of a session variable of your own: write two or more names with dots between them, such as \
         app.tenant, of ASCII letters, digits and underscores, each with at most 63 characters"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The value is too long, or holds a NUL byte.
    #[error(
        "the value of {name} is not usable: it must have at most {VALUE_BYTES_MAX} bytes and no NUL among them"
    )]
    Value {
        /// The name of the variable.
        name: String,
    },
    /// The scope has too many variables.
    #[error("a security scope sets at most {SETTINGS_MAX} session variables")]
    TooMany,
}
