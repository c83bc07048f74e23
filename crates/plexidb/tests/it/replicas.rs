//! Databases with replicas, on servers that replicate: what a reader has written it sees, whoever serves it; servers come and go.

mod cluster;
mod confirmation;
mod crew;
mod failover;
mod network;
mod outages;
mod own_lag;
mod reads;
mod reconfiguration;
mod refusals;
mod server;
mod takeover;
