//! Expressions are read as SPDX means them, and a licence that is not allowed is found behind any of them.

use super::*;

#[test]
fn expressions_that_can_be_fulfilled_pass() {
    for licence in [
        "MIT",
        "MIT OR Apache-2.0",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        "Apache-2.0 AND (ISC OR GPL-2.0)",
    ] {
        assert!(acceptable(licence), "{licence}");
    }
}

#[test]
fn expressions_that_cannot_are_refused() {
    for licence in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Apache-2.0) AND GPL-3.0",
        "MIT WITH some-exception",
        "MIT MIT",
        "(MIT",
        "",
        "OR",
    ] {
        assert!(!acceptable(licence), "{licence}");
    }
}

#[test]
fn violations_name_the_package() {
    let tree = Tree::of_packages(&[
        ("a", "1.0.0", Some("MIT")),
        ("b", "2.0.0", None),
        ("c", "3.0.0", Some("AGPL-3.0")),
    ]);
    assert_eq!(
        check(&tree),
        [
            "b 2.0.0 names no licence",
            "c 3.0.0 has the licence AGPL-3.0, which is not in the list of this rule"
        ]
    );
    assert_eq!(check(&Tree::of_crate("plexidb-core", &[], &[])).len(), 1);
}
