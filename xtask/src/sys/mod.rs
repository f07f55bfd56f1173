//! The machine under us: files, processes, signals, locks.
//!
//! Knows nothing of clusters, certificates or graphs.

pub mod children;
pub mod fs;
pub mod lock;
pub mod process;
pub mod random;
pub mod signals;
