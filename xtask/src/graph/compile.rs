//! From declarations to a graph that can run: who makes what, in which order, and whether that makes sense at all.
//!
//! Knows tasks and paths; looks at no disk. Everything wrong with the declarations is reported at once, with the
//! place of each declaration involved.

use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher as _;
use std::ops::Range;
use std::panic::Location;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::files::{FileId, Files};
use super::order;
use super::task::{Body, Field, Place, Task};

/// Index of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub(super) u32);

impl TaskId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something on disk that a task reads or writes, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Artifact {
    File { id: FileId, optional: bool },
    Tree(u32),
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
    fields: Range<u32>,
    inputs: Range<u32>,
    outputs: Range<u32>,
    deps: Range<u32>,
}

/// A checked graph.
pub struct Graph<'a> {
    pub(super) files: Files<'a>,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) trees: Vec<Tree<'a>>,
    /// Every task after all it depends on.
    pub(super) order: Vec<TaskId>,
    names: HashTable<u32>,
    fields: Vec<Field<'a>>,
    artifacts: Vec<Artifact>,
    deps: Vec<TaskId>,
    makers: Makers,
}

/// Everything wrong with a set of declarations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphErrors(pub Vec<String>);

impl fmt::Display for GraphErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for GraphErrors {}

/// Who makes a path.
#[derive(Default)]
struct Makers {
    files: Vec<Option<TaskId>>,
    dirs: FxHashMap<String, TaskId>,
}

impl Makers {
    fn of(&self, id: FileId) -> Option<TaskId> {
        self.files.get(id.0 as usize).copied().flatten()
    }

    fn set(&mut self, id: FileId, task: TaskId) {
        let at = id.0 as usize;
        if self.files.len() <= at {
            self.files.resize(at + 1, None);
        }
        self.files[at] = Some(task);
    }

    /// The task whose output directory holds this path, or is it.
    fn around(&self, path: &str) -> Option<TaskId> {
        if self.dirs.is_empty() {
            return None;
        }
        ancestors(path).find_map(|dir| self.dirs.get(dir)).copied()
    }
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |p| p.rfind('/').map(|at| &p[..at]).filter(|p| !p.is_empty()))
}

/// Takes declarations, one by one.
pub struct Builder<'a> {
    graph: Graph<'a>,
    after: Vec<(TaskId, Cow<'a, str>)>,
    errors: Vec<String>,
}

impl<'a> Graph<'a> {
    /// An empty graph to add tasks to.
    pub fn builder() -> Builder<'a> {
        let graph = Graph {
            files: Files::new(),
            nodes: Vec::new(),
            trees: Vec::new(),
            order: Vec::new(),
            names: HashTable::new(),
            fields: Vec::new(),
            artifacts: Vec::new(),
            deps: Vec::new(),
            makers: Makers::default(),
        };
        Builder { graph, after: Vec::new(), errors: Vec::new() }
    }

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

    /// Whether some task makes this file (alone or within a directory).
    pub(super) fn is_made(&self, id: FileId) -> bool {
        self.makers.of(id).is_some() || self.makers.around(self.files.path(id)).is_some()
    }

    /// Whether some task makes this directory, or something in it.
    pub(super) fn tree_is_made(&self, tree: u32) -> bool {
        !self.makers_below(tree).is_empty()
    }

    pub(super) fn artifact_path(&self, artifact: Artifact) -> &str {
        match artifact {
            Artifact::File { id, .. } => self.files.path(id),
            Artifact::Tree(tree) => &self.trees[tree as usize].dir,
        }
    }

    fn site(&self, id: TaskId) -> String {
        let node = &self.nodes[id.index()];
        format!("`{}` ({})", node.name, node.site)
    }
}

