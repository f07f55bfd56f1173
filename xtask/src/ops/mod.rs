//! Verbs made of actions: `check` and what the operator does day to day. Knows no task graph.

pub mod check;
pub mod verify;
