//! Named parameters into positional ones.

use std::borrow::Cow;

use plexidb_core::{Dialect, Params, ValueRef};
use smallvec::SmallVec;

use crate::error::Error;

/// A statement with native placeholders and its values in their order.
pub(crate) struct Bound<'a> {
    pub(crate) sql: Cow<'a, str>,
    pub(crate) values: SmallVec<[ValueRef<'a>; 8]>,
}

/// Puts the values in the order of the placeholders.
///
/// # Errors
///
/// [`Error::Names`] where a placeholder has no value, or a value no placeholder.
pub(crate) fn bind<'a>(sql: &'a str, params: Params<'a>, dialect: Dialect) -> Result<Bound<'a>, Error> {
    match params {
        Params::Positional(values) => Ok(Bound {
            sql: Cow::Borrowed(sql),
            values: values.into(),
        }),
        Params::Named(given) => {
            let named = plexidb_sql::bind_names(sql, dialect)?;
            let values = named.values(given)?;
            Ok(Bound {
                sql: Cow::Owned(named.sql),
                values,
            })
        }
    }
}
