//! The total at the end of a run must be right: it is what people and machines look at.

use super::*;

#[test]
fn totals_are_summed_over_binaries() {
    let mut tally = Tally::default();
    for line in [
        "running 4 tests",
        "test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        "test a ... 7 passed",
        "test result: FAILED. 10 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.00s",
        "test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.5s",
    ] {
        tally.add_line(line);
    }
    assert_eq!(tally.to_string(), "15 passed, 2 failed");
}

#[test]
fn a_package_replaces_the_workspace_and_a_filter_comes_before_the_options_of_the_tests() {
    let options = Options {
        packages: vec!["plexidb-sql".into()],
        filter: Some("parse".into()),
        ..Options::default()
    };
    assert_eq!(
        words(&options, true),
        [
            "test",
            "--no-fail-fast",
            "--package",
            "plexidb-sql",
            "parse",
            "--",
            "--color=always"
        ]
    );
    assert_eq!(
        words(&Options::default(), false),
        [
            "test",
            "--no-fail-fast",
            "--workspace",
            "--features",
            "plexidb-bench/planted-faults"
        ]
    );
}
