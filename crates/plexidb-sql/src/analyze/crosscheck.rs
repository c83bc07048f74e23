//! The syntax tree against the text: what the parser lost or misread shows here.
//!
//! Invariant: every name of the text was visited, every word before a parenthesis is a function or known grammar,
//! every relation after FROM, JOIN, INTO and UPDATE was read as one, and there are as many SELECTs as the text has.

use super::bridge::Mark;
use super::collector::Collector;
use super::text::Text;
use crate::keywords::is_structural;
use crate::profile::FunctionCall;
use crate::reason::Reason;
use crate::scan::TokenKind;

/// Functions in whose parentheses FROM separates arguments.
const FROM_INSIDE: &[&str] = &[
    "EXTRACT",
    "TRIM",
    "SUBSTRING",
    "SUBSTR",
    "OVERLAY",
    "POSITION",
    "CEIL",
    "FLOOR",
    "CEILING",
];

/// Checks the marks of a visit, and adds the functions that have a syntax of their own.
///
/// # Errors
///
/// [`Reason::DoesNotParse`], where the tree does not account for the text.
pub(super) fn check(
    text: &Text<'_>,
    from: usize,
    collector: &mut Collector<'_, '_>,
    selects_added: usize,
) -> Result<(), Reason> {
    let mut parentheses: Vec<bool> = Vec::new();
    let mut selects = 0;
    for index in from..text.len() {
        let mark = collector.marks.get(index).copied().unwrap_or(Mark::Unseen);
        if mark == Mark::Unseen {
            return Err(lost(text, index));
        }
        match text.kind(index) {
            Some(TokenKind::Open) => {
                let before = index.wrapping_sub(1);
                parentheses.push(text.is_any(before, FROM_INSIDE));
                if text.is_kind(before, TokenKind::Word)
                    && collector.marks.get(before) == Some(&Mark::Exempt)
                    && !is_structural(text.text(before))
                {
                    call(text.text(before), collector);
                }
            }
            Some(TokenKind::Close) => {
                parentheses.pop();
            }
            Some(TokenKind::Word) if mark == Mark::Exempt => {
                selects += usize::from(text.is_word(index, "SELECT"));
                let is_argument = parentheses.last() == Some(&true) && text.is_word(index, "FROM");
                if !is_argument && precedes_relation(text, index) {
                    check_relation(text, index + 1, collector)?;
                }
            }
            _ => {}
        }
    }
    if selects + selects_added != collector.selects {
        return Err(Reason::DoesNotParse("a subquery was lost".to_owned()));
    }
    Ok(())
}

fn lost(text: &Text<'_>, index: usize) -> Reason {
    Reason::DoesNotParse(format!("the meaning of \"{}\" is not clear", text.text(index)))
}

fn call(word: &str, collector: &mut Collector<'_, '_>) {
    collector.profile.functions.insert(FunctionCall {
        schema: None,
        name: word.to_ascii_lowercase(),
        arguments: None,
        is_table: false,
    });
}

/// Whether a relation must follow this word.
fn precedes_relation(text: &Text<'_>, index: usize) -> bool {
    let before = index.wrapping_sub(1);
    if text.is_kind(before, TokenKind::Dot) || text.is_word(before, "AS") {
        return false;
    }
    // After SELECT and its modifiers it is a hint.
    let is_hint = text.is_any(
        before,
        &["SELECT", "ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY"],
    ) || text
        .word(before)
        .get(..4)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("SQL_"));
    text.is_any(index, &["JOIN", "INTO"])
        || (text.is_word(index, "STRAIGHT_JOIN") && !is_hint)
        || (text.is_word(index, "FROM") && !text.is_word(before, "DISTINCT"))
        || (text.is_word(index, "UPDATE") && !text.is_any(before, &["FOR", "KEY", "DO", "ON", "THEN"]))
}

/// Checks that the relation which begins at or after this token was read as one.
fn check_relation(text: &Text<'_>, from: usize, collector: &Collector<'_, '_>) -> Result<(), Reason> {
    const LEADS: &[&str] = &[
        "ONLY",
        "LATERAL",
        "TABLE",
        "ROWS",
        "FROM",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "OR",
        "REPLACE",
        "ROLLBACK",
        "ABORT",
        "FAIL",
        "IGNORE",
        "LOW_PRIORITY",
    ];
    let mut at = from;
    loop {
        let mark = collector.marks.get(at).copied();
        if text.is_name(at) && matches!(mark, Some(Mark::Relation | Mark::Function)) {
            return Ok(());
        }
        match text.kind(at) {
            Some(TokenKind::Open) => at += 1,
            Some(TokenKind::Word) if text.is_any(at, LEADS) => at += 1,
            Some(TokenKind::Word) if text.is_any(at, &["SELECT", "VALUES", "WITH"]) => return Ok(()),
            Some(TokenKind::Word) if text.is_any(at, &["UNNEST", "JSON_TABLE", "XMLTABLE"]) => return Ok(()),
            // What INTO stores outside the database was noted from the text.
            Some(TokenKind::Variable) => return Ok(()),
            Some(TokenKind::Word) if text.is_any(at, &["OUTFILE", "DUMPFILE"]) => return Ok(()),
            _ => return Err(lost(text, at)),
        }
    }
}
