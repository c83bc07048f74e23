//! Each forbidden direction is found; the allowed ones pass.

use super::*;

#[test]
fn down_the_layers_is_allowed() {
    assert_eq!(
        check(&Tree::of_crate(
            "plexidb",
            &["plexidb-core", "plexidb-sql", "serde"],
            &[TEST_KIT]
        )),
        [""; 0]
    );
    assert_eq!(
        check(&Tree::of_crate(
            "plexidb-bench",
            &["plexidb-workloads", TEST_KIT],
            &[]
        )),
        [""; 0]
    );
    assert_eq!(check(&Tree::of_crate(AUTOMATION, &[TEST_KIT], &[])), [""; 0]);
}

#[test]
fn up_and_sideways_are_found_also_in_tests() {
    for (from, to) in [
        ("plexidb-core", "plexidb-sql"),
        ("plexidb-cache", "plexidb-drivers"),
        ("plexidb-pool", "plexidb"),
        ("plexidb-server", "plexidb-bench"),
        (TEST_KIT, "plexidb-core"),
        (AUTOMATION, "plexidb"),
    ] {
        assert_eq!(check(&Tree::of_crate(from, &[to], &[])).len(), 1, "{from} → {to}");
        assert_eq!(
            check(&Tree::of_crate(from, &[], &[to])).len(),
            1,
            "{from} → {to} in tests"
        );
    }
}

#[test]
fn the_test_kit_outside_of_tests_is_found() {
    assert_eq!(
        check(&Tree::of_crate("plexidb-server", &[TEST_KIT], &[])),
        [
            "plexidb-server must not depend on plexidb-testkit: dependencies go down the layers, never up or sideways"
        ]
    );
}

#[test]
fn a_crate_without_a_place_is_found() {
    assert_eq!(check(&Tree::of_crate("plexidb-extra", &[], &[])).len(), 1);
}
