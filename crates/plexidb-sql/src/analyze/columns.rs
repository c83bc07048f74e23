//! Equalities of the outermost WHERE: which column is fixed to which value.
//!
//! Invariant: only conjuncts count; what stands under OR or NOT fixes nothing.

use sqlparser::ast::{BinaryOperator, Expr, Ident, SetExpr, Statement, Value};

use super::text::{Text, fold};
use crate::names::Numbering;
use crate::profile::{ColumnUse, EqualityKey, KeyValue};

/// The conjuncts `column = value` of a statement's outermost WHERE.
pub(super) fn equality_keys(text: &Text<'_>, statement: &Statement) -> Vec<EqualityKey> {
    let selection = match statement {
        Statement::Query(query) => match &*query.body {
            SetExpr::Select(select) => select.selection.as_ref(),
            _ => None,
        },
        Statement::Update(update) => update.selection.as_ref(),
        Statement::Delete(delete) => delete.selection.as_ref(),
        _ => None,
    };
    let mut keys = Vec::new();
    let mut pending: Vec<&Expr> = selection.into_iter().collect();
    while let Some(expr) = pending.pop() {
        match expr {
            Expr::Nested(inner) => pending.push(inner),
            Expr::BinaryOp {
                left,
                op: BinaryOperator::And,
                right,
            } => pending.extend([&**right, &**left]),
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Eq,
                right,
            } => {
                let key = equality(text, left, right).or_else(|| equality(text, right, left));
                keys.extend(key);
            }
            _ => {}
        }
    }
    keys
}

fn equality(text: &Text<'_>, column: &Expr, value: &Expr) -> Option<EqualityKey> {
    let folded = |ident: &Ident| match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => fold(&ident.value, text.dialect()),
    };
    let column = match column {
        Expr::Identifier(name) => ColumnUse {
            qualifier: None,
            name: folded(name),
        },
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., qualifier, name] => ColumnUse {
                qualifier: Some(folded(qualifier)),
                name: folded(name),
            },
            _ => return None,
        },
        _ => return None,
    };
    let Expr::Value(value) = value else { return None };
    let index = usize::try_from(value.span.start.column).ok()?.checked_sub(1)?;
    let value = match &value.value {
        Value::Placeholder(_) => KeyValue::Parameter(parameter(text, index)?),
        Value::Null => return None,
        _ => KeyValue::Literal(text.text(index).to_owned()),
    };
    Some(EqualityKey { column, value })
}

/// The number of the placeholder at this token.
fn parameter(text: &Text<'_>, index: usize) -> Option<usize> {
    let mut numbering = Numbering::new(text.dialect());
    let numbers = text
        .tokens()
        .iter()
        .map(|token| numbering.number(token, text.sql()));
    numbers.take(index + 1).last().flatten()
}
