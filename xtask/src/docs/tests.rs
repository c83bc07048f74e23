//! A generated document that somebody forgot to write anew must be noticed, by name.

use super::*;

#[test]
fn missing_and_changed_documents_are_named() {
    let (fresh, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (name, text) in [("same.md", "1"), ("changed.md", "2"), ("missing.md", "3")] {
        fs::write(fresh.path().join(name), text).unwrap();
    }
    for (name, text) in [("same.md", "1"), ("changed.md", "old"), ("by-hand.md", "4")] {
        fs::write(kept.path().join(name), text).unwrap();
    }
    assert_eq!(
        differing(fresh.path(), kept.path()).unwrap(),
        ["changed.md", "missing.md"]
    );
}
