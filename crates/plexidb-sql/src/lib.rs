//! SQL text to statement profiles, and profiles against a catalog to footprints: pure functions, no IO.
//!
//! Invariant: what is not understood widens (whole table, whole database, not cacheable); it never narrows.

mod analyze;
mod block;
mod change;
mod fingerprint;
mod keywords;
mod kind;
mod names;
mod plan;
mod profile;
mod reason;
mod resolve;
mod scan;
mod split;
mod time_word;

pub use kind::{StatementKind, TransactionControl};
pub use names::{NameError, NamedStatement, bind_names, placeholder_count};
pub use plan::{
    Dependence, Dependencies, FollowedKey, Guard, KeyImage, Learning, Lookup, Precision, ReadPlan, TagList,
    Touched, WritePlan,
};
pub use profile::{
    Change, ColumnUse, Columns, EqualityKey, FunctionCall, KeyValue, Profile, RelationName, RelationUse,
    WriteTarget,
};
pub use reason::{Elsewhere, Reason, Unbounded};
pub use resolve::{Cacheability, Footprint, ScopedRead, WriteExtent, resolve};
pub use scan::{Scanner, Token, TokenKind, scan};
pub use split::{ScriptStatement, StatementEnd, Statements, split_statements};
pub use time_word::is_time_word;
