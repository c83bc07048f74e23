//! What a write touches.
//!
//! Invariant: for each key of a table a write touches the value of every row that it changes, or the rows of unknown value;
//! and always the table.

#[cfg(feature = "planted-faults")]
use plexidb_core::planted::{self, Fault};
use plexidb_core::{Comparison, Facet, KeySpace, Place, Tag, ValueRef};

use super::{PinnedKey, PinnedValue, Precision, TagList, parameter, place_of};

/// What is known of the key's values in the rows that are written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TouchedKey {
    /// One of these values, in all of them.
    Pinned(PinnedKey),
    /// Each a row of values, in a statement that lists its rows.
    Listed(Vec<PinnedKey>),
    /// Nothing.
    Unknown,
}

/// A key of a table that is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyTouch {
    pub(crate) space: KeySpace,
    pub(crate) facets: Vec<Facet>,
    pub(crate) key: TouchedKey,
    /// Whether running the statement tells them: see [`Learning`].
    pub(crate) is_learnt: bool,
}

/// A table that is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableTouch {
    /// For people: the table, the keys and what is done to it.
    pub(crate) label: String,
    /// `T.all`.
    pub(crate) all: Tag,
    /// Whether nothing more is known: it touches `T.all`.
    pub(crate) is_unbounded: bool,
    /// The whole table.
    pub(crate) table: Place,
    pub(crate) facets: Vec<Facet>,
    pub(crate) keys: Vec<KeyTouch>,
}

/// A key of the target whose values the statement can be made to return.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyImage {
    pub(crate) space: KeySpace,
    /// Position among the added columns, and rule, of each of the key's columns.
    pub(crate) columns: Vec<(usize, Comparison)>,
    pub(crate) facets: Vec<Facet>,
}

/// How to learn the keys that the text does not tell: the statement with a RETURNING list that is extended.
#[derive(Clone, Debug, PartialEq)]
pub struct Learning {
    /// Empty until the statement's text is given.
    pub(crate) sql: String,
    pub(crate) columns: Vec<String>,
    pub(crate) added_columns: usize,
    pub(crate) images: Vec<KeyImage>,
    /// The query that tells the keys, where the statement itself cannot be made to: then `sql` is empty.
    pub(crate) lookup: Option<Lookup>,
}

/// A query by the unique key that pins the rows of an UPDATE, sent after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    pub(crate) sql: String,
    pub(crate) values: Vec<PinnedValue>,
    pub(crate) guards: Vec<Tag>,
}

/// What a write touches, before its parameters are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritePlan {
    pub(crate) tables: Vec<TableTouch>,
    pub(crate) learning: Option<Learning>,
    pub(crate) precision: Precision,
    /// See [`is_void_without_rows`](Self::is_void_without_rows).
    pub(crate) is_void_without_rows: bool,
}

/// What one execution of a write touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// These in any case.
    pub certain: TagList,
    /// These while the keys of the rows are not known; once they are learnt, they turn out not to be touched.
    pub precaution: TagList,
}

impl Touched {
    /// The whole database.
    #[must_use]
    pub fn of_database() -> Self {
        Self {
            certain: TagList::from_slice(&[Tag::DATABASE]),
            precaution: TagList::new(),
        }
    }

    /// All tags, whether certain or not.
    pub fn all(&self) -> impl Iterator<Item = Tag> {
        self.certain.iter().chain(&self.precaution).copied()
    }
}

impl WritePlan {
    /// What the write with these parameters touches.
    #[must_use]
    pub fn touched(&self, params: &[ValueRef<'_>]) -> Touched {
        let mut touched = Touched::default();
        if self.precision == Precision::Table {
            touched.certain.extend(self.tables.iter().map(|table| table.all));
            return touched;
        }
        for table in &self.tables {
            table.add(params, &mut touched);
        }
        touched
    }

    /// How to learn the keys of the rows that the text does not tell; `None` where that cannot be, or where there is
    /// nothing to learn.
    #[must_use]
    pub fn learning(&self) -> Option<&Learning> {
        let is_told = |learning: &&Learning| learning.lookup.is_some() || !learning.sql.is_empty();
        let learning = self.learning.as_ref().filter(is_told);
        learning.filter(|_| self.precision != Precision::Table)
    }

    /// Whether the statement has changed nothing where the database reports that it affected no row: it writes one table, and
    /// no trigger acts on the statement as such.
    #[must_use]
    pub fn is_void_without_rows(&self) -> bool {
        self.is_void_without_rows
    }

    /// The tables' `T.all` tags: on these every read depends, so that they stand for all that the write touches, whatever
    /// its parameters.
    pub fn all_tags(&self) -> impl Iterator<Item = Tag> {
        self.tables.iter().map(|table| table.all)
    }

    /// For people: one line a table, telling what is done to it.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| &*table.label)
    }

