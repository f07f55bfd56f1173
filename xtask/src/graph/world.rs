//! The graph against the disk: what every declared file and directory holds right now.
//!
//! Looks and remembers; it does not judge. Most files are known by their stat alone, the rest is read by all cores.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use walkdir::WalkDir;

use super::files::{Digest, Disk, FileId, Known, Now};
use super::model::{Artifact, Graph, TaskId, Tree, TreeId};
use super::state::{At, Payload, State};

/// Fewer files than this are looked at before a thread pool would have started.
const FEW: usize = 256;

/// A directory with all in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TreeNow {
    /// Whether the directory is there.
    pub(super) exists: bool,
    /// Root-relative paths in order, with what they hold.
    pub(super) files: Vec<(String, Now)>,
}

impl TreeNow {
    /// One hash for names and contents; `None` when the directory is not there.
    pub(super) fn digest(&self) -> Option<Digest> {
        let mut hasher = blake3::Hasher::new();
        for (path, now) in &self.files {
            hasher.update(&(path.len() as u64).to_le_bytes());
            hasher.update(path.as_bytes());
            if let Now::Present(known) = now {
                hasher.update(&known.digest.0);
            }
        }
        self.exists.then(|| Digest(hasher.finalize().into()))
    }
}

/// What is on disk, as far as somebody asked.
pub(super) struct World {
    files: Vec<Now>,
    trees: Vec<TreeNow>,
}

impl World {
    /// Looks at everything these tasks read and write. Also returns the records of what had to be read again.
    pub(super) fn survey(graph: &Graph<'_>, disk: &Disk, state: &State, tasks: &[TaskId]) -> Result<(World, Payload)> {
        let mut world = World { files: vec![Now::Unknown; graph.files.len()], trees: Vec::new() };
        world.trees.resize(graph.trees.len(), TreeNow::default());
        let mut wanted = vec![false; graph.files.len()];
        let mut trees = BTreeSet::new();
        for artifact in tasks.iter().flat_map(|&id| graph.inputs(id).iter().chain(graph.outputs(id))) {
            match *artifact {
                Artifact::File { id, .. } => wanted[id.0 as usize] = true,
                Artifact::Tree(tree) => {
                    trees.insert(tree);
                }
            }
        }
        let mut refreshed = Payload::default();
        world.look_at_files(graph, disk, state, &wanted, &mut refreshed)?;
        for tree in trees {
            world.look_at_tree(graph, disk, state, tree, &mut refreshed)?;
        }
        Ok((world, refreshed))
    }

    /// Looks again at those inputs of a task that another task may have made without saying so file by file: trees, and
    /// files in a directory that is made as a whole. Also returns the records of what had to be read.
    pub(super) fn refresh(&mut self, graph: &Graph<'_>, disk: &Disk, state: &State, task: TaskId) -> Result<Payload> {
        let mut refreshed = Payload::default();
        for artifact in graph.inputs(task) {
            match *artifact {
                Artifact::File { id, .. } if graph.maker_around(id).is_some() => {
                    let path = graph.files.path(id);
                    let at = state.file(path, &mut 0);
                    let now = disk.look(path, graph.files.is_secret(id), at.map(|at| state.known(at)))?;
                    note(&mut refreshed, state, path, now, at);
                    self.files[id.0 as usize] = now;
                }
                Artifact::File { .. } => {}
                Artifact::Tree(tree) => self.look_at_tree(graph, disk, state, tree, &mut refreshed)?,
            }
        }
        Ok(refreshed)
    }

    fn look_at_tree(
        &mut self,
        graph: &Graph<'_>,
        disk: &Disk,
        state: &State,
        tree: TreeId,
        refreshed: &mut Payload,
    ) -> Result<()> {
        let known = |path: &str| state.file(path, &mut 0).map(|at| state.known(at));
        let now = look_at_tree(graph, disk, &graph.trees[tree.index()], known)?;
        for (path, now) in &now.files {
            note(refreshed, state, path, *now, state.file(path, &mut 0));
        }
        self.trees[tree.index()] = now;
        Ok(())
    }

    fn look_at_files(
        &mut self,
        graph: &Graph<'_>,
        disk: &Disk,
        state: &State,
        wanted: &[bool],
        refreshed: &mut Payload,
    ) -> Result<()> {
        let mut cursor = 0;
        let ids = (0..graph.files.len()).filter(|&n| wanted[n]);
        let asked: Vec<(FileId, Option<At>)> = ids
            .map(|n| FileId(u32::try_from(n).unwrap_or(u32::MAX)))
            .map(|id| (id, state.file(graph.files.path(id), &mut cursor)))
            .collect();
        let look = |&(id, at): &(FileId, Option<At>)| {
            disk.look(graph.files.path(id), graph.files.is_secret(id), at.map(|at| state.known(at)))
        };
        let found: Vec<Result<Now>> = if asked.len() < FEW {
            asked.iter().map(look).collect()
        } else {
            asked.par_iter().with_min_len(FEW).map(look).collect()
        };
        for (&(id, at), now) in asked.iter().zip(found) {
            let now = now?;
            note(refreshed, state, graph.files.path(id), now, at);
            self.files[id.0 as usize] = now;
        }
        Ok(())
    }

    pub(super) fn file(&self, id: FileId) -> Now {
        self.files[id.0 as usize]
    }

    pub(super) fn tree(&self, tree: TreeId) -> &TreeNow {
        &self.trees[tree.index()]
    }

