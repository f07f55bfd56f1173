//! Kubernetes the hardest way, as one crate: `cluster.env` in, a cluster out. Today it gets as far as
//! what each node is to be installed from.
//!
//! ```text
//! cluster.env ─► config (typed, checked Cluster) ─► plan: Cluster × Graph ─► graph ─► actions: pki, ...
//! ```
//!
//! The house has floors and imports only go down; `tests/house.rs` reads every `use` and fails otherwise.
//!
//! | floor | modules | knows |
//! |---|---|---|
//! | roof | [`cli`] | the command line, and everything below |
//! | 3 | [`plan`] | both the Cluster and the graph: declares every task |
//! | 2 | [`ops`], [`ui`] | verbs made of actions; how things look on a terminal |
//! | 1 | [`facts`], [`graph`], [`nix`], [`pki`] | one craft each, and nothing of each other |
//! | ground | [`config`], [`sys`] | the configuration; files, processes, signals |
//!
//! It is a library beside a thin binary so that tests, benches and examples can link it. It is not an interface for
//! others: anything may change at any time. `docs/architecture.md` in the repository has the whole map.

pub mod cli;
pub mod config;
pub mod facts;
pub mod graph;
pub mod nix;
pub mod ops;
pub mod pki;
pub mod plan;
pub mod sys;
pub mod ui;
