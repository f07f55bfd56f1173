//! How things look on a terminal. Knows shapes and colours; decides nothing.

pub mod check;
pub mod config;
pub mod explain;
pub mod json;
pub mod pki;
pub mod run;
pub mod table;