    /// The content of an artifact; `None` when it is not there.
    pub(super) fn digest(&self, artifact: Artifact) -> Option<Digest> {
        match artifact {
            Artifact::File { id, .. } => match self.file(id) {
                Now::Present(known) => Some(known.digest),
                _ => None,
            },
            Artifact::Tree(tree) => self.tree(tree).digest(),
        }
    }

    pub(super) fn is_there(&self, artifact: Artifact) -> bool {
        match artifact {
            Artifact::File { id, .. } => matches!(self.file(id), Now::Present(_)),
            Artifact::Tree(tree) => self.tree(tree).exists,
        }
    }

    /// Takes over what somebody saw.
    pub(super) fn update(&mut self, seen: Seen) {
        match seen {
            Seen::File(id, now) => self.files[id.0 as usize] = now,
            Seen::Tree(tree, now) => self.trees[tree.index()] = now,
        }
    }
}

/// What a fresh look at one artifact showed.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    File(FileId, Now),
    Tree(TreeId, TreeNow),
}

impl Seen {
    pub(super) fn is_there(&self) -> bool {
        match self {
            Seen::File(_, now) => matches!(now, Now::Present(_)),
            Seen::Tree(_, tree) => tree.exists,
        }
    }

    pub(super) fn artifact(&self) -> Artifact {
        match *self {
            Seen::File(id, _) => Artifact::File { id, optional: false },
            Seen::Tree(tree, _) => Artifact::Tree(tree),
        }
    }

    /// Adds what was seen to the records.
    pub(super) fn record(&self, graph: &Graph<'_>, payload: &mut Payload) {
        match self {
            Seen::File(id, Now::Present(known)) => payload.file(graph.files.path(*id), known),
            Seen::File(..) => {}
            Seen::Tree(_, tree) => {
                for (path, now) in &tree.files {
                    if let Now::Present(known) = now {
                        payload.file(path, known);
                    }
                }
            }
        }
    }
}

/// Looks at an artifact anew and reads what is in it, whatever was known before.
pub(super) fn look_again(graph: &Graph<'_>, disk: &Disk, artifact: Artifact) -> Result<Seen> {
    match artifact {
        Artifact::File { id, .. } => {
            Ok(Seen::File(id, disk.look(graph.files.path(id), graph.files.is_secret(id), None)?))
        }
        Artifact::Tree(tree) => Ok(Seen::Tree(tree, look_at_tree(graph, disk, &graph.trees[tree.index()], |_| None)?)),
    }
}

/// Whether what is there now is what was seen, whatever happened in between.
pub(super) fn is_as_seen(graph: &Graph<'_>, disk: &Disk, seen: &Seen) -> Result<bool> {
    match seen {
        Seen::File(id, before) => {
            let (path, secret) = (graph.files.path(*id), graph.files.is_secret(*id));
            let Now::Present(known) = before else { return Ok(disk.mode(path)?.is_none()) };
            // A file with another stat may hold the same, but need not be read to be replaced.
            // Only the content is compared: that a record has become trustworthy meanwhile is no difference.
            let holds_the_same = |now| matches!(now, Now::Present(now) if now.digest == known.digest);
            Ok(disk.unchanged(path, *before)? && holds_the_same(disk.look(path, secret, Some(*known))?))
        }
        Seen::Tree(tree, before) => {
            let known: FxHashMap<&str, Now> = before.files.iter().map(|(path, now)| (path.as_str(), *now)).collect();
            let known = |path: &str| if let Now::Present(known) = known.get(path)? { Some(*known) } else { None };
            Ok(look_at_tree(graph, disk, &graph.trees[tree.index()], known)?.digest() == before.digest())
        }
    }
}

/// `known` gives what is remembered of a path.
fn look_at_tree(
    graph: &Graph<'_>,
    disk: &Disk,
    tree: &Tree<'_>,
    known: impl Fn(&str) -> Option<Known> + Sync,
) -> Result<TreeNow> {
    let top = disk.absolute(&tree.dir);
    if !top.is_dir() {
        return Ok(TreeNow::default());
    }
    let mut paths = Vec::new();
    for entry in WalkDir::new(&top).follow_links(true).sort_by_file_name() {
        let entry = entry.with_context(|| format!("cannot list `{}`", tree.dir))?;
        if entry.file_type().is_file()
            && let Some(path) = member_path(tree, &top, entry.path())?
        {
            paths.push(path);
        }
    }
    let look = |path: String| {
        let secret = graph.files.find(&path).is_some_and(|id| graph.files.is_secret(id));
        let now = disk.look(&path, secret, known(&path))?;
        Ok((path, now))
    };
    let files: Result<Vec<(String, Now)>> = if paths.len() < FEW {
        paths.into_iter().map(look).collect()
    } else {
        paths.into_par_iter().with_min_len(FEW / 4).map(look).collect()
    };
    Ok(TreeNow { exists: true, files: files? })
}

/// The path of a file as the graph spells it, if it belongs to the tree. Our own temporary files never do.
fn member_path(tree: &Tree<'_>, top: &Path, path: &Path) -> Result<Option<String>> {
    let below = path.strip_prefix(top).unwrap_or(path);
    let name = below.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with('.') && name.ends_with(".tmp") {
        return Ok(None);
    }
    let below = below.to_str().with_context(|| format!("`{}` has a name that is no UTF-8", path.display()))?;
    let path = format!("{}/{below}", tree.dir);
    Ok(tree.member(&path).is_some().then_some(path))
}

/// Keeps what had to be read although there was a record, or because there was none.
fn note(refreshed: &mut Payload, state: &State, path: &str, now: Now, at: Option<At>) {
    if let Now::Present(known) = now
        && at.map(|at| state.known(at)) != Some(known)
    {
        refreshed.file(path, &known);
    }
}
