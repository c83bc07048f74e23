//! Statements that return the keys of the rows which they write: RETURNING added, or the user's own list extended.
//!
//! Invariant: nothing of the text changes but what is added behind its last token, so that the user's columns come first
//! and as before; where the grammar might not take that, or a column's name might be another table's, there is none.

use plexidb_core::{Catalog, Comparison, Dialect, Key, KeyKind, Table, TableKind};

use super::image::{Image, Values};
use super::keys;
use super::lookup::{ancestors, descendants};
use super::writes::{Event, Step};
use crate::change::ChangeDetail;
use crate::plan::{KeyImage, Learning, PINNED_VALUES_MAX, TouchedKey, WritePlan};
use crate::profile::Profile;
use crate::scan::{Token, TokenKind, scan};

mod lookup;
#[cfg(test)]
mod tests;

/// What kind of statement returns rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Insert,
    Update,
    Delete,
}

/// Marks the keys whose values RETURNING can tell, and says how. The statement's text is still missing: see
/// [`Footprint::with_statement`](crate::Footprint::with_statement).
pub(super) fn prepare(plan: &mut WritePlan, steps: &[Step<'_>], profile: &Profile, catalog: &Catalog) {
    let mut columns: Vec<String> = Vec::new();
    let mut images = Vec::new();
    let mut target = None;
    for (step, touch) in steps.iter().zip(&mut plan.tables) {
        if !is_learnable(step, profile, catalog) {
            continue;
        }
        target = Some(step);
        for key in keys::keys(step.table) {
            // A value that the database makes tells nothing that a read could depend on but its absence.
            let is_made = step.event == Event::Insert && key.columns.iter().any(|column| column.is_auto);
            let touched = touch.keys.iter_mut().filter(|touched| touched.space == key.space);
            // What RETURNING shows of an update is the new row: of a key that may move, the second of two.
            let touched = touched
                .last()
                .filter(|touched| touched.key == TouchedKey::Unknown && !is_made);
            let Some(touched) = touched else { continue };
            touched.is_learnt = true;
            let positions: Vec<(usize, Comparison)> = key
                .columns
                .iter()
                .map(|column| {
                    let known = columns.iter().position(|name| *name == column.name);
                    let position = known.unwrap_or_else(|| {
                        columns.push(column.name.clone());
                        columns.len() - 1
                    });
                    (position, column.comparison)
                })
                .collect();
            images.push(KeyImage {
                space: key.space,
                columns: positions,
                facets: touched.facets.clone(),
            });
        }
    }
    let needs_lookup = is_mysql_update(profile, catalog);
    let lookup = target
        .filter(|_| needs_lookup)
        .and_then(|step| lookup::of_update(step, profile, &columns));
    if !images.is_empty() && needs_lookup == lookup.is_some() {
        plan.learning = Some(Learning {
            sql: String::new(),
            added_columns: columns.len(),
            columns,
            images,
            lookup,
        });
    }
}

/// MariaDB has RETURNING for other statements alone, MySQL for none.
fn is_mysql_update(profile: &Profile, catalog: &Catalog) -> bool {
    catalog.dialect() == Dialect::MySql && matches!(profile.detail, Some(ChangeDetail::Update { .. }))
}

/// Whether RETURNING shows all rows to which this happens, and they are few.
fn is_learnable(step: &Step<'_>, profile: &Profile, catalog: &Catalog) -> bool {
    let table = step.table;
    let is_plain = step.is_target
        && table.kind == TableKind::Table
        // PostgreSQL returns rows as triggers have made them; what else triggers write is a step of its own. SQLite's
        // RETURNING does not see them, nor need MariaDB's key lead to the row any more.
        && (table.triggers.is_empty() || catalog.dialect() == Dialect::Postgres)
        // What a policy hides from a reader, RETURNING refuses to return.
        && table.is_readable
        && !table.has_row_security
        && ancestors(catalog, table).is_empty()
        && descendants(catalog, table).is_empty()
        && (has_returning(catalog) || is_mysql_update(profile, catalog));
    let is_few = match (&profile.detail, &step.event) {
        // The rows that a REPLACE removes are not shown.
        (Some(ChangeDetail::Insert { rows: Some(_), .. }), Event::Insert | Event::Update { .. }) => true,
        (Some(ChangeDetail::Update { .. }), Event::Update { .. }) => is_bounded(step, table),
        (Some(ChangeDetail::Delete { .. }), Event::Delete) => is_bounded(step, table),
        _ => false,
    };
    is_plain && is_few
}

/// Whether the rows have one of few values of a unique key.
fn is_bounded(step: &Step<'_>, table: &Table) -> bool {
    bounding_keys(step, table).next().is_some()
}

/// The unique keys of which the rows have one of few values.
fn bounding_keys<'c>(step: &Step<'_>, table: &'c Table) -> impl Iterator<Item = &'c Key> {
    let values = match &step.image {
        Image::Fixed(values) => values.clone(),
        Image::Rows(_) | Image::Unknown => Values::default(),
    };
    let unique = table.keys.iter().filter(|key| key.kind != KeyKind::Index);
    unique.filter(move |key| {
        let counts = key.columns.iter().map(|column| values.of(column).map(<[_]>::len));
        counts
            .reduce(|all, count| Some(all?.saturating_mul(count?)))
            .flatten()
            .is_some_and(|count| count <= PINNED_VALUES_MAX)
    })
}

/// Whether the server's version knows RETURNING at all; see [`extended`] for which statements.
pub(super) fn has_returning(catalog: &Catalog) -> bool {
    let version = catalog.server_version.as_str();
    match catalog.dialect() {
        Dialect::Postgres => true,
        Dialect::Sqlite => is_at_least(version, (3, 35)),
        // MariaDB may put the version of a MySQL that it stands in for before its own.
        Dialect::MySql => {
            let own = version.strip_prefix("5.5.5-").unwrap_or(version);
            own.to_ascii_lowercase().contains("mariadb") && is_at_least(own, (10, 5))
        }
    }
}

/// The statement with these columns of its target at the end of what it returns. `None` where it is not certain that the
/// database takes it and means the target's columns: anything but a single INSERT of listed rows, UPDATE or DELETE of one
/// table, and MariaDB's UPDATE. Whether the server knows RETURNING is [`has_returning`]'s to say, and that the target is a
/// table whose rows nobody changes afterwards, the caller's.
pub(super) fn extended(sql: &str, dialect: Dialect, columns: &[&str]) -> Option<String> {
    if columns.is_empty() {
        return None;
    }
    let statement = Statement::read(sql, dialect)?;
    statement.verb.filter(|verb| statement.takes_returning(*verb))?;
    let separator = match statement.returning()? {
        Some(_) => ", ",
        None => " RETURNING ",
    };
    let end = statement.tokens.last()?.end;
    let mut text = String::with_capacity(sql.len() + 16 + columns.len() * 16);
    text.push_str(sql.get(..end)?);
    for (index, column) in columns.iter().enumerate() {
        text.push_str(if index == 0 { separator } else { ", " });
        push_name(&mut text, column, dialect);
    }
    text.push_str(sql.get(end..)?);
    Some(text)
}

/// A name in quotes. In SQLite a name in double quotes that names nothing is a literal, which would pass for a key.
fn push_name(text: &mut String, name: &str, dialect: Dialect) {
    let quote = match dialect {
        Dialect::Postgres => '"',
        Dialect::Sqlite | Dialect::MySql => '`',
    };
    text.push(quote);
    for char in name.chars() {
        if char == quote {
            text.push(quote);
        }
        text.push(char);
    }
    text.push(quote);
}

fn is_at_least(version: &str, wanted: (u32, u32)) -> bool {
    let mut numbers = version
        .split(|char: char| !char.is_ascii_digit())
        .map(|digits| digits.parse::<u32>().unwrap_or_default());
    let own = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    own >= wanted
}

/// A single statement without the delimiters behind it.
struct Statement<'a> {
    sql: &'a str,
    dialect: Dialect,
    tokens: Vec<Token>,
    /// The tokens outside of all parentheses, by index.
    outer: Vec<usize>,
    verb: Option<Verb>,
}

