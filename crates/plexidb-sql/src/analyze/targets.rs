//! Which tables INSERT, UPDATE, DELETE and MERGE change, and how.
//!
//! Invariant: a target that cannot be told from its neighbours makes all of them targets.

use plexidb_core::Dialect;
use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, FromTable, Insert, Merge, ObjectName, OnConflictAction, OnInsert,
    SelectItem, SqliteOnConflict, Statement, TableFactor, TableObject, TableWithJoins, Update,
};

use super::collector::Collector;
use crate::profile::{Change, RelationName, WriteTarget};

/// A table of an UPDATE or DELETE that could be meant.
struct Candidate {
    name: RelationName,
    alias: Option<String>,
}

impl Collector<'_, '_> {
    pub(super) fn read_targets(&mut self, statement: &Statement) {
        match statement {
            Statement::Query(_) => {}
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge(merge) => self.merge(merge),
            _ => self.fail("a statement of another kind inside"),
        }
    }

    fn target(&mut self, name: &RelationName, change: Change) {
        let target = WriteTarget {
            name: name.clone(),
            change,
        };
        if !self.profile.targets.contains(&target) {
            self.profile.targets.push(target);
        }
    }

    fn returning(&mut self, items: Option<&Vec<SelectItem>>) {
        // What RETURNING shows is read from the target.
        if items.is_some() {
            self.profile.columns.may_be_any = true;
        }
    }

    fn insert(&mut self, insert: &Insert) {
        let TableObject::TableName(name) = &insert.table else {
            return self.fail("the target of INSERT is no table");
        };
        self.handle(name);
        let Some(name) = self.relation_name(name) else {
            return;
        };
        self.returning(insert.returning.as_ref());
        self.target(&name, Change::Insert);
        if insert.replace_into || insert.overwrite || matches!(insert.or, Some(SqliteOnConflict::Replace)) {
            self.target(&name, Change::Delete);
        }
        let assignments = match &insert.on {
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => assignments,
            Some(OnInsert::OnConflict(conflict)) => match &conflict.action {
                OnConflictAction::DoUpdate(update) => &update.assignments,
                OnConflictAction::DoNothing => return,
            },
            None => return,
            Some(_) => return self.target(&name, Change::Update(None)),
        };
        let columns = self.columns(assignments);
        self.target(&name, Change::Update(Some(columns)));
    }

    fn update(&mut self, update: &Update) {
        self.returning(update.returning.as_ref());
        let candidates = self.candidates(std::slice::from_ref(&update.table));
        let replaces = matches!(update.or, Some(SqliteOnConflict::Replace));
        match candidates.as_slice() {
            [] => self.fail("UPDATE names no table"),
            [only] => {
                let columns = self.columns(&update.assignments);
                self.target(&only.name, Change::Update(Some(columns)));
                if replaces {
                    self.target(&only.name, Change::Delete);
                }
            }
            several => self.update_several(several, &update.assignments),
        }
    }

    /// MySQL's UPDATE of a join: each assignment says by its qualifier which table it changes.
    fn update_several(&mut self, candidates: &[Candidate], assignments: &[Assignment]) {
        for assignment in assignments {
            let qualified = match &assignment.target {
                AssignmentTarget::ColumnName(name) => self.qualified(name),
                AssignmentTarget::Tuple(_) => None,
            };
            let found = qualified.and_then(|(qualifier, column)| {
                let candidate = candidates
                    .iter()
                    .find(|candidate| candidate.is_called(&qualifier))?;
                Some((candidate.name.clone(), column))
            });
            match found {
                Some((name, column)) => self.target(&name, Change::Update(Some(vec![column]))),
                None => {
                    for candidate in candidates {
                        self.target(&candidate.name, Change::Update(None));
                    }
                }
            }
        }
    }

    fn delete(&mut self, delete: &Delete) {
        self.returning(delete.returning.as_ref());
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let mut candidates = self.candidates(from);
        if self.text.dialect() != Dialect::MySql {
            if candidates.is_empty() {
                self.fail("DELETE names no table");
            }
            for candidate in candidates {
                self.target(&candidate.name, Change::Delete);
            }
            return;
        }
        // `DELETE a FROM t AS a JOIN …` and `DELETE FROM a USING t AS a JOIN …` name aliases.
        let named: Vec<RelationName> = if delete.tables.is_empty() {
            candidates
                .iter()
                .map(|candidate| candidate.name.clone())
                .collect()
        } else {
            delete
                .tables
                .iter()
                .filter_map(|name| self.relation_name(name))
                .collect()
        };
        if let Some(using) = &delete.using {
            candidates = self.candidates(using);
        }
        if named.is_empty() {
            self.fail("DELETE names no table");
        }
        for name in named {
            let meant = candidates
                .iter()
                .find(|candidate| candidate.is_called(&name.name));
            let name = meant.map_or(&name, |candidate| &candidate.name).clone();
            self.target(&name, Change::Delete);
        }
    }

    fn merge(&mut self, merge: &Merge) {
        let TableFactor::Table { name, args: None, .. } = &merge.table else {
            return self.fail("the target of MERGE is no table");
        };
        let Some(name) = self.relation_name(name) else {
            return;
        };
        for change in [Change::Insert, Change::Update(None), Change::Delete] {
            self.target(&name, change);
        }
    }

    /// The tables of these joins; a subquery among them cannot be changed.
    fn candidates(&mut self, tables: &[TableWithJoins]) -> Vec<Candidate> {
        let mut found = Vec::new();
        for table in tables {
            self.candidate(&table.relation, &mut found);
            for join in &table.joins {
                self.candidate(&join.relation, &mut found);
            }
        }
        found
    }

    fn candidate(&mut self, factor: &TableFactor, found: &mut Vec<Candidate>) {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => {
                if let Some(name) = self.relation_name(name) {
                    let alias = alias.as_ref().map(|alias| self.fold(&alias.name));
                    found.push(Candidate { name, alias });
                }
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                found.extend(self.candidates(std::slice::from_ref(table_with_joins)));
            }
            _ => {}
        }
    }

    /// The columns that are assigned to; of a field of a composite column, the column.
    fn columns(&mut self, assignments: &[Assignment]) -> Vec<String> {
        let mut columns = Vec::new();
        for assignment in assignments {
            let names = match &assignment.target {
                AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                AssignmentTarget::Tuple(names) => names.as_slice(),
            };
            for name in names {
                let mut idents = name.0.iter().filter_map(|part| part.as_ident());
                let ident = match self.text.dialect() {
                    Dialect::MySql => idents.next_back(),
                    Dialect::Sqlite | Dialect::Postgres => idents.next(),
                };
                columns.extend(ident.map(|ident| self.fold(ident)));
            }
        }
        columns.sort();
        columns.dedup();
        columns
    }

    fn qualified(&self, name: &ObjectName) -> Option<(String, String)> {
        let mut idents = name.0.iter().rev().filter_map(|part| part.as_ident());
        let column = idents.next()?;
        let qualifier = idents.next()?;
        Some((self.fold(qualifier), self.fold(column)))
    }
}

impl Candidate {
    fn is_called(&self, name: &str) -> bool {
        self.alias
            .as_ref()
            .unwrap_or(&self.name.name)
            .eq_ignore_ascii_case(name)
    }
}
