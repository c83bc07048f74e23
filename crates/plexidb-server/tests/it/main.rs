//! The program as its users run it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(missing_docs, reason = "tests are named after what they show")]

mod demo;
mod documents;
mod explain;
mod program;
mod sql;
