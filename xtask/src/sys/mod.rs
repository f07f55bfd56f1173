//! The machine under us: files, processes, signals, the clock.
//!
//! Knows nothing of clusters, certificates or graphs.

pub mod fs;
