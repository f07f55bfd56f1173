//! From declarations to a graph that can run: who makes what, in which order, and whether that makes sense at all.
//!
//! Knows tasks and paths; looks at no disk. Everything wrong with the declarations is reported at once, with the
//! place of each declaration involved.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::panic::Location;

use rustc_hash::FxHashMap;

use super::files::FileId;
use super::model::{Artifact, Graph, Node, TaskId, Tree, TreeId, ancestors, hash};
use super::order;
use super::task::{Body, Place, Task};

/// Everything wrong with a set of declarations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphErrors(pub Vec<String>);

impl fmt::Display for GraphErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for GraphErrors {}

/// Takes declarations, one by one.
pub struct Builder<'a> {
    graph: Graph<'a>,
    after: Vec<(TaskId, Cow<'a, str>)>,
    /// Trees by their directory and pattern: two tasks that mean the same one see the same one.
    trees: FxHashMap<(String, Option<String>), TreeId>,
    errors: Vec<String>,
}

/// Who declares an output.
type Maker<'m> = (TaskId, &'m str, &'static Location<'static>);

impl<'a> Graph<'a> {
    /// An empty graph to add tasks to.
    pub fn builder() -> Builder<'a> {
        Builder { graph: Graph::default(), after: Vec::new(), trees: FxHashMap::default(), errors: Vec::new() }
    }
}

