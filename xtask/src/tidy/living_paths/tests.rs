//! Dead links and dead paths are found; words that are no paths of ours are left alone.

use super::*;

fn violations(path: &str, text: &str) -> Vec<String> {
    let mut tree = Tree::of_file(path, text);
    tree.paths.extend(
        [
            "docs",
            "docs/limits.md",
            "crates",
            "crates/plexidb",
            "crates/plexidb/src",
            "crates/plexidb/src/lib.rs",
        ]
        .map(String::from),
    );
    check(&tree)
}

#[test]
fn living_paths_and_other_words_pass() {
    for line in [
        "See [limits](docs/limits.md#size), [here](#there), [web](https://example.org/a.md).",
        "`crates/plexidb/src/` and `docs/limits.md:12` are there.",
        "Sources are in `src/lib.rs`, tests in `foo/tests.rs`.",
        "`application/json`, `a/b`, `/etc/os-release`, `docs/*.md`, `SELECT a/b`, `./docs/limits.md`",
        "```\ncrates/gone\n[x](gone.md)\n```",
    ] {
        assert_eq!(violations("README.md", line), [""; 0], "{line}");
    }
}

#[test]
fn links_and_paths_are_seen_from_the_documents_folder_too() {
    assert_eq!(
        violations(
            "docs/start.md",
            "[limits](limits.md), [up](../crates/plexidb), `docs/limits.md`"
        ),
        [""; 0]
    );
    assert_eq!(violations("docs/start.md", "[out](../../etc/x.md)").len(), 1);
}

#[test]
fn dead_links_and_paths_are_found_with_their_line() {
    assert_eq!(
        violations(
            "README.md",
            "# plexidb\n[gone](docs/gone.md) `crates/gone` `src/gone.rs`\n"
        ),
        [
            "README.md:2 links to docs/gone.md, which does not exist",
            "README.md:2 names crates/gone, which does not exist",
            "README.md:2 names src/gone.rs, which does not exist",
        ]
    );
}
