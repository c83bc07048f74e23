//! The rows, values and conditions of an INSERT, UPDATE or DELETE of one table.
//!
//! Invariant: a statement with other targets, or whose parts cannot be told apart, has no detail. Rows are read from the
//! text, since the tree has only the first.

use plexidb_core::Dialect;
use sqlparser::ast::{
    AssignmentTarget, ConflictTarget, Delete, Expr, FromTable, Insert, OnConflictAction, OnInsert, SetExpr,
    Statement, TableFactor, TableWithJoins, Update,
};

use super::collector::Collector;
use super::pins;
use super::text::Text;
use crate::block::{Block, BlockRelation, Restriction};
use crate::change::{Assignment, Cell, ChangeDetail};
use crate::profile::RelationName;
use crate::scan::TokenKind;

/// More rows than these are not looked at one by one.
const ROWS_MAX: usize = 64;

impl Collector<'_, '_> {
    /// What is known of the rows that the statement writes.
    pub(super) fn detail(&mut self, statement: &Statement) -> Option<ChangeDetail> {
        let first = self.profile.targets.first()?.name.clone();
        if self.profile.targets.iter().any(|target| target.name != first) {
            return None;
        }
        match statement {
            Statement::Insert(insert) => self.insert_detail(insert),
            Statement::Update(update) => self.update_detail(update, &first),
            Statement::Delete(delete) => self.delete_detail(delete, &first),
            _ => None,
        }
    }

    fn insert_detail(&mut self, insert: &Insert) -> Option<ChangeDetail> {
        let mut columns = Vec::new();
        for name in &insert.columns {
            columns.push(self.fold(name.0.last()?.as_ident()?));
        }
        let is_list = insert.source.as_ref().is_some_and(|source| {
            matches!(&*source.body, SetExpr::Values(_))
                && source.with.is_none()
                && source.limit_clause.is_none()
        });
        let rows = (is_list && insert.partitioned.is_none())
            .then(|| listed_rows(self.text))
            .flatten();
        let (conflict, assignments) = match &insert.on {
            Some(OnInsert::OnConflict(on)) => {
                let target = match &on.conflict_target {
                    Some(ConflictTarget::Columns(columns)) => {
                        Some(columns.iter().map(|column| self.fold(column)).collect())
                    }
                    _ => None,
                };
                match &on.action {
                    OnConflictAction::DoUpdate(update) => (target, self.assignments(&update.assignments)?),
                    OnConflictAction::DoNothing => (target, Vec::new()),
                }
            }
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => (None, self.assignments(assignments)?),
            None => (None, Vec::new()),
            Some(_) => return None,
        };
        let assignments = if ignores(self.text) {
            without_values(assignments)
        } else {
            assignments
        };
        Some(ChangeDetail::Insert {
            columns,
            rows,
            is_exact: !ignores(self.text),
            conflict,
            assignments,
        })
    }

    fn update_detail(&mut self, update: &Update, target: &RelationName) -> Option<ChangeDetail> {
        let others = usize::from(update.from.is_some());
        let block = self.target_block(&update.table, others, target, update.selection.as_ref())?;
        let assignments = self.assignments(&update.assignments)?;
        let assignments = if ignores(self.text) {
            without_values(assignments)
        } else {
            assignments
        };
        Some(ChangeDetail::Update { block, assignments })
    }

    fn delete_detail(&mut self, delete: &Delete, target: &RelationName) -> Option<ChangeDetail> {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let ([table], true) = (from.as_slice(), delete.tables.is_empty()) else {
            return None;
        };
        let others = usize::from(delete.using.is_some());
        let block = self.target_block(table, others, target, delete.selection.as_ref())?;
        Some(ChangeDetail::Delete { block })
    }

    /// The target with its conditions; `others` stands for relations whose columns may be meant by names without a
    /// qualifier.
    fn target_block(
        &mut self,
        table: &TableWithJoins,
        others: usize,
        target: &RelationName,
        selection: Option<&Expr>,
    ) -> Option<Block> {
        let (TableFactor::Table { alias, .. }, true) = (&table.relation, table.joins.is_empty()) else {
            return None;
        };
        let called = alias
            .as_ref()
            .map_or_else(|| target.name.clone(), |alias| self.fold(&alias.name));
        let mut relations = vec![BlockRelation {
            name: Some(target.clone()),
            alias: called,
            is_nullable: false,
        }];
        relations.extend((0..others).map(|_| BlockRelation {
            name: None,
            alias: String::new(),
            is_nullable: false,
        }));
        let conditions = pins::conjuncts(self.text, selection)
            .into_iter()
            .map(|condition| Restriction {
                condition,
                restricts: vec![0],
            });
        Some(Block {
            relations,
            conditions: conditions.collect(),
            ..Block::default()
        })
    }

