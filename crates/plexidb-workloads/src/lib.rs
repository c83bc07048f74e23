//! The workloads that plexidb lives by: chat and point reads, generated from a seed.
