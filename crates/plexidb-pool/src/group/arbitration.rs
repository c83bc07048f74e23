//! Who takes the writes, where one, none or several servers say that they do.
//!
//! Invariant: at most one, never one that was last seen to be read-only, and never one whose time is known to be over.

use super::member::Member;

/// Why nobody takes the writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoWriter {
    /// Nobody says that it does.
    Nobody,
    /// These do, with equal right.
    Several(Vec<usize>),
    /// These do, but their timeline is older than the newest that was seen.
    Outdated(Vec<usize>),
    /// These do, but another has taken over from them since.
    Deposed(Vec<usize>),
}

/// Who takes the writes; `newest` is the newest timeline that was ever seen in the group.
///
/// The newest timeline decides. Where that leaves several, one that was seen comes before one that is lost, and
/// both before one that is merely configured so: a server that is promoted in place of one that is gone takes over even where
/// there are no timelines. The one that is gone does not count when it comes back.
pub(crate) fn writer(members: &[Member], newest: Option<u64>) -> Result<usize, NoWriter> {
    let mut outdated = Vec::new();
    let mut deposed = Vec::new();
    let mut best = Vec::new();
    let mut best_claim = None;
    for (index, member) in members.iter().enumerate() {
        let Some(claim) = member.claim() else { continue };
        if is_outdated(member, newest) {
            outdated.push(index);
            continue;
        }
        if member.is_deposed && member.timeline().is_none() {
            deposed.push(index);
            continue;
        }
        if best_claim < Some(claim) {
            best_claim = Some(claim);
            best.clear();
        }
        if best_claim == Some(claim) {
            best.push(index);
        }
    }
    match best[..] {
        [one] => Ok(one),
        [] if !outdated.is_empty() => Err(NoWriter::Outdated(outdated)),
        [] if !deposed.is_empty() => Err(NoWriter::Deposed(deposed)),
        [] => Err(NoWriter::Nobody),
        _ => Err(NoWriter::Several(best)),
    }
}

/// Whether a server stands on a timeline that is over.
pub(crate) fn is_outdated(member: &Member, newest: Option<u64>) -> bool {
    member.timeline().is_some_and(|own| Some(own) < newest)
}
