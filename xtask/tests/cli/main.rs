//! The command line as its users meet it: the real binary, in a repository of its own, judged by what it prints, by
//! its exit code and by the files that it leaves.
//!
//! Nothing here reaches the network or the artifacts of the real repository, and no module of the library is asked
//! what would be right, except where two of them are held against each other.
#![allow(clippy::unwrap_used, reason = "clippy knows `#[test]` functions, not the helpers that they share")]

mod authorities;
mod changes;
mod damage;
mod disks;
mod locks;
mod manners;
mod names;
mod openssl;
mod overview;
mod places;
mod reasons;
mod removal;
mod renewal;
mod repo;
mod secrets;
mod stage;
mod terminal;
mod zoo;
