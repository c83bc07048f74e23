//! Every Rust file opens with one to five `//!` lines: its job, its invariant, what it must not know.
//! In a `lib.rs` that holds for the first paragraph: what follows is the front page of the crate's documentation.

use super::tree::Tree;

const HEAD_LINES_MAX: usize = 5;

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let violations = tree.sources().filter_map(|file| {
        let front_page = file.path.ends_with("/lib.rs");
        head_violation(&file.text, front_page).map(|what| format!("{} {what}", file.path))
    });
    violations.collect()
}

fn head_violation(text: &str, front_page: bool) -> Option<String> {
    let head = text.lines().take_while(|line| line.starts_with("//!"));
    let head: Vec<&str> = head
        .take_while(|line| !front_page || line.trim_end() != "//!")
        .collect();
    if head
        .iter()
        .all(|line| line.trim_start_matches("//!").trim().is_empty())
    {
        return Some("does not open with a `//!` line that tells its job".to_string());
    }
    let lines = head.len();
    (lines > HEAD_LINES_MAX)
        .then(|| format!("opens with {lines} `//!` lines; at most {HEAD_LINES_MAX}, please"))
}

#[cfg(test)]
mod tests;
