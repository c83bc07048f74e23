//! `cargo xtask tidy`: the rules of the repository, one a file. A rule is a pure function of the tree that it is given and
//! returns one sentence a violation, so that a test can plant a violation without a disk.

mod directions;
mod duplicates;
mod file_heads;
mod file_names;
mod file_sizes;
mod licences;
mod living_paths;
mod tree;
mod unfinished;
mod workspace_dependencies;

use anyhow::{Result, bail};

use crate::cargo;
use tree::Tree;

/// A rule and the name under which it reports.
type Rule = (&'static str, fn(&Tree) -> Vec<String>);

const RULES: &[Rule] = &[
    ("directions", directions::check),
    ("workspace dependencies", workspace_dependencies::check),
    ("licences", licences::check),
    ("duplicates", duplicates::check),
    ("file names", file_names::check),
    ("file heads", file_heads::check),
    ("file sizes", file_sizes::check),
    ("unfinished", unfinished::check),
    ("living paths", living_paths::check),
];

/// Checks all rules and fails with the number of violations, each of which has been printed.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::load(&cargo::root())?;
    let mut count = 0;
    for (name, rule) in RULES {
        for violation in rule(&tree) {
            eprintln!("tidy: {name}: {violation}");
            count += 1;
        }
    }
    if count > 0 {
        bail!("{count} violations of the repository's rules");
    }
    eprintln!(
        "tidy: {} files and {} crates obey {} rules",
        tree.files.len(),
        tree.crates.len(),
        RULES.len()
    );
    Ok(())
}
