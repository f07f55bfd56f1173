//! Judges every task: may its outputs stay, and if not, exactly why.
//!
//! Reads the graph, the world and the records; changes none of them and runs nothing.

use std::fmt;

use anyhow::{Result, bail};
use rayon::prelude::*;

use super::files::{Digest, Now};
use super::manifest::{self, Change, Writer};
use super::model::{Artifact, Graph, TaskId};
use super::state::{At, State};
use super::task::{Body, FieldKind};
use super::why::Why;
use super::world::World;

/// Fewer tasks than this are judged before a thread pool would have started.
const FEW: usize = 256;

/// Whether a task has to run, as far as can be said before anything ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Clean,
    /// Nothing is recorded of it.
    New,
    /// It would be made of other things than what lies there.
    Differs,
    /// What lies there is not what it made: the first such output, by its position.
    Touched(usize),
    /// Asked for.
    Forced,
    /// Not a matter of files: reality is checked when its turn comes.
    Live,
}

/// Why a task runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Nothing is recorded of it.
    New,
    /// These fields of its manifest changed.
    Changed(Vec<Change>),
    /// An output is not what it made.
    Output {
        /// The path.
        path: String,
        /// The recorded content.
        old: Digest,
        /// The content now; `None` when it is gone.
        new: Option<Digest>,
    },
    /// Asked for.
    Forced,
    /// A live thing is looked at.
    Live,
    /// Nothing of its own, but one of these tasks may make something new.
    After(Vec<String>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::New => f.write_str("nothing is recorded of it"),
            Reason::Changed(changes) if changes.is_empty() => f.write_str("it is made of other things than before"),
            Reason::Changed(changes) => {
                let texts: Vec<String> = changes.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join("; "))
            }
            Reason::Output { path, new: None, .. } => write!(f, "output {path} is gone"),
            Reason::Output { path, old, new: Some(new) } => {
                write!(f, "output {path} was changed by somebody: {} → {}", old.short(), new.short())
            }
            Reason::Forced => f.write_str("forced"),
            Reason::Live => f.write_str("looks at reality every time"),
            Reason::After(tasks) => write!(f, "only if {} makes something new", tasks.join(", ")),
        }
    }
}

/// Which tasks run although nothing changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Force {
    /// None.
    #[default]
    Nothing,
    /// All that are asked for.
    Everything,
    /// These, by name.
    Only(Vec<String>),
}

impl Force {
    pub(super) fn covers(&self, name: &str) -> bool {
        match self {
            Force::Nothing => false,
            Force::Everything => true,
            Force::Only(names) => names.iter().any(|n| n == name),
        }
    }
}

/// Judges these tasks, in the order given.
pub(super) fn judge_all(
    graph: &Graph<'_>,
    world: &World,
    state: &State,
    force: &Force,
    tasks: &[TaskId],
) -> Vec<Verdict> {
    let mut cursor = 0;
    // By index, because that is the order of the records; the order of `tasks` is another.
    let mut records: Vec<Option<At>> = vec![None; graph.nodes.len()];
    let mut sorted = tasks.to_vec();
    sorted.sort_unstable();
    for id in sorted {
        records[id.index()] = state.task(graph.name(id), &mut cursor);
    }
    let judge = |buffer: &mut Vec<u8>, &id: &TaskId| {
        if force.covers(graph.name(id)) && !matches!(graph.nodes[id.index()].body, Body::Group) {
            return Verdict::Forced;
        }
        judge(graph, world, state, id, records[id.index()], buffer)
    };
    if tasks.len() < FEW {
        let mut buffer = Vec::new();
        return tasks.iter().map(|id| judge(&mut buffer, id)).collect();
    }
    tasks.par_iter().with_min_len(FEW).map_init(Vec::new, judge).collect()
}

/// Judges one task by what is known now.
pub(super) fn judge_one(graph: &Graph<'_>, world: &World, state: &State, id: TaskId) -> Verdict {
    judge(graph, world, state, id, state.task(graph.name(id), &mut 0), &mut Vec::new())
}

