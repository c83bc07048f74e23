//! What a result depends on.
//!
//! Invariant: `always` alone is enough for a result without rows together with `unless_found`; keys from the result only
//! ever take the place of their guards.

use plexidb_core::{Comparison, Facet, KeySpace, Place, Tag, ValueRef};

use super::{PinnedKey, Precision, TagList};

/// Whether a row that is inserted changes the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InsertNeed {
    /// It may.
    Always,
    /// Not if the result has a row: it is the only one that can be.
    UnlessFound,
    /// It cannot.
    Never,
}

/// A table that a statement reads, in one place of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableRead {
    /// For people: the table, the key and what is read of it.
    pub(crate) label: String,
    /// `T.all`.
    pub(crate) all: Tag,
    /// The whole table.
    pub(crate) table: Place,
    /// The columns that are read, `DELETE` alone where none is; the key's own are among them, since values that are equal
    /// in the eyes of the database need not be the same.
    pub(crate) facets: Vec<Facet>,
    pub(crate) insert: InsertNeed,
    /// The key to which it is pinned, where it is.
    pub(crate) key: Option<PinnedKey>,
    /// What is read of the rows of the result alone, and decides neither which they are nor their order.
    pub(crate) shown: Option<ShownColumns>,
}

/// Columns that a result merely shows: a change of them matters in the rows of the result, whose keys it tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownColumns {
    pub(crate) facets: Vec<Facet>,
    pub(crate) key: FollowedKey,
}

/// A unique key whose values the result holds, so that the rows which it was made of are known by it.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowedKey {
    /// The column of the result that holds the key.
    pub(crate) column: usize,
    pub(crate) comparison: Comparison,
    pub(crate) space: KeySpace,
    /// The columns that are read; `DELETE` alone where none is.
    pub(crate) facets: Vec<Facet>,
    /// Whether a row that comes for a key of the result changes it (outer joins).
    pub(crate) needs_insert: bool,
    /// Whether a NULL in the result stands for no row.
    pub(crate) is_null_nothing: bool,
}

/// A table whose rows the result itself names: joined by equality on its unique key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JoinedTable {
    pub(crate) label: String,
    pub(crate) all: Tag,
    pub(crate) key: FollowedKey,
    /// Tags of the whole table on which the result depends besides: where a row that is missing may come.
    pub(crate) missing: Vec<Tag>,
    /// What of the whole table the result depends on where the key cannot be used.
    pub(crate) guards: Vec<Tag>,
}

/// What a result depends on, before its parameters are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadPlan {
    pub(crate) tables: Vec<TableRead>,
    pub(crate) joined: Vec<JoinedTable>,
}

/// What the result of one execution depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Rows of unknown key (`=?`), which a write may hold as a precaution: their stamps must be looked at first.
    pub unknown: Dependence,
    /// All others, the whole database included.
    pub known: Dependence,
    /// One for each of the plan's [`followed`](ReadPlan::followed) keys.
    pub guards: Vec<Guard>,
}

/// What a result depends on where a key that it holds cannot be used: all rows that the key could lead to.
///
/// It is captured before the query. If it still holds after the tags of the result's keys were captured, no write of any of
/// these rows was in flight meanwhile, and those are as good as captured before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Rows of unknown key; see [`Dependencies::unknown`].
    pub unknown: TagList,
    /// All others.
    pub known: TagList,
}

/// Tags on which a result depends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependence {
    /// In any case.
    pub always: TagList,
    /// Unless the result has a row.
    pub unless_found: TagList,
}

impl Dependencies {
    /// All tags.
    pub fn all(&self) -> impl Iterator<Item = Tag> {
        let parts = [&self.unknown, &self.known].into_iter();
        parts.flat_map(|part| part.always.iter().chain(&part.unless_found).copied())
    }
}

impl ReadPlan {
    /// What the result with these parameters depends on, the whole database included. What [`followed`](Self::followed) adds
    /// is known only when the result is.
    #[must_use]
    pub fn dependencies(&self, params: &[ValueRef<'_>]) -> Dependencies {
        let mut found = Dependencies::default();
        found.known.always.push(Tag::DATABASE);
        for table in &self.tables {
            table.add(params, &mut found);
        }
        for joined in &self.joined {
            found.known.always.push(joined.all);
            found.known.always.extend_from_slice(&joined.missing);
            joined
                .key
                .add(joined.key.space.unknown(), &mut found.unknown.always);
            found.guards.push(Guard {
                unknown: TagList::new(),
                known: TagList::from_slice(&joined.guards),
            });
        }
        for (table, shown) in self.shown() {
            shown
                .key
                .add(shown.key.space.unknown(), &mut found.unknown.always);
            found.guards.push(table.guard(&shown.facets, params));
        }
        found
    }

    /// The keys that the result names.
    pub fn followed(&self) -> impl Iterator<Item = &FollowedKey> {
        let joined = self.joined.iter().map(|joined| &joined.key);
        joined.chain(self.shown().map(|(_, shown)| &shown.key))
    }

    fn shown(&self) -> impl Iterator<Item = (&TableRead, &ShownColumns)> {
        let tables = self.tables.iter();
        tables.filter_map(|table| Some((table, table.shown.as_ref()?)))
    }

    /// For people: one line a table, telling what of it is read.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        let tables = self.tables.iter().map(|table| &*table.label);
        tables.chain(self.joined.iter().map(|joined| &*joined.label))
    }

