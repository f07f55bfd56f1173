//! A graph as a picture or as data: dot, mermaid, JSON. Text only; it draws and runs nothing.

use std::fmt::Write as _;

use serde::Serialize;

use super::model::{Artifact, Graph, TaskId};
use super::order;
use super::task::Body;

/// One task as data.
#[derive(Debug, Serialize)]
pub struct Exported<'g> {
    /// Its name.
    pub name: &'g str,
    /// What it is for.
    pub doc: &'g str,
    /// `build`, `converge` or `group`.
    pub kind: &'static str,
    /// Tasks that must be done before.
    pub after: Vec<&'g str>,
    /// Paths it reads.
    pub inputs: Vec<&'g str>,
    /// Paths it makes.
    pub outputs: Vec<&'g str>,
}

impl Graph<'_> {
    /// These tasks and all they depend on, in order. Names that no task has are left out.
    pub fn closure(&self, targets: &[&str]) -> Vec<TaskId> {
        let targets: Vec<TaskId> = targets.iter().filter_map(|name| self.find(name)).collect();
        order::closure(&self.order, &targets, |id| self.dependencies(id))
    }

    /// One task as data.
    pub fn export(&self, id: TaskId) -> Exported<'_> {
        let paths = |artifacts: &[Artifact]| artifacts.iter().map(|&a| self.artifact_path(a)).collect();
        Exported {
            name: self.name(id),
            doc: self.doc(id),
            kind: match self.nodes[id.index()].body {
                Body::Build { .. } => "build",
                Body::Converge { .. } => "converge",
                Body::Group => "group",
            },
            after: self.dependencies(id).iter().map(|&other| self.name(other)).collect(),
            inputs: paths(self.inputs(id)),
            outputs: paths(self.outputs(id)),
        }
    }

    /// Graphviz: arrows go from what is needed to what needs it.
    pub fn dot(&self, tasks: &[TaskId]) -> String {
        let mut out = String::from("digraph tasks {\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n");
        for task in tasks.iter().map(|&id| self.export(id)) {
            let shape = if task.kind == "group" { " [style=rounded]" } else { "" };
            let _ = writeln!(out, "  \"{}\"{shape};", task.name);
            for other in task.after {
                let _ = writeln!(out, "  \"{other}\" -> \"{}\";", task.name);
            }
        }
        out + "}\n"
    }

    /// Mermaid, as Markdown viewers draw it.
    pub fn mermaid(&self, tasks: &[TaskId]) -> String {
        let mut out = String::from("flowchart LR\n");
        for &id in tasks {
            let (open, close) = if self.export(id).kind == "group" { ("([", "])") } else { ("[", "]") };
            let _ = writeln!(out, "  t{}{open}\"{}\"{close}", id.0, self.name(id));
            for other in self.dependencies(id) {
                let _ = writeln!(out, "  t{} --> t{}", other.0, id.0);
            }
        }
        out
    }
}
