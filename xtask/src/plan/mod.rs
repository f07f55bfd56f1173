//! Cluster × Graph: the only place that knows both, and declares every task.
//!
//! It declares and runs nothing: what a task does is the action's affair, when it runs is the graph's.

mod facts;
mod pki;
mod stage;

use std::sync::Arc;

use time::OffsetDateTime;

use crate::config::{Cluster, Layout};
use crate::facts::Architecture;
use crate::graph::{Graph, GraphErrors, Task};

pub use facts::credentials;
pub use pki::certificate_task;
pub use stage::{draft, nodes_named, stage_task};

/// What a plan is made from.
#[derive(Debug, Clone)]
pub struct Basis {
    /// The checked cluster.
    pub cluster: Arc<Cluster>,
    /// Where its things lie.
    pub layout: Layout,
    /// Of the machines: guests have the processor of their host.
    pub architecture: Architecture,
    /// The moment that new certificates start from, and by which old ones are judged.
    pub now: OffsetDateTime,
}

/// Every task of a cluster.
pub fn graph(basis: &Basis) -> Result<Graph<'static>, GraphErrors> {
    let mut builder = Graph::builder();
    for task in pki::tasks(basis).into_iter().chain(stage::tasks(basis)) {
        builder.add(task);
    }
    let all = Task::group("all").doc("everything from nothing that is built so far");
    builder.add(all.after("pki").after("stage"));
    builder.finish()
}

/// A path as the graph spells it: relative to the repository.
fn relative(layout: &Layout, path: &std::path::Path) -> String {
    path.strip_prefix(layout.root()).unwrap_or(path).to_string_lossy().into_owned()
}
