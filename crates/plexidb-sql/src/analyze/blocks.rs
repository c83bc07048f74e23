//! SELECTs into blocks: relations, join kinds, conditions, outputs.
//!
//! Invariant: a join, an output or an order that is not understood restricts nothing and proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use plexidb_core::Dialect;
use sqlparser::ast::{
    Expr, GroupByExpr, Join, JoinConstraint, JoinOperator, LimitClause, OrderByKind, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins,
};

use super::collector::Collector;
use super::pins;
use super::scope::Meaning;
use super::text::Text;
use crate::block::{Block, BlockRelation, Condition, Output, Restriction};
use crate::profile::ColumnUse;
use crate::scan::TokenKind;

/// Functions that make one value of one row; any other may be an aggregate, a window or make several rows.
const SCALAR: &[&str] = &[
    "abs",
    "ceil",
    "ceiling",
    "char_length",
    "coalesce",
    "concat",
    "concat_ws",
    "floor",
    "hex",
    "ifnull",
    "instr",
    "left",
    "length",
    "lower",
    "ltrim",
    "mod",
    "nullif",
    "replace",
    "right",
    "round",
    "rtrim",
    "substr",
    "substring",
    "trim",
    "upper",
];

impl Collector<'_, '_> {
    /// The block of a SELECT whose names are in scope now.
    pub(super) fn read_block(&mut self, select: &Select) {
        let mut block = Block {
            is_plain: is_plain(select),
            outputs: self.outputs(select),
            ..Block::default()
        };
        for table in &select.from {
            let before: Vec<usize> = (0..block.relations.len()).collect();
            self.block_tables(table, &mut block);
            // SQLite's comma binds no looser than JOIN: what stands before it is on the left of the outer joins after it.
            let keeps_right = |join: &Join| {
                matches!(
                    join.join_operator,
                    JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_)
                )
            };
            if self.text.dialect() == Dialect::Sqlite && table.joins.iter().any(keeps_right) {
                set_nullable(&mut block, &before);
            }
        }
        let everything = (0..block.relations.len()).collect();
        restrict(
            &mut block,
            pins::conjuncts(self.text, select.selection.as_ref()),
            everything,
        );
        self.profile.blocks.push(block);
        self.block_places.push(std::ptr::from_ref(select));
    }

    /// Adds the relations of a join; returns their positions.
    fn block_tables(&mut self, table: &TableWithJoins, block: &mut Block) -> Vec<usize> {
        let mut left = self.block_factor(&table.relation, block);
        for join in &table.joins {
            let right = self.block_factor(&join.relation, block);
            let both: Vec<usize> = left.iter().chain(&right).copied().collect();
            let (constraint, restricts): (Option<&JoinConstraint>, Vec<usize>) = match &join.join_operator {
                JoinOperator::Join(on)
                | JoinOperator::Inner(on)
                | JoinOperator::CrossJoin(on)
                | JoinOperator::StraightJoin(on) => (Some(on), both.clone()),
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => {
                    set_nullable(block, &right);
                    (Some(on), right)
                }
                JoinOperator::Right(on) | JoinOperator::RightOuter(on) => {
                    set_nullable(block, &left);
                    (Some(on), left)
                }
                JoinOperator::FullOuter(on) => {
                    set_nullable(block, &both);
                    (Some(on), Vec::new())
                }
                _ => {
                    set_nullable(block, &both);
                    block.is_plain = false;
                    (None, Vec::new())
                }
            };
            match constraint {
                Some(JoinConstraint::On(on)) => {
                    restrict(block, pins::conjuncts(self.text, Some(on)), restricts);
                }
                Some(JoinConstraint::None) => {}
                Some(JoinConstraint::Using(names)) => {
                    block.merges_columns = true;
                    for name in names {
                        let idents = name.0.iter().filter_map(|part| part.as_ident());
                        for ident in idents {
                            let name = self.fold(ident);
                            self.profile.columns.named.insert(ColumnUse {
                                qualifier: None,
                                name,
                            });
                        }
                    }
                }
                _ => {
                    block.merges_columns = true;
                    self.profile.columns.may_be_any = true;
                }
            }
            left = both;
        }
        left
    }

    fn block_factor(&mut self, factor: &TableFactor, block: &mut Block) -> Vec<usize> {
        let (name, alias) = match factor {
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => return self.block_tables(table_with_joins, block),
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => (self.relation_name(name), alias.as_ref()),
            TableFactor::Derived { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::Table { alias, .. } => (None, alias.as_ref()),
            _ => (None, None),
        };
        // Columns that are renamed may bear the names of others.
        let renames = alias.is_some_and(|alias| !alias.columns.is_empty());
        let is_table = name
            .as_ref()
            .is_some_and(|name| name.schema.is_some() || self.scopes.meaning(&name.name) == Meaning::Table);
        let called = match (alias, &name) {
            (Some(alias), _) => self.fold(&alias.name),
            (None, Some(name)) => name.name.clone(),
            (None, None) => String::new(),
        };
        block.relations.push(BlockRelation {
            name: name.filter(|_| is_table && !renames),
            alias: called,
            is_nullable: false,
        });
        vec![block.relations.len() - 1]
    }

    fn outputs(&self, select: &Select) -> Vec<Output> {
        let output = |item: &SelectItem| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                pins::column(self.text, expr).map_or(Output::Other, Output::Column)
            }
            SelectItem::Wildcard(_) => Output::All(None),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let last = name.0.last().and_then(|part| part.as_ident());
                Output::All(Some(last.map(|ident| self.fold(ident)).unwrap_or_default()))
            }
            SelectItem::QualifiedWildcard(..) => Output::All(None),
            SelectItem::ExprWithAliases { .. } => Output::Other,
        };
        select.projection.iter().map(output).collect()
    }

    /// Notes which block makes the statement's result, and what the query around it says of its order and bounds.
    pub(super) fn read_outermost(&mut self, query: &Query) {
        let SetExpr::Select(select) = &*query.body else {
            return;
        };
        let place = std::ptr::from_ref(&**select);
        let Some(index) = self.block_places.iter().position(|known| *known == place) else {
            return;
        };
        let text = self.text;
        let shown = shown(text, select);
        let Some(block) = self.profile.blocks.get_mut(index) else {
            return;
        };
        block.shown = shown;
        block.is_outermost = true;
        block.is_bounded = query.limit_clause.is_some() || query.fetch.is_some();
        block.has_offset = has_offset(query);
        block.order = order(text, query);
        // An aggregate in ORDER BY alone makes one row of all (PostgreSQL, MySQL).
        block.is_plain &= is_ordered_by_rows(query);
    }
}

