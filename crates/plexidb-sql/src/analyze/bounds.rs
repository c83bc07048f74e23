//! Bounds on what is given to the parser, so that no text can exhaust the stack or the time.
//!
//! Limits: 40 nested parentheses or brackets, 3,000 tokens between two commas, 400 set operators, 100,000 tokens.

use plexidb_core::Dialect;
use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};

use super::text::Text;
use crate::reason::Reason;
use crate::scan::TokenKind;

/// How deep the parser may recurse; it grows its stack as it does.
pub(super) const RECURSION_MAX: usize = 160;
const DEPTH_MAX: usize = 40;
/// A chain of operators becomes a tree as deep as the chain is long, which is dropped recursively.
const RUN_TOKENS_MAX: usize = 3_000;
const SET_OPERATORS_MAX: usize = 400;
const TOKENS_MAX: usize = 100_000;

/// The parser's grammar for a dialect.
pub(super) fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::MySql => &MySqlDialect {},
    }
}

/// Refuses what is too deep. The number of tokens is checked where constant rows have been left out.
pub(super) fn check(text: &Text<'_>, from: usize) -> Result<(), Reason> {
    let mut runs = vec![0_usize];
    let mut set_operators = 0;
    for index in from..text.len() {
        match text.kind(index) {
            Some(TokenKind::Open | TokenKind::OpenBracket) => runs.push(0),
            Some(TokenKind::Close | TokenKind::CloseBracket) if runs.len() > 1 => {
                runs.pop();
            }
            Some(TokenKind::Comma) => {
                if let Some(run) = runs.last_mut() {
                    *run = 0;
                }
            }
            _ => {}
        }
        if let Some(run) = runs.last_mut() {
            *run += 1;
        }
        if text.is_any(index, &["UNION", "EXCEPT", "INTERSECT", "MINUS"]) {
            set_operators += 1;
        }
        let is_too_deep = runs.len() > DEPTH_MAX || runs.last().is_some_and(|run| *run > RUN_TOKENS_MAX);
        if is_too_deep || set_operators > SET_OPERATORS_MAX {
            return Err(Reason::TooLarge);
        }
    }
    Ok(())
}

/// Refuses more tokens than the parser should see.
pub(super) fn check_count(tokens: usize) -> Result<(), Reason> {
    if tokens > TOKENS_MAX {
        Err(Reason::TooLarge)
    } else {
        Ok(())
    }
}
