//! Conditions of WHERE and ON as conjuncts: which column is fixed to which values, which columns are equal.
//!
//! Invariant: what stands under OR or NOT fixes nothing (but an OR of values of one column), and neither does a comparison
//! whose value, collation or precedence may be another than the tree says. Values are read from the text, since the tree
//! has none.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use plexidb_core::{Dialect, Value};
use sqlparser::ast::{BinaryOperator, Expr, Ident, UnaryOperator, Value as Literal, visit_expressions};

use super::text::{Text, fold};
use crate::block::Condition;
use crate::names::Numbering;
use crate::plan::{PINNED_VALUES_MAX, PinnedValue};
use crate::profile::ColumnUse;
use crate::scan::TokenKind;

/// The conjuncts of a condition.
pub(super) fn conjuncts(text: &Text<'_>, condition: Option<&Expr>) -> Vec<Condition> {
    let mut found = Vec::new();
    let mut pending: Vec<&Expr> = condition.into_iter().collect();
    // MySQL's OR has a second spelling and XOR binds as loosely: the tree has both elsewhere.
    if has_ambiguous_operator(text) {
        found.extend(
            pending
                .drain(..)
                .map(|expr| Condition::Other(mentions(text, expr))),
        );
    }
    while let Some(expr) = pending.pop() {
        match expr {
            Expr::Nested(inner) => pending.push(inner),
            Expr::BinaryOp {
                left,
                op: BinaryOperator::And,
                right,
            } => pending.extend([&**right, &**left]),
            other => {
                let condition = pin(text, other).or_else(|| equality(text, other));
                found.push(condition.unwrap_or_else(|| Condition::Other(mentions(text, other))));
            }
        }
    }
    found
}

fn has_ambiguous_operator(text: &Text<'_>) -> bool {
    text.dialect() == Dialect::MySql
        && (0..text.len()).any(|index| text.is_operator(index, "||") || text.is_word(index, "XOR"))
}

/// `column = value`, `column IN (values)`, or an OR of such.
fn pin(text: &Text<'_>, expr: &Expr) -> Option<Condition> {
    let (column, values) = alternatives(text, expr, 0)?;
    (values.len() <= PINNED_VALUES_MAX).then_some(Condition::Pin { column, values })
}

/// `depth` bounds the recursion: an OR of more values pins nothing anyhow.
fn alternatives(text: &Text<'_>, expr: &Expr, depth: usize) -> Option<(ColumnUse, Vec<PinnedValue>)> {
    match expr {
        _ if depth > 2 * PINNED_VALUES_MAX => None,
        Expr::Nested(inner) => alternatives(text, inner, depth + 1),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Eq,
            right,
        } => {
            let (name, value) = match column(text, left) {
                Some(name) => (name, value(text, right)?),
                None => (column(text, right)?, value(text, left)?),
            };
            Some((name, vec![value]))
        }
        Expr::InList {
            expr,
            list,
            negated: false,
        } => {
            let name = column(text, expr)?;
            Some((name, listed(text, list.first()?)?))
        }
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Or,
            right,
        } => {
            let (name, mut values) = alternatives(text, left, depth + 1)?;
            let (other, more) = alternatives(text, right, depth + 1)?;
            values.extend(more);
            (name == other && values.len() <= PINNED_VALUES_MAX).then_some((name, values))
        }
        _ => None,
    }
}

fn equality(text: &Text<'_>, expr: &Expr) -> Option<Condition> {
    let Expr::BinaryOp {
        left,
        op: BinaryOperator::Eq,
        right,
    } = expr
    else {
        return None;
    };
    Some(Condition::Equal(column(text, left)?, column(text, right)?))
}

/// The column that an expression is, without anything around it.
pub(super) fn column(text: &Text<'_>, expr: &Expr) -> Option<ColumnUse> {
    let folded = |ident: &Ident| match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => fold(&ident.value, text.dialect()),
    };
    match expr {
        Expr::Nested(inner) => column(text, inner),
        Expr::Identifier(name) => Some(ColumnUse {
            qualifier: None,
            name: folded(name),
        }),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., qualifier, name] => Some(ColumnUse {
                qualifier: Some(folded(qualifier)),
                name: folded(name),
            }),
            _ => None,
        },
        _ => None,
    }
}

