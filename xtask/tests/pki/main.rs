//! Certificates, kubeconfigs and keys, judged by other implementations than the one that made them.
//!
//! It does not test when something is made again: that is the graph's affair.
#![allow(clippy::unwrap_used, reason = "clippy knows `#[test]` functions, not the helpers that they share")]

mod documents;
mod fixtures;
mod handshake;
mod notices;
mod openssl;
mod ordinary;
mod table;
