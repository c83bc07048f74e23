//! Completion of keywords, tables, columns and the shell's commands.

use plexidb::{Catalog, Database};
use reedline::{Completer, CompletionResult, Span, Suggestion};

use crate::sql::meta;

#[cfg(test)]
mod tests;

/// Words that begin or structure statements in every dialect.
const KEYWORDS: &[&str] = &[
    "ALTER",
    "AND",
    "AS",
    "ASC",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CASE",
    "COMMIT",
    "COUNT",
    "CREATE",
    "CROSS",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "IN",
    "INDEX",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "PRIMARY",
    "REFERENCES",
    "RELEASE",
    "RETURNING",
    "RIGHT",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "TABLE",
    "THEN",
    "TRUE",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WITH",
];
/// More suggestions than this help nobody.
const SUGGESTIONS_MAX: usize = 60;

/// Completes from the schema as it is when the key is pressed.
pub(super) struct SqlCompleter {
    database: Database,
}

impl SqlCompleter {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }
}

impl Completer for SqlCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let before = line.get(..pos).unwrap_or_default();
        let word = word_before_cursor(before);
        let span = Span::new(pos - word.len(), pos);
        let values = match word.is_empty() {
            true => Vec::new(),
            false => candidates(before, word, &self.database.catalog()),
        };
        let suggestion = |value| Suggestion {
            value,
            span,
            append_whitespace: true,
            ..Suggestion::default()
        };
        CompletionResult::fresh(values.into_iter().map(suggestion).collect::<Vec<_>>())
    }
}

/// The word that is being typed.
fn word_before_cursor(before: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '\\' | '?');
    let rest = before.trim_end_matches(is_part);
    before.get(rest.len()..).unwrap_or_default()
}

/// What begins like the word: commands at the beginning of the line, else tables, columns and keywords.
fn candidates(before: &str, word: &str, catalog: &Catalog) -> Vec<String> {
    let is_match = |name: &&str| {
        name.len() > word.len()
            && name
                .get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    if word.starts_with('\\') {
        let is_first = before.trim() == word;
        return meta::NAMES
            .iter()
            .copied()
            .filter(is_match)
            .filter(|_| is_first)
            .map(str::to_owned)
            .collect();
    }
    let tables = catalog.tables().iter().map(|table| table.name.name.as_str());
    let columns = catalog
        .tables()
        .iter()
        .flat_map(|table| &table.columns)
        .map(|column| column.name.as_str());
    let mut names: Vec<String> = tables.filter(is_match).map(str::to_owned).collect();
    let mut column_names: Vec<String> = columns.filter(is_match).map(str::to_owned).collect();
    for list in [&mut names, &mut column_names] {
        list.sort_unstable();
        list.dedup();
    }
    column_names.retain(|name| names.binary_search(name).is_err());
    names.append(&mut column_names);
    // Keywords in the case in which the user writes.
    let is_lower = word.chars().all(|c| !c.is_uppercase());
    let cased = |name: &str| {
        if is_lower {
            name.to_lowercase()
        } else {
            name.to_owned()
        }
    };
    names.extend(KEYWORDS.iter().copied().filter(is_match).map(cased));
    names.truncate(SUGGESTIONS_MAX);
    names
}
