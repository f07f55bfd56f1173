//! The command line: grammar and dispatch. Knows everything below and decides nothing itself.

pub mod check;
