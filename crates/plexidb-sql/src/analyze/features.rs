//! What the tokens of a statement show without any grammar: times, locks, variables, samples, operators.
//!
//! Invariant: this looks at every token, so that nothing which the parser drops or misreads can hide one of them.

use std::collections::BTreeSet;

use plexidb_core::Dialect;

use super::operators::is_known_in_postgres;
use super::text::Text;
use crate::kind::StatementKind;
use crate::profile::{FunctionCall, Profile};
use crate::reason::Reason;
use crate::scan::{TokenKind, name_content, string_content};
use crate::time_word::is_time_word;

/// Keywords that are calls of functions without parentheses.
const TIMES: &[&str] = &["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"];
const LOCAL_TIMES: &[&str] = &["LOCALTIME", "LOCALTIMESTAMP"];
const MYSQL_TIMES: &[&str] = &["UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP"];
const POSTGRES_SESSION: &[&str] = &[
    "CURRENT_USER",
    "SESSION_USER",
    "USER",
    "CURRENT_ROLE",
    "CURRENT_CATALOG",
    "CURRENT_SCHEMA",
    "SYSTEM_USER",
];
const MYSQL_SESSION: &[&str] = &["CURRENT_USER", "CURRENT_ROLE"];
const POSTGRES_SYSTEM_COLUMNS: &[&str] = &["ctid", "xmin", "xmax", "cmin", "cmax"];

/// What the tokens show.
#[derive(Default)]
pub(super) struct Features {
    refusal: Option<Reason>,
    functions: BTreeSet<FunctionCall>,
    has_limit: bool,
    /// It stores something in the session.
    changes_session: bool,
}

impl Features {
    /// Looks at every token.
    ///
    /// # Errors
    ///
    /// The reason for which the text cannot be trusted to mean what it seems to.
    pub(super) fn read(text: &Text<'_>) -> Result<Self, Reason> {
        let mut features = Self::default();
        for (index, token) in text.tokens().iter().enumerate() {
            let here = text.text(index);
            match token.kind {
                TokenKind::ExecutableComment => return Err(Reason::ExecutableComment),
                TokenKind::Unknown => return Err(Reason::DoesNotParse(format!("unexpected \"{here}\""))),
                TokenKind::String => features.read_string(here, text.dialect())?,
                TokenKind::QuotedName => features.read_name(here, text.dialect()),
                TokenKind::Variable => features.read_variable(text, index),
                TokenKind::Operator if text.dialect() == Dialect::Postgres && !is_known_in_postgres(here) => {
                    features.refuse(Reason::UnknownOperator(here.to_owned()));
                }
                TokenKind::Word => features.read_word(text, index),
                _ => {}
            }
        }
        Ok(features)
    }

    /// Adds what was seen to what the grammar told.
    pub(super) fn apply(self, profile: &mut Profile) {
        profile.functions.extend(self.functions);
        profile.has_limit |= self.has_limit;
        profile.refusal = Reason::weightier(profile.refusal.take(), self.refusal);
        let sets_session = profile.functions.iter().any(|call| changes_session(&call.name));
        if (self.changes_session || sets_session)
            && matches!(profile.kind, StatementKind::Read | StatementKind::Write)
        {
            profile.kind = StatementKind::Session;
        }
    }

    fn refuse(&mut self, reason: Reason) {
        self.refusal = Reason::weightier(self.refusal.take(), Some(reason));
    }

    fn call(&mut self, name: &str, arguments: usize) {
        self.functions.insert(FunctionCall {
            schema: None,
            name: name.to_ascii_lowercase(),
            arguments: Some(arguments),
            is_table: false,
        });
    }

    fn read_string(&mut self, literal: &str, dialect: Dialect) -> Result<(), Reason> {
        let is_plain = literal.starts_with('\'');
        if dialect == Dialect::Postgres && is_plain && literal.contains("\\'") {
            return Err(Reason::DoesNotParse(
                "a backslash before a quote ends the literal or not, depending on standard_conforming_strings".to_owned(),
            ));
        }
        let is_time = match dialect {
            Dialect::MySql => false,
            _ => string_content(literal)
                .map_or_else(|| may_hide_letters(literal), |content| is_time_word(&content)),
        };
        if is_time {
            self.refuse(Reason::TimeDependent(format!("the literal {literal}")));
        }
        Ok(())
    }

    /// SQLite reads a name in double quotes that names nothing as a literal.
    fn read_name(&mut self, quoted: &str, dialect: Dialect) {
        let content = name_content(quoted);
        let content = content.as_deref().unwrap_or_default();
        if dialect == Dialect::Sqlite && quoted.starts_with('"') && is_time_word(content) {
            self.refuse(Reason::TimeDependent(quoted.to_owned()));
        }
        if dialect == Dialect::Postgres && POSTGRES_SYSTEM_COLUMNS.contains(&content) {
            self.refuse(Reason::SystemColumn(content.to_owned()));
        }
    }

