//! A checked graph: tasks by number, what they read and write, who makes what.
//!
//! Data and questions about it. It is made by `compile`, and looks at no disk.

use std::borrow::Cow;
use std::hash::BuildHasher as _;
use std::ops::Range;
use std::panic::Location;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::files::{FileId, Files};
use super::task::{Body, Field};

/// Index of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub(super) u32);

impl TaskId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TreeId(pub(super) u32);

impl TreeId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something on disk that a task reads or writes, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Artifact {
    File { id: FileId, optional: bool },
    Tree(TreeId),
}

/// A directory with all in it, or what matches a pattern.
pub(super) struct Tree<'a> {
    pub(super) dir: Cow<'a, str>,
    pub(super) pattern: Option<glob::Pattern>,
}

impl Tree<'_> {
    /// The path below this directory, if the file belongs to the tree.
    pub(super) fn member<'p>(&self, path: &'p str) -> Option<&'p str> {
        let below = path.strip_prefix(&*self.dir)?.strip_prefix('/')?;
        self.pattern.as_ref().is_none_or(|pattern| pattern.matches_with(below, PATTERN)).then_some(below)
    }
}

/// `*` stays within a directory, as in a shell; `**` does not.
const PATTERN: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

pub(super) struct Node<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) doc: Cow<'a, str>,
    pub(super) site: &'static Location<'static>,
    pub(super) pool: Option<&'static str>,
    pub(super) env: Box<[(Cow<'a, str>, String)]>,
    pub(super) body: Body<'a>,
    pub(super) fields: Range<u32>,
    pub(super) inputs: Range<u32>,
    pub(super) outputs: Range<u32>,
    pub(super) deps: Range<u32>,
}

/// A checked graph.
#[derive(Default)]
pub struct Graph<'a> {
    pub(super) files: Files<'a>,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) trees: Vec<Tree<'a>>,
    /// Every task after all it depends on.
    pub(super) order: Vec<TaskId>,
    pub(super) names: HashTable<u32>,
    pub(super) fields: Vec<Field<'a>>,
    pub(super) artifacts: Vec<Artifact>,
    pub(super) deps: Vec<TaskId>,
    pub(super) makers: Makers,
    /// Directories in which some task puts a secret.
    pub(super) private_dirs: FxHashSet<String>,
}

/// Who makes a path.
#[derive(Default)]
pub(super) struct Makers {
    files: Vec<Option<TaskId>>,
    pub(super) dirs: FxHashMap<String, TaskId>,
    /// By tree: who makes it, something in it, or something around it.
    pub(super) trees: Vec<Vec<TaskId>>,
}

impl Makers {
    pub(super) fn of(&self, id: FileId) -> Option<TaskId> {
        self.files.get(id.0 as usize).copied().flatten()
    }

    pub(super) fn set(&mut self, id: FileId, task: TaskId) {
        let at = id.0 as usize;
        if self.files.len() <= at {
            self.files.resize(at + 1, None);
        }
        self.files[at] = Some(task);
    }

    /// The task whose output directory holds this path, or is it.
    pub(super) fn around(&self, path: &str) -> Option<TaskId> {
        if self.dirs.is_empty() {
            return None;
        }
        ancestors(path).find_map(|dir| self.dirs.get(dir)).copied()
    }
}

/// The path itself and every directory above it, the nearest first.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |p| p.rfind('/').map(|at| &p[..at]).filter(|p| !p.is_empty()))
}

impl<'a> Graph<'a> {
    /// The task of that name.
    pub fn find(&self, name: &str) -> Option<TaskId> {
        self.names.find(hash(name), |&id| self.nodes[id as usize].name == name).map(|&id| TaskId(id))
    }

    /// Its name.
    pub fn name(&self, id: TaskId) -> &str {
        &self.nodes[id.index()].name
    }

    /// What it is for, in one line.
    pub fn doc(&self, id: TaskId) -> &str {
        &self.nodes[id.index()].doc
    }

    /// Every task, each after all it depends on.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = TaskId> + '_ {
        self.order.iter().copied()
    }

    /// The tasks that must be done before this one.
    pub fn dependencies(&self, id: TaskId) -> &[TaskId] {
        slice(&self.deps, &self.nodes[id.index()].deps)
    }

    pub(super) fn fields(&self, id: TaskId) -> &[Field<'a>] {
        slice(&self.fields, &self.nodes[id.index()].fields)
    }

    pub(super) fn inputs(&self, id: TaskId) -> &[Artifact] {
        slice(&self.artifacts, &self.nodes[id.index()].inputs)
    }

    pub(super) fn outputs(&self, id: TaskId) -> &[Artifact] {
        slice(&self.artifacts, &self.nodes[id.index()].outputs)
    }

    pub(super) fn is_group(&self, id: TaskId) -> bool {
        matches!(self.nodes[id.index()].body, Body::Group)
    }

    /// Whether some task makes this artifact, or something in it.
    pub(super) fn is_made(&self, artifact: Artifact) -> bool {
        match artifact {
            Artifact::File { id, .. } => self.makers.of(id).is_some() || self.maker_around(id).is_some(),
            Artifact::Tree(tree) => !self.makers.trees[tree.index()].is_empty(),
        }
    }

    /// The task that makes this file as part of a directory.
    pub(super) fn maker_around(&self, id: FileId) -> Option<TaskId> {
        self.makers.around(self.files.path(id))
    }

    pub(super) fn artifact_path(&self, artifact: Artifact) -> &str {
        match artifact {
            Artifact::File { id, .. } => self.files.path(id),
            Artifact::Tree(tree) => &self.trees[tree.index()].dir,
        }
    }

    /// For messages: the name of a task and where it was declared.
    pub(super) fn site(&self, id: TaskId) -> String {
        let node = &self.nodes[id.index()];
        format!("`{}` ({})", node.name, node.site)
    }
}

fn slice<'s, T>(all: &'s [T], range: &Range<u32>) -> &'s [T] {
    &all[range.start as usize..range.end as usize]
}

pub(super) fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}
