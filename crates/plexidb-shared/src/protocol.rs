//! The record that members share and their part in it, as pure transitions: no clock, no network, no task.