    fn read_variable(&mut self, text: &Text<'_>, index: usize) {
        self.refuse(Reason::UserVariable(text.text(index).to_owned()));
        let is_set = text.is_operator(index + 1, ":=")
            || (index > 0 && (text.is_word(index - 1, "INTO") || text.is_kind(index - 1, TokenKind::Comma)));
        self.changes_session |= is_set && !text.text(index).starts_with("@@");
    }

    fn read_word(&mut self, text: &Text<'_>, index: usize) {
        let word = text.text(index);
        let dialect = text.dialect();
        let before = index.wrapping_sub(1);
        let is_label = text.is_word(before, "AS");
        if dialect == Dialect::Postgres
            && !is_label
            && POSTGRES_SYSTEM_COLUMNS
                .iter()
                .any(|column| column.eq_ignore_ascii_case(word))
        {
            self.refuse(Reason::SystemColumn(word.to_ascii_lowercase()));
        }
        // Most words are short and common; the lists begin with few letters.
        if text.is_kind(before, TokenKind::Dot) || is_label {
            return;
        }
        if is_keyword_function(word, dialect) {
            self.call(word, 0);
        }
        match word.to_ascii_uppercase().as_str() {
            "LIMIT" | "FETCH" => self.has_limit = true,
            "FOR" => self.read_for(text, index),
            "LOCK" if text.is_word(index + 1, "IN") => self.refuse(Reason::Locking),
            "OPERATOR" if text.is_kind(index + 1, TokenKind::Open) => {
                self.refuse(Reason::UnknownOperator("OPERATOR()".to_owned()));
            }
            "TABLESAMPLE" => self.refuse(Reason::Sampling),
            "OUTFILE" | "DUMPFILE" if text.is_word(before, "INTO") => self.refuse(Reason::WritesFile),
            "SQL_CALC_FOUND_ROWS" => self.refuse(Reason::SessionState("SQL_CALC_FOUND_ROWS".to_owned())),
            "NEXT" | "PREVIOUS" if text.is_phrase(index + 1, &["VALUE", "FOR"]) => self.call("nextval", 1),
            _ => {}
        }
    }

    fn read_for(&mut self, text: &Text<'_>, index: usize) {
        let locks = text.is_any(index + 1, &["UPDATE", "SHARE"])
            || text.is_phrase(index + 1, &["NO", "KEY", "UPDATE"])
            || text.is_phrase(index + 1, &["KEY", "SHARE"]);
        if locks {
            self.refuse(Reason::Locking);
        }
        if text.is_any(index + 1, &["SYSTEM_TIME", "PORTION"]) {
            self.refuse(Reason::SystemVersioned);
        }
    }
}

fn is_keyword_function(word: &str, dialect: Dialect) -> bool {
    let is_any = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    is_any(TIMES)
        || match dialect {
            Dialect::Sqlite => false,
            Dialect::Postgres => is_any(LOCAL_TIMES) || is_any(POSTGRES_SESSION),
            Dialect::MySql => is_any(LOCAL_TIMES) || is_any(MYSQL_TIMES) || is_any(MYSQL_SESSION),
        }
}

/// Whether a literal with escapes may spell letters by their numbers.
fn may_hide_letters(literal: &str) -> bool {
    let is_unicode = literal.starts_with(['u', 'U']);
    let mut rest = literal.chars();
    while let Some(char) = rest.next() {
        if char == '\\' && (is_unicode || rest.next().is_some_and(|next| "xuU01234567".contains(next))) {
            return true;
        }
    }
    // Other escapes stand for signs; a letter after one (`\n`) may hide where a word begins.
    is_time_word(&literal.replace(['\\', '\''], " ")) || is_time_word(&without_escapes(literal))
}

fn without_escapes(literal: &str) -> String {
    let mut content = String::with_capacity(literal.len());
    let mut rest = literal.chars().skip_while(|char| *char != '\'').skip(1);
    while let Some(char) = rest.next() {
        match char {
            '\\' => match rest.next() {
                Some('b' | 'f' | 'n' | 'r' | 't') | None => content.push(' '),
                Some(other) => content.push(other),
            },
            '\'' => {}
            other => content.push(other),
        }
    }
    content
}

/// Functions that leave something in the session: settings, locks.
fn changes_session(name: &str) -> bool {
    matches!(
        name,
        "set_config"
            | "setseed"
            | "get_lock"
            | "release_lock"
            | "release_all_locks"
            | "pg_advisory_lock"
            | "pg_advisory_lock_shared"
            | "pg_try_advisory_lock"
            | "pg_try_advisory_lock_shared"
            | "pg_advisory_unlock"
            | "pg_advisory_unlock_all"
            | "pg_advisory_unlock_shared"
            | "load_extension"
    )
}
