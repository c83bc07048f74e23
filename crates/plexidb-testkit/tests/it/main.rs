//! Tests of the kit itself, against the real servers.

mod servers;
