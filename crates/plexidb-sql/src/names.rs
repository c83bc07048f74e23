//! Placeholders: named ones into the database's own, and how many values a statement takes.
//!
//! Invariant: no byte outside a placeholder changes; literals, names, comments and casts are never touched.

use plexidb_core::{Dialect, ValueRef};

use crate::scan::{Token, TokenKind, scan};

#[cfg(test)]
mod tests;

/// A statement with the database's own placeholders, made from one with names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedStatement {
    /// The text with native placeholders.
    pub sql: String,
    /// The name whose value belongs to each position.
    pub names: Vec<String>,
}

/// Why named parameters cannot be bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Named and native placeholders stand side by side.
    #[error(
        "the statement mixes named placeholders (\"{named}\") with positional ones (\"{native}\"); use one kind"
    )]
    Mixed {
        /// The first named placeholder, as written.
        named: String,
        /// The first native placeholder, as written.
        native: String,
    },
    /// Named values were given for a statement whose placeholders have no names.
    #[error(
        "the statement has positional placeholders (\"{native}\"), named values were given; write :name instead"
    )]
    Positional {
        /// The first native placeholder, as written.
        native: String,
    },
    /// A placeholder has no value.
    #[error("no value was given for \":{name}\"; given are: {}", listed(given))]
    Missing {
        /// The placeholder's name.
        name: String,
        /// The names that were given.
        given: Vec<String>,
    },
    /// A value has no placeholder.
    #[error(
        "the statement has no placeholder \":{name}\"; it has: {}",
        listed(placeholders)
    )]
    Unused {
        /// The value's name.
        name: String,
        /// The names that the statement has.
        placeholders: Vec<String>,
    },
}

impl NamedStatement {
    /// The values in the order of the positions, from pairs of names and values.
    ///
    /// # Errors
    ///
    /// [`NameError::Missing`] and [`NameError::Unused`].
    pub fn values<'v, C>(&self, given: &[(&str, ValueRef<'v>)]) -> Result<C, NameError>
    where
        C: FromIterator<ValueRef<'v>>,
    {
        if let Some((name, _)) = given
            .iter()
            .find(|(name, _)| !self.names.iter().any(|known| known == name))
        {
            let mut placeholders = self.names.clone();
            placeholders.dedup();
            return Err(NameError::Unused {
                name: (*name).to_owned(),
                placeholders,
            });
        }
        let value = |name: &String| {
            given
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| *value)
                .ok_or_else(|| NameError::Missing {
                    name: name.clone(),
                    given: given.iter().map(|(name, _)| (*name).to_owned()).collect(),
                })
        };
        self.names.iter().map(value).collect()
    }
}

/// Replaces the placeholders `:name` (on SQLite also `@name` and `$name`) by the database's own.
///
/// A name that occurs twice is one value on PostgreSQL and SQLite, and one value for each place on MySQL.
///
/// ```
/// use plexidb_core::Dialect;
/// let bound = plexidb_sql::bind_names("SELECT :id::text, ':id' -- :id", Dialect::Postgres)?;
/// assert_eq!(bound.sql, "SELECT $1::text, ':id' -- :id");
/// assert_eq!(bound.names, ["id"]);
/// # Ok::<(), plexidb_sql::NameError>(())
/// ```
///
/// # Errors
///
/// [`NameError::Mixed`] and [`NameError::Positional`] where there are native placeholders.
pub fn bind_names(sql: &str, dialect: Dialect) -> Result<NamedStatement, NameError> {
    let mut bound = NamedStatement {
        sql: String::with_capacity(sql.len()),
        names: Vec::new(),
    };
    let (mut named, mut native): (Option<Token>, Option<Token>) = (None, None);
    for token in scan(sql, dialect) {
        match token.kind {
            TokenKind::Placeholder => native = native.or(Some(token)),
            TokenKind::NamedPlaceholder => {
                named = named.or(Some(token));
                let name = token.text(sql).get(1..).unwrap_or_default();
                let position = bound.position(name, dialect);
                if dialect == Dialect::Postgres
                    && bound.sql.ends_with(|char: char| {
                        char.is_alphanumeric() || !char.is_ascii() || "_$".contains(char)
                    })
                {
                    // `LIMIT:n` would else become a word with a dollar sign in it.
                    bound.sql.push(' ');
                }
                dialect.push_placeholder(&mut bound.sql, position);
                continue;
            }
            _ => {}
        }
        bound.sql.push_str(token.text(sql));
    }
    let text = |token: Token| token.text(sql).to_owned();
    match (named, native) {
        (Some(named), Some(native)) => Err(NameError::Mixed {
            named: text(named),
            native: text(native),
        }),
        (None, Some(native)) => Err(NameError::Positional { native: text(native) }),
        (_, None) => Ok(bound),
    }
}

impl NamedStatement {
    /// The position of a name, counted from 1; a new one where the name is new or the dialect numbers nothing.
    fn position(&mut self, name: &str, dialect: Dialect) -> usize {
        let known = self.names.iter().position(|known| known == name);
        match known {
            Some(index) if dialect != Dialect::MySql => index + 1,
            _ => {
                self.names.push(name.to_owned());
                self.names.len()
            }
        }
    }
}

/// How many values the database will ask for.
#[must_use]
pub fn placeholder_count(sql: &str, dialect: Dialect) -> usize {
    let mut numbering = Numbering::new(dialect);
    for token in scan(sql, dialect) {
        numbering.number(&token, sql);
    }
    numbering.count()
}

/// Gives each placeholder of a statement the number by which the database binds it.
#[derive(Debug)]
pub(crate) struct Numbering<'a> {
    dialect: Dialect,
    largest: usize,
    names: Vec<(&'a str, usize)>,
}

impl<'a> Numbering<'a> {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            largest: 0,
            names: Vec::new(),
        }
    }

    /// The number of this token's placeholder, counted from 1; `None` where it is none.
    pub(crate) fn number(&mut self, token: &Token, sql: &'a str) -> Option<usize> {
        let text = token.text(sql);
        let number = match token.kind {
            TokenKind::Placeholder => match text.get(1..).unwrap_or_default().parse() {
                Ok(number) => number,
                Err(_) => self.largest + 1,
            },
            // SQLite alone binds names itself, in the order in which they first occur.
            TokenKind::NamedPlaceholder if self.dialect == Dialect::Sqlite => {
                let known = self
                    .names
                    .iter()
                    .find(|(name, _)| *name == text)
                    .map(|(_, number)| *number);
                known.unwrap_or_else(|| {
                    self.names.push((text, self.largest + 1));
                    self.largest + 1
                })
            }
            _ => return None,
        };
        self.largest = self.largest.max(number);
        Some(number)
    }

    pub(crate) fn count(&self) -> usize {
        self.largest
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