impl<'a> Builder<'a> {
    /// Makes room for about so many tasks.
    pub fn reserve(&mut self, tasks: usize) {
        let (graph, rehash) = (&mut self.graph, |_: &u32| unreachable!("BUG: there is nothing in it yet"));
        if graph.nodes.is_empty() {
            graph.names.reserve(tasks, rehash);
            graph.files.reserve(2 * tasks);
        }
    }

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
        for path in task.inputs.iter().chain(&task.outputs).map(path_of) {
            let nothing = path.split('/').all(|part| part.is_empty() || part == ".");
            if nothing || path.contains('\0') || path.len() > usize::from(u16::MAX) {
                refuse(&format!("declares a path that cannot be one: `{}`", path.escape_debug()));
            }
        }
        // Two spellings of one output would hide that two tasks make it. An input may well lie further up.
        for path in task.outputs.iter().map(path_of).filter(|path| path.split('/').any(|part| part == "..")) {
            refuse(&format!("declares the output `{path}`: say where it lies without `..`"));
        }
    }

    fn artifacts(&mut self, places: Vec<Place<'a>>, maker: Option<Maker<'_>>) -> Range<u32> {
        let artifacts: Vec<Artifact> = places.into_iter().map(|place| self.artifact(place, maker)).collect();
        extend(&mut self.graph.artifacts, artifacts)
    }

    fn artifact(&mut self, place: Place<'a>, maker: Option<Maker<'_>>) -> Artifact {
        let (artifact, other) = match place {
            Place::File { path, secret, optional } => {
                let graph = &mut self.graph;
                let id = graph.files.intern(tidy(path));
                if secret {
                    graph.files.mark_secret(id);
                }
                let other = graph.makers.of(id);
                if let (Some((task, ..)), None) = (maker, other) {
                    graph.makers.set(id, task);
                    graph.note_private(id);
                }
                (Artifact::File { id, optional }, other)
            }
            Place::Tree { dir, pattern } => {
                let dir = tidy(dir);
                let other = maker.and_then(|(task, ..)| self.graph.makers.dirs.insert(dir.to_string(), task));
                (Artifact::Tree(self.tree(dir, pattern)), other)
            }
        };
        if let (Some(maker), Some(other)) = (maker, other) {
            self.refuse_second_maker(artifact, maker, other);
        }
        artifact
    }

    fn tree(&mut self, dir: Cow<'a, str>, pattern: Option<glob::Pattern>) -> TreeId {
        let key = (dir.to_string(), pattern.as_ref().map(ToString::to_string));
        let trees = &mut self.graph.trees;
        *self.trees.entry(key).or_insert_with(|| {
            trees.push(Tree { dir, pattern });
            TreeId(u32::try_from(trees.len() - 1).expect("BUG: more than four thousand million trees"))
        })
    }

    fn refuse_second_maker(&mut self, artifact: Artifact, (task, name, site): Maker<'_>, other: TaskId) {
        let path = self.graph.artifact_path(artifact);
        self.errors.push(if other == task {
            format!("`{path}` is declared twice as an output of `{name}` ({site})")
        } else {
            format!("`{path}` is made by two tasks: {} and `{name}` ({site})", self.graph.site(other))
        });
    }

    /// Checks the whole and orders it.
    ///
    /// # Errors
    /// Two tasks with one name or output, an output inside another's output directory, an unknown task in
    /// [`Task::after`], cycles.
    pub fn finish(mut self) -> Result<Graph<'a>, GraphErrors> {
        self.refuse_nested_outputs();
        self.graph.makers.trees = (0..self.graph.trees.len()).map(|tree| self.graph.makers_of_tree(tree)).collect();
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
        let dependencies = |id: usize| {
            let mut dependencies = Vec::new();
            for artifact in graph.inputs(TaskId(u32::try_from(id).unwrap_or(u32::MAX))) {
                match *artifact {
                    Artifact::File { id, .. } => {
                        dependencies.extend(graph.makers.of(id).or_else(|| graph.maker_around(id)));
                    }
                    Artifact::Tree(tree) => dependencies.extend_from_slice(&graph.makers.trees[tree.index()]),
                }
            }
            dependencies
        };
        let mut edges: Vec<Vec<TaskId>> = (0..graph.nodes.len()).map(dependencies).collect();
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
    /// The directory of a secret is closed whoever makes it: a task that puts a public file there may be the first.
    fn note_private(&mut self, id: FileId) {
        if self.files.is_secret(id)
            && let Some((dir, _)) = self.files.path(id).rsplit_once('/')
            && !dir.is_empty()
        {
            self.private_dirs.insert(dir.to_string());
        }
    }

    fn makers_of_tree(&self, tree: usize) -> Vec<TaskId> {
        let tree = &self.trees[tree];
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

fn path_of<'p>(place: &'p Place<'_>) -> &'p str {
    match place {
        Place::File { path, .. } | Place::Tree { dir: path, .. } => path,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for (rough, tidied) in [("./a//b/", "a/b"), ("a/./b", "a/b"), ("/a/.", "/a"), ("../x", "../x"), ("a.b", "a.b")]
        {
            assert_eq!(tidy(rough.into()), tidied);
        }
    }

    #[test]
    fn one_tree_declared_twice_is_one_tree() {
        let mut builder = Graph::builder();
        let pattern = || glob::Pattern::new("*.c").unwrap();
        builder.add(Task::build("a").tree("src/").glob("src", pattern()).output("a").action(|_| Ok(())));
        builder.add(Task::build("b").tree("./src").glob("src", pattern()).output("b").action(|_| Ok(())));
        assert_eq!(builder.finish().unwrap().trees.len(), 2);
    }

    #[test]
    fn whatever_lies_in_or_around_a_tree_comes_before_its_reader() {
        let mut builder = Graph::builder();
        builder.add(Task::build("file").output("gen/a/x").action(|_| Ok(())));
        builder.add(Task::build("dir").output_dir("gen/b").action(|_| Ok(())));
        builder.add(Task::build("neighbour").output("gen2/x").action(|_| Ok(())));
        builder.add(Task::build("all").tree("gen").output("1").action(|_| Ok(())));
        builder.add(Task::build("inside").tree("gen/b/deep").output("2").action(|_| Ok(())));
        builder.add(Task::build("one").input("gen/b/deep/x").output("3").action(|_| Ok(())));
        let graph = builder.finish().unwrap();
        let before = |name: &str| {
            let dependencies = graph.dependencies(graph.find(name).unwrap()).iter();
            dependencies.map(|&id| graph.name(id)).collect::<Vec<_>>()
        };
        assert_eq!(before("all"), ["file", "dir"]);
        assert_eq!(before("inside"), ["dir"]);
        assert_eq!(before("one"), ["dir"]);
    }
}
