//! SQL text to statement profiles: pure functions, no IO.