impl<'a> Builder<'a> {
    /// Adds a task. What is wrong with it is kept for [`Builder::finish`].
    pub fn add(&mut self, task: Task<'a>) {
        let id = TaskId(u32::try_from(self.graph.nodes.len()).expect("BUG: more than four thousand million tasks"));
        self.check(&task);
        if let Some(other) = self.graph.find(&task.name) {
            let first = self.graph.site(other);
            self.errors.push(format!("two tasks are called {first} and here: {}", task.site));
            return;
        }
        let inputs = self.artifacts(task.inputs, None);
        let outputs = self.artifacts(task.outputs, Some((id, &task.name, task.site)));
        let fields = extend(&mut self.graph.fields, task.fields);
        self.after.extend(task.after.into_iter().map(|name| (id, name)));
        let nodes = &mut self.graph.nodes;
        self.graph.names.insert_unique(hash(&task.name), id.0, |&other| hash(&nodes[other as usize].name));
        nodes.push(Node {
            name: task.name,
            doc: task.doc,
            site: task.site,
            pool: task.pool,
            env: task.env.into(),
            body: task.body,
            fields,
            inputs,
            outputs,
            deps: 0..0,
        });
    }

    fn check(&mut self, task: &Task<'a>) {
        let mut refuse = |why: &str| self.errors.push(format!("task `{}` ({}) {why}", task.name, task.site));
        let good = |c: char| c.is_ascii_alphanumeric() || "._-/@".contains(c);
        let parts_good = task.name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
        if !parts_good || !task.name.chars().all(good) || task.name.len() > 200 {
            refuse("has a name that cannot be a file name: use letters, digits, `.`, `_`, `-`, `@` and `/`");
        }
        match &task.body {
            Body::Build { action: None, .. } | Body::Converge { action: None, .. } => refuse("has no action"),
            Body::Build { .. } if task.outputs.is_empty() => refuse("makes nothing: declare an output"),
            Body::Converge { .. } | Body::Group if !task.outputs.is_empty() => {
                refuse("declares outputs, but only build tasks make files");
            }
            _ => {}
        }
        let paths = task.inputs.iter().chain(&task.outputs).map(|place| match place {
            Place::File { path, .. } | Place::Tree { dir: path, .. } => path,
        });
        for path in paths.filter(|path| path.is_empty() || path.contains('\0') || path.len() > usize::from(u16::MAX)) {
            refuse(&format!("declares a path that cannot be one: `{}`", path.escape_debug()));
        }
    }

    fn artifacts(
        &mut self,
        places: Vec<Place<'a>>,
        maker: Option<(TaskId, &str, &'static Location<'static>)>,
    ) -> Range<u32> {
        let artifacts: Vec<Artifact> = places.into_iter().map(|place| self.artifact(place, maker)).collect();
        extend(&mut self.graph.artifacts, artifacts)
    }

    fn artifact(&mut self, place: Place<'a>, maker: Option<(TaskId, &str, &'static Location<'static>)>) -> Artifact {
        let graph = &mut self.graph;
        let (artifact, other) = match place {
            Place::File { path, secret, optional } => {
                let id = graph.files.intern(tidy(path));
                if secret {
                    graph.files.mark_secret(id);
                }
                let other = graph.makers.of(id);
                if let (Some((task, ..)), None) = (maker, other) {
                    graph.makers.set(id, task);
                }
                (Artifact::File { id, optional }, other)
            }
            Place::Tree { dir, pattern } => {
                let dir = tidy(dir);
                let other = maker.and_then(|(task, ..)| graph.makers.dirs.insert(dir.to_string(), task));
                graph.trees.push(Tree { dir, pattern });
                (Artifact::Tree(u32::try_from(graph.trees.len() - 1).unwrap_or(u32::MAX)), other)
            }
        };
        if let (Some((_, name, site)), Some(other)) = (maker, other) {
            let path = graph.artifact_path(artifact);
            // A task may be the other one itself when it names an output twice: it is not among the nodes yet.
            let first = if other.index() < graph.nodes.len() { graph.site(other) } else { "itself".to_string() };
            self.errors.push(format!("`{path}` is made by two tasks: {first} and `{name}` ({site})"));
        }
        artifact
    }