fn set_nullable(block: &mut Block, relations: &[usize]) {
    for index in relations {
        if let Some(relation) = block.relations.get_mut(*index) {
            relation.is_nullable = true;
        }
    }
}

fn restrict(block: &mut Block, conditions: Vec<Condition>, restricts: Vec<usize>) {
    block
        .conditions
        .extend(conditions.into_iter().map(|condition| Restriction {
            condition,
            restricts: restricts.clone(),
        }));
}

fn is_plain(select: &Select) -> bool {
    let is_grouped =
        !matches!(&select.group_by, GroupByExpr::Expressions(by, more) if by.is_empty() && more.is_empty());
    let is_simple = !is_grouped
        && select.having.is_none()
        && select.distinct.is_none()
        && select.qualify.is_none()
        && select.top.is_none()
        && select.connect_by.is_empty()
        && select.lateral_views.is_empty()
        && select.named_window.is_empty();
    is_simple
        && select.projection.iter().all(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => is_of_one_row(expr),
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => true,
            SelectItem::ExprWithAliases { .. } => false,
        })
}

/// Whether an expression makes one value of one row; subqueries, whose own aggregates do not matter, count as not.
fn is_of_one_row(expr: &Expr) -> bool {
    let mut is_simple = true;
    let _ = sqlparser::ast::visit_expressions(expr, |inner| {
        is_simple &= match inner {
            Expr::Function(function) => {
                let name = function.name.0.last().and_then(|part| part.as_ident());
                function.over.is_none()
                    && name.is_some_and(|name| SCALAR.contains(&&*name.value.to_ascii_lowercase()))
            }
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => false,
            _ => true,
        };
        std::ops::ControlFlow::<()>::Continue(())
    });
    is_simple
}

fn has_offset(query: &Query) -> bool {
    match &query.limit_clause {
        None => false,
        Some(LimitClause::LimitOffset { offset, limit_by, .. }) => offset.is_some() || !limit_by.is_empty(),
        Some(LimitClause::OffsetCommaLimit { .. }) => true,
    }
}

fn is_ordered_by_rows(query: &Query) -> bool {
    query.order_by.as_ref().is_none_or(|order| match &order.kind {
        OrderByKind::Expressions(by) => by.iter().all(|item| is_of_one_row(&item.expr)),
        OrderByKind::All(_) => true,
    })
}

fn order(text: &Text<'_>, query: &Query) -> Option<BTreeSet<ColumnUse>> {
    let Some(order) = &query.order_by else {
        return Some(BTreeSet::new());
    };
    let OrderByKind::Expressions(by) = &order.kind else {
        return None;
    };
    let mut found = BTreeSet::new();
    for item in by {
        // A number means a column of the result.
        found.insert(pins::column(text, &item.expr)?);
    }
    Some(found)
}

/// The names of columns that the text mentions as outputs alone. It is the tokens that are counted, so that no place of a
/// statement in which a column may stand is overlooked.
fn shown(text: &Text<'_>, select: &Select) -> BTreeSet<String> {
    let mut outputs: BTreeMap<String, usize> = BTreeMap::new();
    for item in &select.projection {
        let expr = match item {
            SelectItem::UnnamedExpr(expr) => expr,
            // Another clause may mean the column by the name that it is given here.
            SelectItem::ExprWithAlias { expr, alias } if mentions(text, &alias.value) == 1 => expr,
            _ => continue,
        };
        if let Some(column) = pins::column(text, expr) {
            *outputs.entry(column.name.to_lowercase()).or_default() += 1;
        }
    }
    outputs.retain(|name, count| mentions(text, name) == *count);
    outputs.into_keys().collect()
}

/// How many tokens may be this name.
fn mentions(text: &Text<'_>, name: &str) -> usize {
    let name = name.to_lowercase();
    let may_be = |index: &usize| {
        let token = text.text(*index).to_lowercase();
        token == name || !text.is_kind(*index, TokenKind::Word) && token.contains(&name)
    };
    (0..text.len()).filter(may_be).count()
}