    /// The plan with less precision; see [`Precision`].
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        match precision {
            Precision::Row => {}
            Precision::RowWithoutColumns => {
                for table in &mut self.tables {
                    table.facets = match table.shown.take() {
                        Some(_) => vec![Facet::ANY_COLUMN],
                        None => without_columns(&table.facets),
                    };
                }
                for joined in &mut self.joined {
                    joined.key.facets = without_columns(&joined.key.facets);
                }
            }
            Precision::Table => {
                let joined = std::mem::take(&mut self.joined);
                let all = self.tables.iter().map(|table| table.all);
                let all: Vec<Tag> = all.chain(joined.iter().map(|joined| joined.all)).collect();
                let labels: Vec<String> = self.labels().map(str::to_owned).collect();
                self.tables = all
                    .into_iter()
                    .zip(labels)
                    .map(|(all, label)| TableRead::of_all(label, all))
                    .collect();
            }
        }
        self
    }
}

/// Any column stands for all of them: every update touches it.
fn without_columns(facets: &[Facet]) -> Vec<Facet> {
    match facets {
        [] | [Facet::DELETE] => facets.to_vec(),
        _ => vec![Facet::ANY_COLUMN],
    }
}

impl TableRead {
    /// A read that only `T.all` invalidates.
    fn of_all(label: String, all: Tag) -> Self {
        Self {
            label,
            all,
            table: Place::table("", ""),
            facets: Vec::new(),
            insert: InsertNeed::Never,
            key: None,
            shown: None,
        }
    }

    /// These facets of all rows that may be in the result.
    fn guard(&self, facets: &[Facet], params: &[ValueRef<'_>]) -> Guard {
        let mut guard = Guard::default();
        let add =
            |place: Place, tags: &mut TagList| tags.extend(facets.iter().map(|facet| place.tag(*facet)));
        match self.key.as_ref().map(|key| (key, key.places(params))) {
            Some((key, Some(places))) => {
                places.into_iter().for_each(|place| add(place, &mut guard.known));
                add(key.space.unknown(), &mut guard.unknown);
            }
            Some((_, None)) | None => add(self.table, &mut guard.known),
        }
        guard
    }

    fn add(&self, params: &[ValueRef<'_>], found: &mut Dependencies) {
        found.known.always.push(self.all);
        let places = self.key.as_ref().map(|key| (key, key.places(params)));
        match places {
            Some((key, Some(places))) => {
                for place in places {
                    self.add_place(place, &self.facets, self.insert, &mut found.known);
                }
                self.add_place(key.space.unknown(), &self.facets, self.insert, &mut found.unknown);
            }
            // The value cannot be told apart from others: a row may be equal in the eyes of the database.
            Some((_, None)) => {
                self.add_place(self.table, &self.facets, InsertNeed::Always, &mut found.known);
            }
            None => self.add_place(self.table, &self.facets, self.insert, &mut found.known),
        }
    }

    fn add_place(&self, place: Place, facets: &[Facet], insert: InsertNeed, found: &mut Dependence) {
        found.always.extend(facets.iter().map(|facet| place.tag(*facet)));
        match insert {
            InsertNeed::Always => found.always.push(place.tag(Facet::INSERT)),
            InsertNeed::UnlessFound => found.unless_found.push(place.tag(Facet::INSERT)),
            InsertNeed::Never => {}
        }
    }
}

impl FollowedKey {
    /// Most keys that a result is followed by; with more of them it depends on its [`Guard`].
    pub const KEYS_MAX: usize = 64;

    /// The column of the result, counted from 0, whose values are the keys.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// Adds the tags of a key that the result holds; `false` where it cannot be told apart from others, so that the
    /// result depends on the [`Guard`].
    #[must_use]
    pub fn add_tags(&self, value: ValueRef<'_>, tags: &mut TagList) -> bool {
        if value == ValueRef::Null {
            return self.is_null_nothing;
        }
        let Some(hash) = self.comparison.hash(value) else {
            return false;
        };
        self.add(self.space.at(hash), tags);
        true
    }

    fn add(&self, place: Place, tags: &mut TagList) {
        tags.extend(self.facets.iter().map(|facet| place.tag(*facet)));
        if self.needs_insert {
            tags.push(place.tag(Facet::INSERT));
        }
    }
}
