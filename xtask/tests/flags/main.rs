//! Real Kubernetes, etcd and containerd judge what the nodes are configured to be: each is started with the command line
//! and the files that Nix evaluated, and with credentials of that very cluster.
//!
//! Nothing but loopback is used and nothing outside of temporary directories is written. It does not show that a machine
//! boots, that systemd starts the units, or that a pod runs.
#![allow(clippy::unwrap_used, reason = "clippy knows `#[test]` functions, not the helpers that they share")]

mod accepted;
mod alive;
mod command;
mod containerd;
mod daemon;
mod etcd;
#[path = "../nix/fixtures.rs"]
mod fixtures;
mod https;
#[path = "../nix/instantiate.rs"]
mod instantiate;
mod loopback;
mod refused;
mod site;
#[path = "../support/tools.rs"]
mod tools;
mod verdict;
