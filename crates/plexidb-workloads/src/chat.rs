//! The *chat* workload: users, channels, memberships, messages and reactions of a messenger, and the mix of reads and
//! writes that its server makes.
//!
//! Invariant: everything that is generated follows from the seed and the scale; only the keys of messages that the
//! workload posts are made by the database, so that workers and runs never collide.

mod generate;
mod mix;
mod operation;
mod population;
mod record;
mod retry;
mod scale;
mod schema;
mod sequence;
mod statement;
mod words;

pub use generate::{GenerateError, Progress, Step, generate};
pub use mix::{Kind, Mix, MixError};
pub use operation::{Operation, OperationParams};
pub use record::{Made, made};
pub use retry::is_worth_a_retry;
pub use scale::Scale;
pub use schema::TABLES;
pub use sequence::Sequence;
