//! The engine's manners, theme by theme: graphs are declared in the tests, run in directories of their own, and
//! watched through the engine's public door. Nothing here knows a cluster.

#![allow(clippy::unwrap_used)] // the lint knows tests by their attribute, and helpers of tests have none

mod adopt;
mod converge;
mod declare;
mod explain;
mod fail;
mod interrupt;
mod lock;
mod outputs;
mod runner;
mod secrets;
mod skip;
mod space;
mod state;
mod trees;