    /// What is assigned; `None` where a target is no plain column.
    fn assignments(&mut self, assignments: &[sqlparser::ast::Assignment]) -> Option<Vec<Assignment>> {
        let mut found = Vec::new();
        for assignment in assignments {
            match &assignment.target {
                AssignmentTarget::ColumnName(name) => {
                    let is_field = name.0.len() > 1 && self.text.dialect() == Dialect::Postgres;
                    let ident = if is_field { name.0.first() } else { name.0.last() };
                    found.push(Assignment {
                        column: self.fold(ident?.as_ident()?),
                        value: pins::value(self.text, &assignment.value).filter(|_| !is_field),
                    });
                }
                AssignmentTarget::Tuple(names) => {
                    for name in names {
                        found.push(Assignment {
                            column: self.fold(name.0.last()?.as_ident()?),
                            value: None,
                        });
                    }
                }
            }
        }
        Some(found)
    }
}

fn without_values(assignments: Vec<Assignment>) -> Vec<Assignment> {
    let columns = assignments.into_iter().map(|assignment| assignment.column);
    columns.map(|column| Assignment { column, value: None }).collect()
}

/// Whether MySQL's IGNORE stands behind the verb: it stores what it can of a value that does not fit, whatever the mode.
fn ignores(text: &Text<'_>) -> bool {
    let verb = (0..text.len()).find(|index| text.is_any(*index, &["INSERT", "UPDATE", "REPLACE"]));
    let is_modifier =
        |index: &usize| text.is_any(*index, &["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"]);
    text.dialect() == Dialect::MySql
        && verb.is_some_and(|verb| {
            let mut modifiers = (verb + 1..text.len()).take_while(is_modifier);
            modifiers.any(|index| text.is_word(index, "IGNORE"))
        })
}

/// The rows of VALUES.
fn listed_rows(text: &Text<'_>) -> Option<Vec<Vec<Cell>>> {
    let mut depth = 0_usize;
    let mut at = None;
    for index in 0..text.len() {
        match text.kind(index)? {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.checked_sub(1)?,
            TokenKind::Word if depth == 0 && text.is_any(index, &["VALUES", "VALUE"]) => {
                at = Some(index + 1);
                break;
            }
            _ => {}
        }
    }
    let mut at = at?;
    let mut rows = Vec::new();
    loop {
        // MySQL's ROW before each.
        at += usize::from(text.is_word(at, "ROW"));
        let (row, end) = row(text, at)?;
        rows.push(row);
        if rows.len() > ROWS_MAX {
            return None;
        }
        if !text.is_kind(end, TokenKind::Comma) {
            return Some(rows);
        }
        at = end + 1;
    }
}

/// The cells of the row that begins here, and the token after it.
fn row(text: &Text<'_>, from: usize) -> Option<(Vec<Cell>, usize)> {
    if !text.is_kind(from, TokenKind::Open) {
        return None;
    }
    let mut cells = Vec::new();
    let mut at = from + 1;
    loop {
        let end = cell_end(text, at)?;
        cells.push(cell(text, at, end));
        if text.is_kind(end, TokenKind::Close) {
            return Some((cells, end + 1));
        }
        at = end + 1;
    }
}

/// The comma or parenthesis after the expression that begins here.
fn cell_end(text: &Text<'_>, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for index in from..text.len() {
        match text.kind(index)? {
            TokenKind::Open | TokenKind::OpenBracket => depth += 1,
            TokenKind::Comma | TokenKind::Close if depth == 0 => return Some(index),
            TokenKind::Close | TokenKind::CloseBracket => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

fn cell(text: &Text<'_>, from: usize, end: usize) -> Cell {
    if end == from + 1 && text.is_word(from, "DEFAULT") {
        return Cell::Default;
    }
    if end == from + 1 && text.is_word(from, "NULL") {
        return Cell::Value(crate::plan::PinnedValue::Constant(plexidb_core::Value::Null));
    }
    let value = (pins::end_of_value(text, from) == Some(end))
        .then(|| pins::value_at(text, from))
        .flatten();
    value.map_or(Cell::Computed, Cell::Value)
}
