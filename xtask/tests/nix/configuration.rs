//! What every fixture node is configured to be: in full for the default cluster, as a difference to it for the others.
//!
//! It reads what Nix evaluated. It does not start anything.
use std::fs;