fn judge(
    graph: &Graph<'_>,
    world: &World,
    state: &State,
    id: TaskId,
    record: Option<At>,
    buffer: &mut Vec<u8>,
) -> Verdict {
    match graph.nodes[id.index()].body {
        Body::Group => return Verdict::Clean,
        Body::Converge { .. } => return Verdict::Live,
        Body::Build { .. } => {}
    }
    let Some(at) = record else { return Verdict::New };
    let record = state.task_record(at);
    buffer.clear();
    write_manifest(graph, world, id, buffer);
    if manifest::fingerprint(buffer) != record.fingerprint {
        return Verdict::Differs;
    }
    let same = |(artifact, digest): (&Artifact, Digest)| world.digest(*artifact) == Some(digest);
    match graph.outputs(id).iter().zip(record.outputs()).position(|pair| !same(pair)) {
        None => Verdict::Clean,
        Some(position) => Verdict::Touched(position),
    }
}

/// Everything a task is made of, as things are now.
pub(super) fn write_manifest(graph: &Graph<'_>, world: &World, id: TaskId, bytes: &mut Vec<u8>) {
    let mut writer = Writer(bytes);
    for field in graph.fields(id) {
        writer.text(field.kind, &field.key, &field.value);
    }
    let mut input = |path: &str, now: Now| match now {
        Now::Present(known) => writer.content(FieldKind::Input, path, known.digest),
        _ => writer.missing(FieldKind::Input, path),
    };
    for &artifact in graph.inputs(id) {
        match artifact {
            Artifact::File { id, .. } => input(graph.files.path(id), world.file(id)),
            Artifact::Tree(tree) => world.tree(tree).files.iter().for_each(|(path, now)| input(path, *now)),
        }
    }
    for &artifact in graph.outputs(id) {
        let kind = if matches!(artifact, Artifact::Tree(_)) { "directory" } else { "file" };
        writer.text(FieldKind::Output, graph.artifact_path(artifact), kind);
    }
}

/// Puts a verdict into words and values; `None` for a clean task.
pub(super) fn reason(
    graph: &Graph<'_>,
    world: &World,
    state: &State,
    why: &Why,
    id: TaskId,
    verdict: Verdict,
) -> Option<Reason> {
    match verdict {
        Verdict::Clean => None,
        Verdict::New => Some(Reason::New),
        Verdict::Forced => Some(Reason::Forced),
        Verdict::Live => Some(Reason::Live),
        Verdict::Differs => {
            let mut new = Vec::new();
            write_manifest(graph, world, id, &mut new);
            let recorded = state.task(graph.name(id), &mut 0).map(|at| state.task_record(at).fingerprint);
            // A manifest that is not the recorded one (its file was lost) explains nothing, and lies about nothing.
            let old = why.manifest(graph.name(id)).filter(|old| Some(manifest::fingerprint(old)) == recorded);
            Some(Reason::Changed(old.map(|old| manifest::diff(old, &new)).unwrap_or_default()))
        }
        Verdict::Touched(position) => {
            let artifact = graph.outputs(id)[position];
            let record = state.task(graph.name(id), &mut 0).map(|at| state.task_record(at));
            let old = record.and_then(|record| record.outputs().nth(position))?;
            let path = graph.artifact_path(artifact).to_string();
            Some(Reason::Output { path, old, new: world.digest(artifact) })
        }
    }
}

/// Refuses to start a task without its inputs, although all that comes before it is done.
pub(super) fn refuse_unmade(graph: &Graph<'_>, world: &World, task: TaskId) -> Result<()> {
    for &artifact in graph.inputs(task) {
        let Artifact::File { id, optional: false } = artifact else { continue };
        if !world.is_there(artifact) {
            let path = graph.artifact_path(artifact);
            match graph.maker_around(id) {
                Some(maker) => bail!("`{path}` is not among what {} made", graph.site(maker)),
                None => bail!("`{path}` is gone"),
            }
        }
    }
    Ok(())
}

/// Refuses inputs that nobody makes and that do not exist.
pub(super) fn refuse_missing(graph: &Graph<'_>, world: &World, tasks: &[TaskId]) -> Result<()> {
    let mut missing = Vec::new();
    for &task in tasks {
        for &artifact in graph.inputs(task) {
            let gone = match artifact {
                Artifact::File { optional, .. } => !optional && !world.is_there(artifact),
                Artifact::Tree(_) => !world.is_there(artifact),
            };
            if gone && !graph.is_made(artifact) {
                let node = &graph.nodes[task.index()];
                let path = graph.artifact_path(artifact);
                missing.push(format!(
                    "`{path}` does not exist and no task makes it; `{}` reads it ({})",
                    node.name, node.site
                ));
            }
        }
    }
    if missing.is_empty() { Ok(()) } else { bail!("{}", missing.join("\n")) }
}
