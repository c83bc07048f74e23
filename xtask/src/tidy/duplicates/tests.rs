//! The ratchet goes one way: more is refused, fewer must be written down.

use super::*;

fn tree() -> Tree {
    Tree::of_packages(&[("a", "1.0.0", None), ("b", "1.0.0", None), ("b", "2.0.0", None)])
}

#[test]
fn a_known_duplicate_passes() {
    assert_eq!(compare(&tree(), &[("b", 2, "reason")]), [""; 0]);
}

#[test]
fn a_new_duplicate_is_found() {
    let violations = compare(&tree(), &[]);
    assert_eq!(
        violations,
        ["b is there in the versions 1.0.0, 2.0.0: use one, or say in this rule why not"]
    );
}

#[test]
fn a_duplicate_that_is_gone_is_found() {
    let violations = compare(
        &tree(),
        &[("b", 2, "reason"), ("a", 2, "reason"), ("c", 2, "reason")],
    );
    assert_eq!(
        violations,
        [
            "a has 1 versions, no longer 2: lower it in this rule",
            "c has 0 versions, no longer 2: lower it in this rule"
        ]
    );
}

#[test]
fn every_known_duplicate_has_a_reason() {
    assert!(
        KNOWN
            .iter()
            .all(|(_, count, reason)| *count > 1 && reason.len() > 10)
    );
}
