//! Names that say nothing are found as a file and as a folder; names that contain one are not.

use super::*;

#[test]
fn names_that_say_something_pass() {
    for path in [
        "crates/a/src/lib.rs",
        "crates/a/src/common_table_expression.rs",
        "crates/a/tests/it/main.rs",
    ] {
        assert_eq!(check(&Tree::of_file(path, "")), [""; 0], "{path}");
    }
}

#[test]
fn names_that_say_nothing_are_found() {
    for path in [
        "crates/a/src/utils.rs",
        "crates/a/src/helpers/dates.rs",
        "crates/a/src/pool/mod.rs",
        "xtask/src/misc.rs",
    ] {
        assert_eq!(check(&Tree::of_file(path, "")).len(), 1, "{path}");
    }
}