    /// Checks the whole and orders it.
    ///
    /// # Errors
    /// Two tasks with one name or output, an output inside another's output directory, an unknown task in
    /// [`Task::after`], cycles.
    pub fn finish(mut self) -> Result<Graph<'a>, GraphErrors> {
        self.refuse_nested_outputs();
        let edges = self.edges();
        let graph = &mut self.graph;
        for (id, dependencies) in edges.into_iter().enumerate() {
            graph.nodes[id].deps = extend(&mut graph.deps, dependencies);
        }
        match order::topological(graph.nodes.len(), |id| graph.dependencies(id)) {
            Ok(order) => graph.order = order,
            Err(cycle) => {
                let names: Vec<&str> = cycle.iter().map(|&id| graph.name(id)).collect();
                let sites: Vec<String> = cycle[1..].iter().map(|&id| graph.site(id)).collect();
                self.errors.push(format!("dependency cycle: {}; declared: {}", names.join(" -> "), sites.join(", ")));
            }
        }
        if self.errors.is_empty() { Ok(self.graph) } else { Err(GraphErrors(self.errors)) }
    }

    fn refuse_nested_outputs(&mut self) {
        let graph = &self.graph;
        if graph.makers.dirs.is_empty() {
            return;
        }
        for id in (0..graph.nodes.len()).map(|id| TaskId(u32::try_from(id).unwrap_or(u32::MAX))) {
            for &artifact in graph.outputs(id) {
                let path = graph.artifact_path(artifact);
                let skip = usize::from(matches!(artifact, Artifact::Tree(_)));
                let around = ancestors(path).skip(skip).find_map(|dir| graph.makers.dirs.get_key_value(dir));
                if let Some((dir, &other)) = around {
                    let (inner, outer) = (graph.site(id), graph.site(other));
                    self.errors.push(format!("`{path}` of {inner} lies inside `{dir}`, which {outer} makes"));
                }
            }
        }
    }

    /// The dependencies of every task, by its index.
    fn edges(&mut self) -> Vec<Vec<TaskId>> {
        let graph = &self.graph;
        let mut edges: Vec<Vec<TaskId>> = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            let mut dependencies = Vec::new();
            for artifact in slice(&graph.artifacts, &node.inputs) {
                match artifact {
                    Artifact::File { id, .. } => {
                        let maker = graph.makers.of(*id).or_else(|| graph.makers.around(graph.files.path(*id)));
                        dependencies.extend(maker);
                    }
                    Artifact::Tree(tree) => dependencies.extend(graph.makers_below(*tree)),
                }
            }
            edges.push(dependencies);
        }
        for (id, name) in &self.after {
            match graph.find(name) {
                Some(other) => edges[id.index()].push(other),
                None => self.errors.push(format!("{} comes after `{name}`, which no task is called", graph.site(*id))),
            }
        }
        for dependencies in &mut edges {
            dependencies.sort_unstable();
            dependencies.dedup();
        }
        edges
    }
}

impl Graph<'_> {
    fn makers_below(&self, tree: u32) -> Vec<TaskId> {
        let tree = &self.trees[tree as usize];
        let files = (0..self.files.len()).map(|id| FileId(u32::try_from(id).unwrap_or(u32::MAX)));
        let mut makers: Vec<TaskId> = files
            .filter(|&id| tree.member(self.files.path(id)).is_some())
            .filter_map(|id| self.makers.of(id))
            .chain(self.makers.around(&tree.dir))
            .collect();
        let below = |dir: &str| dir.strip_prefix(&*tree.dir).is_some_and(|rest| rest.starts_with('/'));
        makers.extend(self.makers.dirs.iter().filter(|(dir, _)| below(dir)).map(|(_, &task)| task));
        makers
    }
}

/// One spelling a path, so that `./a//b/` and `a/b` are the same file.
fn tidy(path: Cow<'_, str>) -> Cow<'_, str> {
    let rough = path.contains("//") || path.contains("./") || path.ends_with('/') || path.ends_with("/.");
    if !rough {
        return path;
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    Cow::Owned(format!("{root}{}", parts.join("/")))
}

fn extend<T>(all: &mut Vec<T>, more: Vec<T>) -> Range<u32> {
    let index = |n: usize| u32::try_from(n).expect("BUG: more than four thousand million of them");
    let start = index(all.len());
    all.extend(more);
    start..index(all.len())
}

fn slice<'s, T>(all: &'s [T], range: &Range<u32>) -> &'s [T] {
    &all[range.start as usize..range.end as usize]
}

fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}
