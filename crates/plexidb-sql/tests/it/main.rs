//! The crate from outside: statements of all three dialects against one schema.

mod catalog;
mod elsewhere;
mod golden;
mod never;
mod oracle;
mod precise;
mod robust;
mod tables;
mod touches;
