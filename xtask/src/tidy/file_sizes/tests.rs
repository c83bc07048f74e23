//! The limit is exact.

use super::*;

#[test]
fn the_limit_passes_and_one_line_more_does_not() {
    let file = |lines| Tree::of_file("crates/a/src/b.rs", &"\n".repeat(lines));
    assert_eq!(check(&file(600)), [""; 0]);
    assert_eq!(
        check(&file(601)),
        ["crates/a/src/b.rs has 601 lines: split it, 600 are the limit"]
    );
}
