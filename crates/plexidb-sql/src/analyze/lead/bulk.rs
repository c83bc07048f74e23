//! Statements that change whole tables and have a grammar of their own: TRUNCATE, COPY, LOAD DATA, REFRESH.
//!
//! Invariant: what is not of the plain form is unbounded.

use plexidb_core::Dialect;

use super::{Lead, known};
use crate::analyze::text::Text;
use crate::kind::StatementKind;
use crate::profile::{Change, Effect, Profile, RelationName, WriteTarget};
use crate::reason::{Reason, Unbounded};
use crate::scan::TokenKind;

/// Classifies the bulk statements; `None` for everything else.
pub(super) fn classify(text: &Text<'_>) -> Option<Result<Lead, Reason>> {
    let is_mysql = text.dialect() == Dialect::MySql;
    if text.is_word(0, "TRUNCATE") {
        // MySQL drops the table and makes it anew, which commits.
        return Some(Ok(if is_mysql {
            known(text, StatementKind::Ddl, Effect::Unbounded(Unbounded::Schema))
        } else {
            write(text, truncate(text))
        }));
    }
    if text.is_word(0, "COPY") {
        return Some(Ok(copy(text)));
    }
    if is_mysql && text.is_word(0, "LOAD") && text.is_any(1, &["DATA", "XML"]) {
        return Some(Ok(write(text, load(text))));
    }
    if text.is_phrase(0, &["REFRESH", "MATERIALIZED", "VIEW"]) {
        let at = if text.is_word(3, "CONCURRENTLY") { 4 } else { 3 };
        let targets = relation(text, at).map(|(name, _)| {
            vec![WriteTarget {
                name,
                change: Change::Refresh,
            }]
        });
        return Some(Ok(write(text, targets)));
    }
    None
}

/// A write to these tables, or to anything where they are not known.
fn write(text: &Text<'_>, targets: Option<Vec<WriteTarget>>) -> Lead {
    let mut profile = Profile::bare(text.dialect(), StatementKind::Write);
    match targets {
        Some(targets) => profile.targets = targets,
        None => profile.effect = Effect::Unbounded(Unbounded::Anything),
    }
    Lead::Known(Box::new(profile))
}

/// The name that begins here and the index after it.
fn relation(text: &Text<'_>, at: usize) -> Option<(RelationName, usize)> {
    let first = text.name(at)?;
    if !text.is_kind(at + 1, TokenKind::Dot) {
        return Some((RelationName::bare(first), at + 1));
    }
    let name = text.name(at + 2)?;
    (!text.is_kind(at + 3, TokenKind::Dot)).then_some((
        RelationName {
            schema: Some(first),
            name,
        },
        at + 3,
    ))
}

fn truncate(text: &Text<'_>) -> Option<Vec<WriteTarget>> {
    let is_cascading = text.is_word(text.len().checked_sub(1)?, "CASCADE");
    let mut at = if text.is_word(1, "TABLE") { 2 } else { 1 };
    let mut targets = Vec::new();
    loop {
        at += usize::from(text.is_word(at, "ONLY"));
        let (name, after) = relation(text, at)?;
        targets.push(WriteTarget {
            name,
            change: Change::Truncate { is_cascading },
        });
        at = after + usize::from(text.is_operator(after, "*"));
        if !text.is_kind(at, TokenKind::Comma) {
            break;
        }
        at += 1;
    }
    let is_end = at == text.len() || text.is_any(at, &["RESTART", "CONTINUE", "CASCADE", "RESTRICT"]);
    is_end.then_some(targets)
}

/// `COPY t FROM` adds rows, `COPY t TO` sends them; a query in parentheses may do anything.
fn copy(text: &Text<'_>) -> Lead {
    let Some((name, mut at)) = relation(text, 1) else {
        return write(text, None);
    };
    if text.is_kind(at, TokenKind::Open) {
        at = (at..text.len())
            .find(|index| text.is_kind(*index, TokenKind::Close))
            .map_or(text.len(), |close| close + 1);
    }
    if text.is_word(at, "FROM") {
        return write(
            text,
            Some(vec![WriteTarget {
                name,
                change: Change::Insert,
            }]),
        );
    }
    if text.is_word(at, "TO") {
        return known(text, StatementKind::Read, Effect::Targets);
    }
    write(text, None)
}

/// `LOAD DATA … [REPLACE] INTO TABLE t`.
fn load(text: &Text<'_>) -> Option<Vec<WriteTarget>> {
    let into = (2..text.len()).find(|index| text.is_phrase(*index, &["INTO", "TABLE"]))?;
    // `SET column = f()` computes values.
    let calls = (into..text.len()).find(|index| text.is_word(*index, "SET"));
    let (name, _) = relation(text, into + 2)?;
    let change = |change| WriteTarget {
        name: name.clone(),
        change,
    };
    calls
        .is_none()
        .then(|| vec![change(Change::Insert), change(Change::Delete)])
}
