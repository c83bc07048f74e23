//! The protocol under a model checker: the code's own transitions, with everything between them that can go wrong.
//!
//! Time is counted in ticks: a lease is two, a fence one, and the clocks of all tick together. Each step of a member may come late, so that
//! a paused process is one that takes no step. A hit is not a step: in each state, every result that a member could serve is compared with
//! the database (a hit counts as of the moment at which it loads its slots, under a grant that it read before).

mod check;
mod fault;
mod node;
mod redis;
mod steps;
mod world;
mod write;
