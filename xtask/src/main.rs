//! Automation: setup, test, ci, bench, docs, tidy.
fn main() {}
