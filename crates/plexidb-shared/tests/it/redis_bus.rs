//! The bus in Redis: that it does what the record of the protocol does, and what it makes of servers that forget, lag, are full or hold garbage.

mod call;
mod conformance;
mod damage;
mod history;
mod scenery;
