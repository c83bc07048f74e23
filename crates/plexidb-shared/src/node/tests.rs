//! Two members over a bus in memory.
