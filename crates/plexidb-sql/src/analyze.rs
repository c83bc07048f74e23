//! The text of a statement into its profile: scanned once, parsed once, cross-checked.
//!
//! Invariant: a name that the parser lost, or that nobody can attribute, makes the statement unknown; unknown is never
//! "no dependency". It knows no catalog.

use plexidb_core::Dialect;
use sqlparser::ast::{Statement, Visit};
use sqlparser::parser::Parser;

mod blocks;
mod bounds;
mod bridge;
mod changes;
mod collector;
mod columns;
mod crosscheck;
mod features;
mod lead;
mod operators;
mod pins;
mod scope;
mod targets;
#[cfg(test)]
mod tests;
mod text;
mod time_operand;

use bridge::Bridge;
use collector::Collector;
use features::Features;
use lead::Lead;
use text::Text;

use crate::fingerprint::fingerprint;
use crate::kind::StatementKind;
use crate::names::Numbering;
use crate::profile::{Effect, Profile};
use crate::reason::{Reason, Unbounded};
use crate::scan::{Token, scan};

impl Profile {
    /// Analyses a statement. This never fails: what is not understood is of the kind [`StatementKind::Unknown`].
    ///
    /// ```
    /// use plexidb_core::Dialect;
    /// use plexidb_sql::{Profile, StatementKind};
    /// let profile = Profile::analyze("SELECT name FROM users WHERE id = 7", Dialect::Sqlite);
    /// assert_eq!(profile.kind(), StatementKind::Read);
    /// assert_eq!(profile.normalised(), "select name from users where id = ?");
    /// assert_eq!(profile.relations()[0].name.to_string(), "users");
    /// ```
    #[must_use]
    pub fn analyze(sql: &str, dialect: Dialect) -> Self {
        let mut tokens: Vec<Token> = scan(sql, dialect).collect();
        // Only the last token can lack its end.
        let is_complete = tokens.last().is_none_or(|token| token.is_complete);
        tokens.retain(Token::is_significant);
        let (normalised, hash) = fingerprint(sql, &tokens, dialect);
        let text = Text::new(sql, dialect, tokens);
        let understood = if is_complete {
            understand(&text)
        } else {
            Err(Reason::DoesNotParse(
                "a literal, name or comment is not terminated".to_owned(),
            ))
        };
        let mut profile = match understood {
            Ok(profile) => profile,
            Err(reason) => Self {
                effect: Effect::Unbounded(Unbounded::NotUnderstood(reason.clone())),
                refusal: Some(reason),
                ..Self::bare(dialect, StatementKind::Unknown)
            },
        };
        let mut numbering = Numbering::new(dialect);
        for token in text.tokens() {
            numbering.number(token, sql);
        }
        profile.placeholders = numbering.count();
        profile.normalised = normalised;
        profile.fingerprint = hash;
        profile
    }
}

fn understand(text: &Text<'_>) -> Result<Profile, Reason> {
    let features = Features::read(text)?;
    let mut profile = match lead::classify(text)? {
        Lead::Known(profile) => *profile,
        Lead::Grammar { from, wrapper } => {
            let mut profile = parsed(text, from)?;
            if wrapper.is_some() {
                profile.refusal = wrapper;
            }
            profile
        }
    };
    features.apply(&mut profile);
    Ok(profile)
}

/// Parses what begins at this token and collects its names.
fn parsed(text: &Text<'_>, from: usize) -> Result<Profile, Reason> {
    bounds::check(text, from)?;
    let bridge = Bridge::build(text, from)?;
    let Bridge {
        tokens,
        marks,
        selects_added,
    } = bridge;
    let mut collector = Collector::new(text, marks);
    let mut parser = Parser::new(bounds::grammar(text.dialect()))
        .with_recursion_limit(bounds::RECURSION_MAX)
        .with_tokens_with_locations(tokens);
    let statement = parser
        .parse_statement()
        .map_err(|error| Reason::DoesNotParse(message(&error)))?;
    let rest = parser.peek_token();
    if rest.token != sqlparser::tokenizer::Token::EOF {
        return Err(Reason::DoesNotParse(format!(
            "unexpected \"{}\" after the end of the statement",
            rest.token
        )));
    }
    // The visitor never breaks off: its findings are all in the collector.
    let _ = statement.visit(&mut collector);
    if let Statement::Query(query) = &statement {
        collector.read_outermost(query);
    }
    if let Some(problem) = collector.problem.take() {
        return Err(problem);
    }
    crosscheck::check(text, from, &mut collector, selects_added)?;
    collector.note_names(from);
    collector.profile.detail = collector.detail(&statement);
    Ok(finished(text, &statement, collector.profile))
}

fn finished(text: &Text<'_>, statement: &Statement, mut profile: Profile) -> Profile {
    profile.equality_keys = columns::equality_keys(text, statement);
    let is_read = profile.targets.is_empty() && profile.effect == Effect::Targets;
    if is_read {
        profile.kind = StatementKind::Read;
    } else {
        profile.refusal = Some(Reason::Writes);
    }
    profile
}

/// The parser's message without its own name for itself and the place, which counts tokens.
fn message(error: &sqlparser::parser::ParserError) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("sql parser error: ").unwrap_or(&text);
    text.rfind(" at Line:")
        .map_or(text, |at| text.get(..at).unwrap_or(text))
        .to_owned()
}
