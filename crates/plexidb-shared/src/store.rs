//! Results outside the process: how they are written down and where they are kept.
