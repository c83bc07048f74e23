//! The newest version wins by number, not by spelling.

use super::*;

#[test]
fn newest_version_comes_first() {
    let parent = tempfile::tempdir().unwrap();
    for version in ["9", "15", "x", "17"] {
        fs::create_dir_all(parent.path().join(version).join("bin")).unwrap();
    }
    let found = newest_first(parent.path(), "", "bin");
    let names: Vec<_> = found
        .iter()
        .map(|path| path.strip_prefix(parent.path()).unwrap())
        .collect();
    assert_eq!(
        names,
        [Path::new("17/bin"), Path::new("15/bin"), Path::new("9/bin")]
    );
}

#[test]
fn finds_a_program_in_path_and_nothing_that_is_not_there() {
    assert!(find(&["no-such-program-at-all", "sh"]).unwrap().ends_with("sh"));
    assert_eq!(find(&["no-such-program-at-all"]), None);
}
