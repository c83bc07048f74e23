//! The program `plexidb`.
fn main() {}
