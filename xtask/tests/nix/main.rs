//! The NixOS tree, evaluated by real Nix for every fixture cluster, and the facts that it is evaluated with.
//!
//! nixpkgs cannot be had where this runs, so a small module system of our own stands in for it (`harness/`). It does not
//! test that a machine boots.
#![allow(clippy::unwrap_used, reason = "clippy knows `#[test]` functions, not the helpers that they share")]

mod configuration;
mod evaluated;
mod facts;
mod fixtures;
mod harness;
mod instantiate;
mod options;
mod refusals;
mod rules;
mod tree;