/// The columns that an expression mentions, those of its subqueries included.
pub(super) fn mentions(text: &Text<'_>, expr: &Expr) -> BTreeSet<ColumnUse> {
    let mut found = BTreeSet::new();
    let _ = visit_expressions(expr, |inner| {
        if !matches!(inner, Expr::Nested(_)) {
            found.extend(column(text, inner));
        }
        ControlFlow::<()>::Continue(())
    });
    found
}

/// The constant or parameter that an expression is.
pub(super) fn value(text: &Text<'_>, expr: &Expr) -> Option<PinnedValue> {
    match expr {
        Expr::Nested(inner) => value(text, inner),
        Expr::Value(literal) => {
            let index = place(literal)?;
            // A literal that goes on, or that a word before it turns into something else, is not what it seems.
            (end_of_value(text, index) == Some(index + 1))
                .then(|| value_at(text, index))
                .flatten()
        }
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => {
            let Expr::Value(literal) = &**expr else {
                return None;
            };
            let index = place(literal)?.checked_sub(1)?;
            value_at(text, index)
        }
        _ => None,
    }
}

fn place(literal: &sqlparser::ast::ValueWithSpan) -> Option<usize> {
    match literal.value {
        Literal::Null => None,
        _ => usize::try_from(literal.span.start.column).ok()?.checked_sub(1),
    }
}

/// All values of a list, of which the tree has only the first.
fn listed(text: &Text<'_>, first: &Expr) -> Option<Vec<PinnedValue>> {
    let mut at = match first {
        Expr::Value(literal) => place(literal)?,
        Expr::UnaryOp { expr, .. } => match &**expr {
            Expr::Value(literal) => place(literal)?.checked_sub(1)?,
            _ => return None,
        },
        _ => return None,
    };
    if !text.is_kind(at.checked_sub(1)?, TokenKind::Open) {
        return None;
    }
    let mut values = Vec::new();
    loop {
        values.push(value_at(text, at)?);
        at = end_of_value(text, at)?;
        match text.kind(at)? {
            TokenKind::Comma => at += 1,
            TokenKind::Close => return Some(values),
            _ => return None,
        }
        if values.len() > PINNED_VALUES_MAX {
            return None;
        }
    }
}

/// The token after the value that begins here.
pub(super) fn end_of_value(text: &Text<'_>, index: usize) -> Option<usize> {
    let end = index + 1 + usize::from(text.is_operator(index, "-"));
    let is_longer = matches!(
        text.kind(end),
        Some(TokenKind::String | TokenKind::OpenBracket | TokenKind::Dot | TokenKind::Colon)
    );
    (!is_longer).then_some(end)
}

/// The value that begins at this token, where its meaning is certain in all settings of the database.
pub(super) fn value_at(text: &Text<'_>, index: usize) -> Option<PinnedValue> {
    if text.is_operator(index, "-") {
        let number: i64 = text.text(index + 1).parse().ok()?;
        let is_plain = text.is_kind(index + 1, TokenKind::Number);
        return is_plain.then(|| PinnedValue::Constant(Value::Int(-number)));
    }
    let token = text.text(index);
    let value = match text.kind(index)? {
        TokenKind::Placeholder | TokenKind::NamedPlaceholder => {
            return Some(PinnedValue::Parameter(parameter(text, index)? - 1));
        }
        TokenKind::Number => Value::Int(token.parse().ok()?),
        TokenKind::String => Value::Text(plain_text(text, index)?),
        TokenKind::Word if text.is_word(index, "TRUE") => Value::Bool(true),
        TokenKind::Word if text.is_word(index, "FALSE") => Value::Bool(false),
        _ => return None,
    };
    Some(PinnedValue::Constant(value))
}

/// What a literal in single quotes says; `None` with a prefix, a character set before it, or a backslash.
fn plain_text(text: &Text<'_>, index: usize) -> Option<String> {
    let before = index.wrapping_sub(1);
    let has_prefix = text.word(before).starts_with('_') || text.is_any(before, &["BINARY", "COLLATE"]);
    let inner = text.text(index).strip_prefix('\'')?.strip_suffix('\'')?;
    let is_plain = !has_prefix && !inner.contains('\\');
    is_plain.then(|| inner.replace("''", "'"))
}

/// The number of the placeholder at this token, counted from 1.
fn parameter(text: &Text<'_>, index: usize) -> Option<usize> {
    let mut numbering = Numbering::new(text.dialect());
    let numbers = text
        .tokens()
        .iter()
        .map(|token| numbering.number(token, text.sql()));
    numbers.take(index + 1).last().flatten()
}