    /// The plan with less precision; see [`Precision`].
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }
}

impl TableTouch {
    fn add(&self, params: &[ValueRef<'_>], touched: &mut Touched) {
        if self.is_unbounded {
            touched.certain.push(self.all);
            return;
        }
        add(self.table, &self.facets, &mut touched.certain);
        for key in &self.keys {
            #[cfg(feature = "planted-faults")]
            if planted::is(Fault::ForgetOldKey) && self.moves(key) {
                continue;
            }
            key.add(params, touched);
        }
    }
}

#[cfg(feature = "planted-faults")]
impl TableTouch {
    /// Whether this is the old value of a key whose new one comes later in the list.
    fn moves(&self, key: &KeyTouch) -> bool {
        let last = self.keys.iter().rfind(|other| other.space == key.space);
        last.is_some_and(|last| !std::ptr::eq(last, key))
    }
}

impl KeyTouch {
    fn add(&self, params: &[ValueRef<'_>], touched: &mut Touched) {
        let listed = match &self.key {
            TouchedKey::Pinned(key) => std::slice::from_ref(key),
            TouchedKey::Listed(keys) => keys.as_slice(),
            TouchedKey::Unknown => {
                #[cfg(feature = "planted-faults")]
                if planted::is(Fault::ForgetUnknownKeys) {
                    return;
                }
                let tags = if self.is_learnt {
                    &mut touched.precaution
                } else {
                    &mut touched.certain
                };
                return add(self.space.unknown(), &self.facets, tags);
            }
        };
        for key in listed {
            match key.places(params) {
                Some(places) => {
                    for place in places {
                        add(place, &self.facets, &mut touched.certain);
                    }
                }
                None => add(self.space.unknown(), &self.facets, &mut touched.certain),
            }
        }
    }
}

impl Learning {
    /// The statement to run instead: it returns the keys in columns after those of its own.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The query to send after the statement, which is then run as it is; `None` where [`sql`](Self::sql) tells the keys.
    #[must_use]
    pub fn lookup(&self) -> Option<&Lookup> {
        self.lookup.as_ref()
    }

    /// How many columns at the end of each row are not the user's.
    #[must_use]
    pub fn added_columns(&self) -> usize {
        self.added_columns
    }

    /// Adds the tags of a row that was written, by its added columns.
    pub fn add_tags(&self, added: &[ValueRef<'_>], tags: &mut TagList) {
        for image in &self.images {
            let hashes = image
                .columns
                .iter()
                .map(|(position, comparison)| comparison.hash(*added.get(*position)?));
            let place = place_of(image.space, hashes).unwrap_or_else(|| image.space.unknown());
            add(place, &image.facets, tags);
        }
    }
}

impl Lookup {
    /// The query; it returns nothing but the keys.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Its parameters, by those of the statement; `None` where one is missing there.
    #[must_use]
    pub fn params<'a>(&'a self, params: &[ValueRef<'a>]) -> Option<Vec<ValueRef<'a>>> {
        let value = |value: &'a PinnedValue| match value {
            PinnedValue::Parameter(index) | PinnedValue::ParameterUnlessNull(index) => {
                parameter(params, *index)
            }
            PinnedValue::Constant(value) => Some(value.as_ref()),
        };
        self.values.iter().map(value).collect()
    }

    /// Tags that are to hold from before the statement until the query's answer. While they do, no row was given another
    /// value of the unique key, so that the query finds the rows that the statement has changed: all of them but
    /// those that somebody has deleted or moved to another key since, which touches every column at the old key.
    #[must_use]
    pub fn guards(&self) -> &[Tag] {
        &self.guards
    }
}

fn add(place: Place, facets: &[Facet], tags: &mut TagList) {
    tags.extend(facets.iter().map(|facet| place.tag(*facet)));
}
