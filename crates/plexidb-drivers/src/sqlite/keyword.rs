//! What a statement is by its first words, for what `sqlite3_stmt_readonly` does not tell: BEGIN, COMMIT and many
//! PRAGMAs count as read-only there although they change the session.

#[cfg(test)]
mod tests;

/// The kind of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It reads tables and changes nothing.
    Read,
    /// It inserts rows, and may change others.
    Insert,
    /// It changes or deletes rows.
    Change,
    /// It reads a setting or the schema.
    ReadSetting,
    /// Anything else: DDL, transactions, settings, ATTACH, VACUUM.
    Other,
}

impl Kind {
    /// The kind of a statement that SQLite calls read-only, or not.
    pub(super) fn of(sql: &str, is_read_only: bool) -> Self {
        let (word, rest) = next_word(sql);
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if is_read_only {
            if ["SELECT", "VALUES", "WITH", "EXPLAIN"].into_iter().any(is) {
                Self::Read
            } else if is("PRAGMA") && pragma_reads(rest) {
                Self::ReadSetting
            } else {
                Self::Other
            }
        } else if is("INSERT") || is("REPLACE") {
            Self::Insert
        } else if is("UPDATE") || is("DELETE") {
            Self::Change
        } else if is("WITH") {
            let text = sql.to_ascii_lowercase();
            if text.contains("insert") || text.contains("replace") {
                Self::Insert
            } else {
                Self::Change
            }
        } else {
            Self::Other
        }
    }
}

/// Whether a statement may change how the connection commits, or to which files.
pub(super) fn may_change_commits(sql: &str) -> bool {
    let (word, _) = next_word(sql);
    ["PRAGMA", "ATTACH"]
        .into_iter()
        .any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// What a statement that controls a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// It starts a transaction without a lock, or sets a savepoint.
    Start,
    /// It starts a transaction with the write lock.
    Lock,
    /// It ends a transaction or a savepoint.
    End,
    /// It is something else.
    Other,
}

impl Control {
    pub(super) fn of(sql: &str) -> Self {
        let (word, rest) = next_word(sql);
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if is("SAVEPOINT") {
            Self::Start
        } else if is("BEGIN") {
            let (mode, _) = next_word(rest);
            if ["IMMEDIATE", "EXCLUSIVE"]
                .into_iter()
                .any(|keyword| mode.eq_ignore_ascii_case(keyword))
            {
                Self::Lock
            } else {
                Self::Start
            }
        } else if ["COMMIT", "END", "RELEASE", "ROLLBACK"].into_iter().any(is) {
            Self::End
        } else {
            Self::Other
        }
    }
}

/// PRAGMAs that only tell something when they are given no value.
const READABLE: [&str; 42] = [
    "application_id",
    "auto_vacuum",
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "cache_spill",
    "cell_size_check",
    "checkpoint_fullfsync",
    "collation_list",
    "compile_options",
    "data_version",
    "database_list",
    "defer_foreign_keys",
    "encoding",
    "foreign_keys",
    "freelist_count",
    "fullfsync",
    "function_list",
    "hard_heap_limit",
    "journal_mode",
    "journal_size_limit",
    "legacy_alter_table",
    "locking_mode",
    "max_page_count",
    "mmap_size",
    "module_list",
    "page_count",
    "page_size",
    "pragma_list",
    "query_only",
    "read_uncommitted",
    "recursive_triggers",
    "reverse_unordered_selects",
    "schema_version",
    "secure_delete",
    "soft_heap_limit",
    "synchronous",
    "temp_store",
    "threads",
    "trusted_schema",
    "user_version",
    "wal_autocheckpoint",
];

/// PRAGMAs whose argument names what to look at.
const LOOKING: [&str; 10] = [
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Whether the PRAGMA with this text behind the keyword changes nothing. What is not known is said to change.
fn pragma_reads(text: &str) -> bool {
    let (mut name, mut rest) = next_word(text);
    if let Some(behind) = skip_blanks(rest).strip_prefix('.') {
        (name, rest) = next_word(behind);
    }
    let name = name.to_ascii_lowercase();
    let has_value = !skip_blanks(rest)
        .trim_matches([';', ' ', '\n', '\t', '\r'])
        .is_empty();
    LOOKING.contains(&name.as_str()) || (!has_value && READABLE.contains(&name.as_str()))
}

/// The first word of a statement and what follows it; blanks and comments before it are skipped.
pub(super) fn next_word(sql: &str) -> (&str, &str) {
    let sql = skip_blanks(sql);
    let end = sql
        .find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .unwrap_or(sql.len());
    sql.split_at(end)
}

/// The text behind leading blanks and comments.
pub(super) fn skip_blanks(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start();
        let behind = if let Some(comment) = sql.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, behind)| behind)
        } else if let Some(comment) = sql.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, behind)| behind)
        } else {
            return sql;
        };
        sql = behind;
    }
}
