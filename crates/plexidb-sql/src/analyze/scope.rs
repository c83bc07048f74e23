//! Common table expressions: which names they bind, and where.
//!
//! Invariant: a name counts as bound only where every version of the database binds it; where in doubt it may be both.

use plexidb_core::Dialect;
use sqlparser::ast::Query;

use super::text::fold;

/// What a relation's name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A common table expression.
    Cte,
    /// A table or a common table expression, depending on the database's version or settings.
    Either,
    /// A table or view.
    Table,
}

/// The queries around the place that is being visited, outermost first.
pub(super) struct Scopes {
    dialect: Dialect,
    frames: Vec<Frame>,
}

/// The names that one query's WITH binds.
struct Frame {
    is_recursive: bool,
    names: Vec<(String, *const Query)>,
    /// The expression that is being visited; the query's body comes after the last.
    current: usize,
}

impl Scopes {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            frames: Vec::new(),
        }
    }

    pub(super) fn enter(&mut self, query: &Query) {
        if let Some(frame) = self.frames.last_mut()
            && let Some(index) = frame.index_of(query)
        {
            frame.current = index;
        }
        let mut frame = Frame {
            is_recursive: false,
            names: Vec::new(),
            current: 0,
        };
        if let Some(with) = &query.with {
            frame.is_recursive = with.recursive;
            for cte in &with.cte_tables {
                let ident = &cte.alias.name;
                let is_quoted = ident.quote_style.is_some();
                let name = if is_quoted {
                    ident.value.clone()
                } else {
                    fold(&ident.value, self.dialect)
                };
                frame.names.push((name, std::ptr::from_ref(&*cte.query)));
            }
        }
        self.frames.push(frame);
    }

    pub(super) fn leave(&mut self, query: &Query) {
        self.frames.pop();
        if let Some(frame) = self.frames.last_mut()
            && let Some(index) = frame.index_of(query)
        {
            frame.current = index + 1;
        }
    }

    /// What an unqualified name means here.
    pub(super) fn meaning(&self, name: &str) -> Meaning {
        let mut meaning = Meaning::Table;
        for frame in self.frames.iter().rev() {
            for (index, (bound, _)) in frame.names.iter().enumerate() {
                let found = match self.is_same(bound, name) {
                    Some(true) => frame.meaning(index, self.dialect),
                    Some(false) => Meaning::Either,
                    None => continue,
                };
                match found {
                    Meaning::Cte => {
                        return if meaning == Meaning::Table {
                            Meaning::Cte
                        } else {
                            Meaning::Either
                        };
                    }
                    Meaning::Either => meaning = Meaning::Either,
                    Meaning::Table => {}
                }
            }
        }
        meaning
    }

    /// Whether two names are one: surely, perhaps (`Some(false)`), or not at all.
    fn is_same(&self, bound: &str, name: &str) -> Option<bool> {
        if bound == name {
            return Some(true);
        }
        let is_alike = self.dialect != Dialect::Postgres && bound.to_lowercase() == name.to_lowercase();
        is_alike.then_some(self.dialect == Dialect::Sqlite && bound.eq_ignore_ascii_case(name))
    }
}

impl Frame {
    fn index_of(&self, query: &Query) -> Option<usize> {
        let query = std::ptr::from_ref(query);
        self.names.iter().position(|(_, own)| std::ptr::eq(*own, query))
    }

    /// What the name with this index means in the expression that is being visited.
    fn meaning(&self, index: usize, dialect: Dialect) -> Meaning {
        if index < self.current {
            return Meaning::Cte;
        }
        match (dialect, self.is_recursive) {
            (Dialect::Postgres, true) => Meaning::Cte,
            (_, true) if index == self.current => Meaning::Cte,
            // SQLite binds all names everywhere, MariaDB those that follow in a recursive WITH.
            (Dialect::Sqlite, _) | (_, true) => Meaning::Either,
            (_, false) => Meaning::Table,
        }
    }
}