impl<'a> Statement<'a> {
    fn read(sql: &'a str, dialect: Dialect) -> Option<Self> {
        let mut tokens: Vec<Token> = scan(sql, dialect).collect();
        let is_plain = |token: &Token| {
            token.is_complete && !matches!(token.kind, TokenKind::Unknown | TokenKind::ExecutableComment)
        };
        if !tokens.iter().all(is_plain) {
            return None;
        }
        tokens.retain(Token::is_significant);
        while tokens
            .pop_if(|token| token.kind == TokenKind::Semicolon)
            .is_some()
        {}
        let mut outer = Vec::new();
        let mut depth = 0_usize;
        for (index, token) in tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Semicolon => return None,
                TokenKind::Open | TokenKind::OpenBracket => depth += 1,
                TokenKind::Close | TokenKind::CloseBracket => depth = depth.checked_sub(1)?,
                _ if depth == 0 => outer.push(index),
                _ => {}
            }
        }
        let mut statement = Self {
            sql,
            dialect,
            tokens,
            outer,
            verb: None,
        };
        statement.verb = match statement.word(0).to_ascii_uppercase().as_str() {
            "INSERT" => Some(Verb::Insert),
            "REPLACE" if dialect != Dialect::Postgres => Some(Verb::Insert),
            "UPDATE" => Some(Verb::Update),
            "DELETE" => Some(Verb::Delete),
            _ => None,
        };
        (depth == 0).then_some(statement)
    }

    /// Whether RETURNING may stand at the end, and names in it mean the target's columns alone.
    fn takes_returning(&self, verb: Verb) -> bool {
        let is_mysql = self.dialect == Dialect::MySql;
        // SQLite has these behind RETURNING.
        let has_order = self.dialect == Dialect::Sqlite && self.has_any(&["ORDER", "LIMIT"]);
        match verb {
            Verb::Insert => {
                let is_listed = self.has_any(&["VALUES", "VALUE"])
                    || (is_mysql && !self.has_any(&["ON"]) && self.has("SET"));
                // The rows of `INSERT … SET` come last; those of a query have a grammar of their own.
                is_listed && !self.has_any(&["SELECT", "TABLE", "DELAYED", "OVERWRITE"])
            }
            Verb::Update => !is_mysql && !has_order && !self.has_from(),
            Verb::Delete => {
                let is_single = !is_mysql || self.is_delete_of_one();
                is_single && !has_order && !self.has("USING")
            }
        }
    }

    /// Whether MySQL's DELETE has the form for a single table, where FROM comes at once. With USING it has not.
    fn is_delete_of_one(&self) -> bool {
        const MODIFIERS: &[&str] = &["LOW_PRIORITY", "QUICK", "IGNORE"];
        let is_modifier = |index: &usize| MODIFIERS.iter().any(|word| self.is_word(*index, word));
        let lead = (1..self.tokens.len()).find(|index| !is_modifier(index));
        lead.is_some_and(|lead| self.is_word(lead, "FROM"))
    }

    /// Whether an UPDATE joins other tables, whose columns may have the same names.
    fn has_from(&self) -> bool {
        self.outer.iter().any(|index| {
            let is_distinct = index
                .checked_sub(1)
                .is_some_and(|before| self.is_word(before, "DISTINCT"));
            self.is_word(*index, "FROM") && !is_distinct
        })
    }

    /// Where the user's own RETURNING stands; `None` where that is not certain.
    fn returning(&self) -> Option<Option<usize>> {
        let mut found = None;
        for index in self
            .outer
            .iter()
            .copied()
            .filter(|index| self.is_word(*index, "RETURNING"))
        {
            let before = index.checked_sub(1)?;
            match self.tokens.get(before).map(|token| token.kind) {
                // It names something.
                Some(TokenKind::Dot) => continue,
                _ if self.is_word(before, "AS") => continue,
                Some(TokenKind::Comma | TokenKind::Operator) => return None,
                _ => {}
            }
            let is_last = index + 1 == self.tokens.len();
            if found.is_some() || is_last {
                return None;
            }
            found = Some(index);
        }
        Some(found)
    }

    fn has(&self, word: &str) -> bool {
        self.outer.iter().any(|index| self.is_word(*index, word))
    }

    fn has_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.has(word))
    }

    fn is_word(&self, index: usize, word: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(word)
    }

    /// The text of an unquoted word; empty where there is none.
    fn word(&self, index: usize) -> &'a str {
        self.tokens
            .get(index)
            .filter(|token| token.kind == TokenKind::Word)
            .map(|token| token.text(self.sql))
            .unwrap_or_default()
    }
}
