//! Databases with replicas, on servers that replicate: what a reader has written it sees, whoever serves it; servers come and go.

mod cluster;
mod reads;
mod takeover;
