//! No Rust file has more than 600 lines; most have fewer than 250.

use super::tree::Tree;

const LINES_MAX: usize = 600;

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let long = tree.sources().filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > LINES_MAX).then(|| {
            format!(
                "{} has {lines} lines: split it, {LINES_MAX} are the limit",
                file.path
            )
        })
    });
    long.collect()
}

#[cfg(test)]
mod tests;
