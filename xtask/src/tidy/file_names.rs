//! A file is named after what it holds: no `mod.rs`, and no name that would fit anything.

use super::tree::Tree;

/// Names, of files and of folders, that say nothing.
const EMPTY_NAMES: &[&str] = &[
    "common",
    "helper",
    "helpers",
    "impl",
    "inner",
    "misc",
    "shared_utils",
    "stuff",
    "util",
    "utils",
];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    tree.paths
        .iter()
        .filter(|path| path.ends_with(".rs"))
        .filter_map(|path| violation(path))
        .collect()
}

fn violation(path: &str) -> Option<String> {
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
    if file == "mod.rs" {
        return Some(format!(
            "{path}: use a file beside the folder, `foo.rs` + `foo/`, in place of mod.rs"
        ));
    }
    let stem = file.trim_end_matches(".rs");
    let empty = folders
        .split('/')
        .chain([stem])
        .find(|name| EMPTY_NAMES.contains(name))?;
    Some(format!(
        "{path}: the name `{empty}` fits anything; name it after what it holds"
    ))
}

#[cfg(test)]
mod tests;
