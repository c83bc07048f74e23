//! A row of `pg_trigger` into what the trigger is.
//!
//! Invariant: a type or a condition that is not understood makes a trigger that may do anything.

use plexidb_core::{Trigger, TriggerTiming};

#[cfg(test)]
mod tests;

/// The bits of `tgtype`.
const ROW: u16 = 1;
const BEFORE: u16 = 2;
const INSERT: u16 = 4;
const DELETE: u16 = 8;
const UPDATE: u16 = 16;
const INSTEAD: u16 = 64;

/// What the server tells of a trigger.
pub(super) struct Definition {
    pub(super) name: String,
    /// The number `tgtype`: when it acts, and on what. One that acts on TRUNCATE alone acts on no rows.
    pub(super) acts_on: String,
    /// The whole CREATE TRIGGER of one that has a condition.
    pub(super) conditional: Option<String>,
    /// The source of its function, where it may be understood.
    pub(super) body: Option<String>,
}

pub(super) fn trigger(definition: Definition) -> Trigger {
    let Definition {
        name,
        acts_on,
        conditional,
        body,
    } = definition;
    let condition = conditional.as_deref().map(condition);
    let (Ok(bits), None | Some(Some(_))) = (acts_on.parse::<u16>(), condition) else {
        return Trigger::unknown(name);
    };
    let has = |bit: u16| bits & bit != 0;
    // What a trigger of the statement returns is ignored.
    let is_before = has(ROW) && has(BEFORE | INSTEAD);
    Trigger {
        timing: if is_before {
            TriggerTiming::Before
        } else {
            TriggerTiming::After
        },
        is_on_insert: has(INSERT),
        is_on_update: has(UPDATE),
        is_on_delete: has(DELETE),
        condition: condition.flatten().map(str::to_owned),
        body,
        ..Trigger::unknown(name)
    }
}

/// The condition of a CREATE TRIGGER that has one; `None` where other words of the statement look like its bounds.
fn condition(create: &str) -> Option<&str> {
    let (_, rest) = once(create, " WHEN (")?;
    // PostgreSQL 10 wrote EXECUTE PROCEDURE.
    let (condition, _) = once(rest, " EXECUTE ")?;
    condition.strip_suffix(')')
}

/// The parts of a text before and behind a mark that it holds only once.
fn once<'t>(text: &'t str, mark: &str) -> Option<(&'t str, &'t str)> {
    text.split_once(mark).filter(|(_, rest)| !rest.contains(mark))
}
