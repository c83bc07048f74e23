//! What is in the repository is finished: no reminders, no placeholders, no tests that are switched off, no dead code.

use super::tree::Tree;

/// The words are put together here, so that this file does not hold them itself.
const WORDS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[", "ignore"),
    concat!("allow(", "dead_code"),
];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for file in tree.sources() {
        for (index, line) in file.text.lines().enumerate() {
            let found = WORDS.iter().filter(|word| line.contains(**word));
            violations.extend(found.map(|word| format!("{}:{} holds `{word}`", file.path, index + 1)));
        }
    }
    violations
}

#[cfg(test)]
mod tests;
