//! Each word is found, with its line.

use super::*;

#[test]
fn every_word_is_found_with_its_line() {
    for word in WORDS {
        let tree = Tree::of_file("crates/a/src/b.rs", &format!("//! Job.\n// {word} later)\n"));
        assert_eq!(check(&tree), [format!("crates/a/src/b.rs:2 holds `{word}`")]);
    }
}

#[test]
fn finished_code_passes() {
    assert_eq!(
        check(&Tree::of_file("crates/a/src/b.rs", "//! Job.\nfn f() {}\n")),
        [""; 0]
    );
}
