//! Row-level security: what a request that carries a security scope reads besides its statement.
//!
//! Invariant: a policy is a condition in every place where its table is read. One that is not understood to its last call
//! refuses; settings of the session are read by `current_setting` with a literal name alone, and each such name is noted.

use std::collections::{BTreeMap, BTreeSet};

use plexidb_core::{Catalog, Dialect, Table, TableName, Volatility};

use super::reads::Reads;
use crate::plan::ReadPlan;
use crate::profile::Profile;
use crate::reason::Reason;
use crate::scan::{Token, TokenKind, scan};

#[cfg(test)]
mod tests;

/// Policies may read tables that have policies; deeper than this is no schema that anybody made.
const POLICY_DEPTH_MAX: usize = 16;
const CURRENT_SETTING: &str = "current_setting";

/// A read of tables under row-level security, as a request with a security scope runs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopedRead {
    /// The session variables, in lower case, that the policies read. The scope must set all of them.
    pub names: Vec<String>,
    /// What the result depends on, that of the policies included.
    pub reads: ReadPlan,
    /// The base tables on which it depends, those of the policies included.
    pub depends_on: Vec<TableName>,
    /// Why the result may not even be cached under a scope.
    pub refusal: Option<Reason>,
}

/// The policies that were met.
#[derive(Default)]
pub(super) struct Policies {
    pub(super) names: BTreeSet<String>,
    policed: BTreeMap<TableName, Vec<Profile>>,
    depth: usize,
}

impl Policies {
    /// The policies of this table, each as a statement that reads it; none where it has none.
    pub(super) fn of(&self, table: &TableName) -> &[Profile] {
        self.policed.get(table).map_or(&[], Vec::as_slice)
    }
}

impl<'c> Reads<'c> {
    /// Reads what decides which rows of the table a session sees.
    pub(super) fn read_policies(&mut self, table: &'c Table) {
        self.has_row_security = true;
        let Some(policies) = self.policies.as_mut() else {
            return self.refuse(Some(Reason::RowSecurity(table.name.to_string())));
        };
        if policies.policed.contains_key(&table.name) {
            return;
        }
        // Without policies nobody sees a row; but a catalog that does not tell them looks the same.
        if table.row_policies.is_empty() {
            return self.refuse(Some(Reason::RowSecurity(table.name.to_string())));
        }
        if policies.depth >= POLICY_DEPTH_MAX {
            return self.refuse(Some(Reason::TooLarge));
        }
        // Noted before they are read: policies may lead back to the table.
        policies.policed.insert(table.name.clone(), Vec::new());
        policies.depth += 1;
        let before = self.refusal.take();
        for policy in &table.row_policies {
            self.read_policy(table, policy);
        }
        let inside = self.refusal.take().map(|reason| Reason::Policy {
            table: table.name.to_string(),
            reason: Box::new(reason),
        });
        self.refusal = Reason::weightier(before, inside);
        if let Some(policies) = self.policies.as_mut() {
            policies.depth -= 1;
        }
    }

    fn read_policy(&mut self, table: &'c Table, policy: &str) {
        let dialect = self.catalog.dialect();
        let sql = format!("SELECT 1 FROM {} WHERE ({policy})", quoted(&table.name));
        let mut profile = Profile::analyze(&sql, dialect);
        if let Some(names) = settings_of(policy, self.catalog) {
            profile.functions.retain(|call| call.name != CURRENT_SETTING);
            if let Some(policies) = self.policies.as_mut() {
                policies.names.extend(names);
            }
        }
        self.read_as_policy(&profile, table);
        if let Some(policies) = self.policies.as_mut() {
            policies
                .policed
                .entry(table.name.clone())
                .or_default()
                .push(profile);
        }
    }
}

/// The names of the settings that the text reads; `None` where one of them is not plain to see.
fn settings_of(policy: &str, catalog: &Catalog) -> Option<Vec<String>> {
    // Of a user's function by that name nothing is known.
    if catalog.function(CURRENT_SETTING) == Some(Volatility::Volatile) {
        return None;
    }
    let tokens: Vec<Token> = scan(policy, Dialect::Postgres)
        .filter(Token::is_significant)
        .collect();
    let is_meant = |token: &Token| {
        let text = token.text(policy).trim_matches('"');
        matches!(token.kind, TokenKind::Word | TokenKind::QuotedName)
            && text.eq_ignore_ascii_case(CURRENT_SETTING)
    };
    let positions = tokens.iter().enumerate().filter(|(_, token)| is_meant(token));
    positions.map(|(at, _)| setting_at(policy, &tokens, at)).collect()
}

/// The name in `current_setting('name'::text, true)`, whose first token is at `at`.
fn setting_at(policy: &str, tokens: &[Token], at: usize) -> Option<String> {
    let text = |index: usize| tokens.get(index).map(|token| token.text(policy));
    if at >= 1 && text(at - 1) == Some(".") && (at < 2 || text(at - 2) != Some("pg_catalog")) {
        return None;
    }
    let name = text(at + 2)?.strip_prefix('\'')?.strip_suffix('\'')?;
    if text(at + 1) != Some("(") || name.is_empty() || name.contains(['\'', '\\']) {
        return None;
    }
    let rest = tokens.get(at + 3..)?.iter().map(|token| token.text(policy));
    // Without blanks, so that it does not matter how the scanner cuts the cast.
    let rest: String = rest.take(6).collect::<String>().to_lowercase();
    let rest = rest.strip_prefix("::text").unwrap_or(&rest);
    let ends = [")", ",true)", ",false)"];
    // The names of settings are the same in any case.
    ends.iter()
        .any(|end| rest.starts_with(end))
        .then(|| name.to_lowercase())
}

fn quoted(name: &TableName) -> String {
    let part = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
    format!("{}.{}", part(&name.schema), part(&name.name))
}
