//! What a statement reads: tables, through views and partitions, and the functions that it calls on the way.
//!
//! Invariant: what is most in the way of caching is kept as the reason; reading goes on, so that the tables
//! are complete as far as they are known.

use plexidb_core::{Catalog, Dialect, Table, TableKind, TableName};

use super::columns;
use super::functions::{self, Verdict};
use super::lookup::{Found, descendants, find};
use super::policies::Policies;
use crate::profile::{Profile, RelationUse};
use crate::reason::Reason;

/// Views may refer to views; deeper than this is no schema that anybody made.
const VIEW_DEPTH_MAX: usize = 32;

/// What was read so far.
pub(super) struct Reads<'c> {
    pub(super) catalog: &'c Catalog,
    /// The base tables, each once, in the order in which they were met.
    pub(super) tables: Vec<TableName>,
    /// Those of them that the statement does not name itself: behind views, partitions and inheritors.
    pub(super) hidden: Vec<TableName>,
    /// Why the result may not be cached.
    pub(super) refusal: Option<Reason>,
    /// A function that may write.
    pub(super) writing_function: Option<String>,
    /// Whether row-level security applies to something that was read.
    pub(super) has_row_security: bool,
    /// The policies that were met; `None` where no security scope is assumed, so that row-level security refuses.
    pub(super) policies: Option<Policies>,
    depth: usize,
}

/// A relation of the statement with the table that it means.
pub(super) struct Resolved<'p, 'c> {
    pub(super) relation: &'p RelationUse,
    pub(super) table: &'c Table,
}

impl<'c> Reads<'c> {
    pub(super) fn new(catalog: &'c Catalog) -> Self {
        Self {
            catalog,
            tables: Vec::new(),
            hidden: Vec::new(),
            refusal: None,
            writing_function: None,
            has_row_security: false,
            policies: None,
            depth: 0,
        }
    }

    /// Reads as a request with a security scope does.
    pub(super) fn under_scope(catalog: &'c Catalog) -> Self {
        Self {
            policies: Some(Policies::default()),
            ..Self::new(catalog)
        }
    }

    /// The policies of this table, each as a statement that reads it.
    pub(super) fn policies_of(&self, table: &TableName) -> &[Profile] {
        self.policies.as_ref().map_or(&[], |policies| policies.of(table))
    }

    /// Reads a statement.
    pub(super) fn read(&mut self, profile: &Profile) {
        self.read_in(profile, None);
    }

    /// Reads a statement whose names without a schema are looked up in this one first.
    pub(super) fn read_in(&mut self, profile: &Profile, home: Option<&str>) {
        self.read_parts(profile, home, None);
    }

    /// Reads the condition of a policy, in the form of a statement that reads its table first.
    pub(super) fn read_as_policy(&mut self, profile: &Profile, table: &'c Table) {
        self.depth += 1;
        self.read_parts(profile, None, Some(table));
        self.depth -= 1;
    }

    /// Reads relations, functions and columns. Where the statement is a policy, its first relation is the policy's own
    /// table, which has been read already.
    fn read_parts(&mut self, profile: &Profile, home: Option<&str>, own: Option<&'c Table>) {
        self.refuse(profile.refusal.clone());
        let mut resolved = Vec::with_capacity(profile.relations.len());
        for (position, relation) in profile.relations.iter().enumerate() {
            if let (0, Some(table)) = (position, own) {
                resolved.push(Resolved { relation, table });
                continue;
            }
            match find(self.catalog, &relation.name, home) {
                Found::Table(table) => {
                    resolved.push(Resolved { relation, table });
                    self.read_table(table);
                }
                Found::Nothing => {}
                Found::Refused(_) if relation.may_be_cte => {}
                Found::Refused(reason) => self.refuse(Some(reason)),
            }
        }
        for call in &profile.functions {
            let Verdict { refusal, may_write } = functions::judge(call, self.catalog);
            self.refuse(refusal);
            if may_write && self.writing_function.is_none() {
                self.writing_function = Some(call.to_string());
            }
        }
        let hidden = columns::judge(profile, &resolved, self.catalog);
        self.refuse(hidden.refusal);
        self.writing_function = self.writing_function.take().or(hidden.writing_function);
    }

    /// Reads a table or view by itself.
    pub(super) fn read_table(&mut self, table: &'c Table) {
        if table.has_row_security {
            self.read_policies(table);
        }
        match table.kind {
            TableKind::View => self.read_view(table),
            TableKind::Foreign => {
                self.add(table);
                self.refuse(Some(Reason::ForeignTable(table.name.to_string())));
            }
            TableKind::Table | TableKind::Partitioned | TableKind::MaterializedView => {
                self.add(table);
                for other in descendants(self.catalog, table) {
                    self.add(other);
                    self.hidden.push(other.name.clone());
                    if other.kind == TableKind::Foreign {
                        self.refuse(Some(Reason::ForeignTable(other.name.to_string())));
                    }
                    // A read of the parent is not subject to the policies of its inheritors, but to be sure:
                    if other.has_row_security {
                        self.read_policies(other);
                    }
                }
            }
        }
    }

    fn read_view(&mut self, view: &Table) {
        let name = view.name.to_string();
        let Some(definition) = view.view_definition.as_deref() else {
            return self.refuse(Some(Reason::ViewUndefined(name)));
        };
        if self.depth >= VIEW_DEPTH_MAX {
            return self.refuse(Some(Reason::TooLarge));
        }
        let profile = Profile::analyze(query_of(definition), self.catalog.dialect());
        let before = self.refusal.take();
        self.depth += 1;
        // Names in a view mean what they meant when it was made: in SQLite and MySQL, tables of its own schema.
        let home = (self.catalog.dialect() != Dialect::Postgres).then_some(view.name.schema.as_str());
        self.read_in(&profile, home);
        self.depth -= 1;
        let inside = self.refusal.take().map(|reason| Reason::View {
            view: name,
            reason: Box::new(reason),
        });
        self.refusal = Reason::weightier(before, inside);
    }

    fn add(&mut self, table: &Table) {
        if self.depth > 0 {
            self.hidden.push(table.name.clone());
        }
        if !self.tables.contains(&table.name) {
            self.tables.push(table.name.clone());
        }
    }

    pub(super) fn refuse(&mut self, reason: Option<Reason>) {
        self.refusal = Reason::weightier(self.refusal.take(), reason);
    }
}

/// The query of a view's definition, which may come as the whole `CREATE VIEW … AS query`.
pub(super) fn query_of(definition: &str) -> &str {
    let is_create = definition
        .trim_start()
        .get(..6)
        .is_some_and(|word| word.eq_ignore_ascii_case("create"));
    if !is_create {
        return definition;
    }
    let mut depth = 0_usize;
    for token in crate::scan::scan(definition, Dialect::Sqlite) {
        match token.kind {
            crate::scan::TokenKind::Open => depth += 1,
            crate::scan::TokenKind::Close => depth = depth.saturating_sub(1),
            crate::scan::TokenKind::Word
                if depth == 0 && token.text(definition).eq_ignore_ascii_case("as") =>
            {
                return definition.get(token.end..).unwrap_or_default();
            }
            _ => {}
        }
    }
    definition
}
