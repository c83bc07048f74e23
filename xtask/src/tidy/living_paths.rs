//! Documents name only what exists: relative links, and backticked words that look like a path of this repository.

use super::tree::{TextFile, Tree};

/// Endings of files as they are kept in the repository; a word with a slash and such an ending is a path.
const FILE_ENDINGS: &[&str] = &[".md", ".rs", ".sh", ".sql", ".toml"];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for document in tree.documents() {
        for (number, line) in prose(&document.text) {
            let dead_links = links(line).filter(|link| !exists(tree, document, link));
            violations.extend(dead_links.map(|link| format!("{}:{number} links to {link}", document.path)));
            let dead = |word: &&str| !exists(tree, document, word) && !exists_in_a_crate(tree, word);
            let dead_words = backticked(line).filter(|word| is_path(tree, word)).filter(dead);
            violations.extend(dead_words.map(|word| format!("{}:{number} names {word}", document.path)));
        }
    }
    for violation in &mut violations {
        violation.push_str(", which does not exist");
    }
    violations
}

/// The numbered lines outside of fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fence && !fenced).then_some((index + 1, line))
    })
}

/// Targets of `[text](target)` that lie in the repository, without their anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next());
    let targets = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    targets
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty())
}

fn backticked(line: &str) -> impl Iterator<Item = &str> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .map(|word| word.trim_end_matches(|last: char| last == ':' || last.is_ascii_digit()))
}

/// A word is taken for a path if it has a slash and either the ending of a file or a first part that the root has; `foo` is
/// the name of no file, but of an example.
fn is_path(tree: &Tree, word: &str) -> bool {
    let plain = word
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter));
    let Some((first, _)) = word.split_once('/') else {
        return false;
    };
    let in_root = !first.is_empty() && tree.paths.contains(first);
    plain
        && first != "foo"
        && !word.starts_with('/')
        && (in_root || FILE_ENDINGS.iter().any(|ending| word.ends_with(ending)))
}

/// Whether the path exists, seen from the document's folder or from the root.
fn exists(tree: &Tree, document: &TextFile, path: &str) -> bool {
    let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    [folder, ""].iter().any(|base| match normalised(base, path) {
        Some(path) => path.is_empty() || tree.paths.contains(&path),
        None => false,
    })
}

/// Whether the path exists seen from the folder of some crate, as in "integration tests are in `tests/it/main.rs`".
fn exists_in_a_crate(tree: &Tree, path: &str) -> bool {
    let tail = format!("/{}", path.trim_end_matches('/'));
    tree.paths.iter().any(|known| {
        let folder = known
            .strip_suffix(&tail)
            .and_then(|folder| folder.strip_prefix("crates/"));
        folder.is_some_and(|name| !name.contains('/'))
    })
}

/// `path` seen from `base`, without `.` and `..`; `None` where it leaves the repository.
fn normalised(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests;
