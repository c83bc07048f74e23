//! A file without a head, with an empty one and with a tale for a head are all found.

use super::*;

#[test]
fn heads_of_one_to_five_lines_pass() {
    assert_eq!(head_violation("//! Its job.\n\nfn main() {}\n", false), None);
    assert_eq!(
        head_violation(
            "//! Its\n//! job\n//! in\n//! five\n//! lines.\nuse std::fmt;\n",
            false
        ),
        None
    );
}

#[test]
fn missing_empty_and_long_heads_are_found() {
    assert!(head_violation("", false).is_some());
    assert!(head_violation("fn main() {}\n", false).is_some());
    assert!(head_violation("//!\n//!  \nfn main() {}\n", false).is_some());
    assert!(
        head_violation(&"//! line\n".repeat(6), false)
            .unwrap()
            .contains("6 `//!` lines")
    );
}

#[test]
fn a_front_page_may_go_on_after_its_first_paragraph() {
    let page = format!("//! Its job.\n//!\n{}mod a;\n", "//! More.\n".repeat(20));
    assert_eq!(head_violation(&page, true), None);
    assert!(head_violation(&page, false).is_some());
    assert!(head_violation(&"//! line\n".repeat(6), true).is_some());
}

#[test]
fn only_rust_files_are_looked_at() {
    assert_eq!(check(&Tree::of_file("README.md", "# plexidb\n")), [""; 0]);
    let violations = check(&Tree::of_file("crates/a/src/lib.rs", "fn main() {}\n"));
    assert_eq!(
        violations,
        ["crates/a/src/lib.rs does not open with a `//!` line that tells its job"]
    );
}
