//! The model's tasks: what each reads and makes, as a pure function of files. The engine's action is the same function
//! over a real directory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use xtask::graph::Task;

/// Chooses from whatever there is to choose from, so that every case can be shrunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selector(pub(crate) u16);

impl Selector {
    pub(crate) fn among(self, count: usize) -> usize {
        usize::from(self.0) % count.max(1)
    }
}

/// How many single sources there are: those with an even number are always there, the others come and go.
pub(crate) const SOURCES: usize = 4;
/// The files of the source directory that come and go; `tree/keep` is always there.
pub(crate) const LEAVES: [&str; 3] = ["tree/x", "tree/y", "tree/sub/z"];

/// Where files are read from.
pub(crate) trait Files {
    fn read(&self, path: &str) -> Option<String>;
    /// Paths below a directory, in order.
    fn list(&self, dir: &str) -> Vec<String>;
}

impl Files for BTreeMap<String, String> {
    fn read(&self, path: &str) -> Option<String> {
        self.get(path).cloned()
    }

    fn list(&self, dir: &str) -> Vec<String> {
        self.keys().filter(|path| path.starts_with(&format!("{dir}/"))).cloned().collect()
    }
}

impl Files for Path {
    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.join(path)).ok()
    }

    fn list(&self, dir: &str) -> Vec<String> {
        let walk = walkdir::WalkDir::new(self.join(dir)).into_iter().filter_map(Result::ok);
        let files = walk.filter(|entry| entry.file_type().is_file());
        let mut paths: Vec<String> =
            files.map(|entry| entry.path().strip_prefix(self).unwrap().to_str().unwrap().to_string()).collect();
        paths.sort();
        paths
    }
}

/// What a task reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Source(usize),
    /// The source directory with all in it.
    Tree,
    /// What lies in it directly.
    TopOfTree,
    /// The file that a task makes.
    Made(usize),
    /// The directory that a task makes.
    MadeDir(usize),
    /// One file of it.
    MadePart(usize),
}

impl Input {
    fn paths(self, files: &(impl Files + ?Sized)) -> Vec<String> {
        match self {
            Input::Source(n) => vec![source(n)],
            Input::Tree => files.list("tree"),
            Input::TopOfTree => files.list("tree").into_iter().filter(|path| path.matches('/').count() == 1).collect(),
            Input::Made(id) => vec![format!("out/{id}")],
            Input::MadeDir(id) => files.list(&format!("out/{id}")),
            Input::MadePart(id) => vec![format!("out/{id}/part")],
        }
    }

    fn maker(self) -> Option<usize> {
        match self {
            Input::Made(id) | Input::MadeDir(id) | Input::MadePart(id) => Some(id),
            _ => None,
        }
    }
}

pub(crate) fn source(n: usize) -> String {
    format!("src/{n}")
}

/// A task of the model.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// Never used again for another task.
    pub(crate) id: usize,
    pub(crate) inputs: Vec<Input>,
    pub(crate) after: Option<usize>,
    pub(crate) makes_dir: bool,
    /// So many different outputs are possible: few, so that different inputs often give the same.
    pub(crate) variety: u32,
    /// Action version, configuration, environment, tool.
    pub(crate) declared: [u8; 4],
}

impl Spec {
    pub(crate) fn name(&self) -> String {
        format!("task-{}", self.id)
    }

    pub(crate) fn output(&self) -> String {
        format!("out/{}", self.id)
    }

    /// Everything the outputs are a function of.
    pub(crate) fn basis(&self, files: &(impl Files + ?Sized)) -> String {
        let mut basis = format!("{:?}", self.declared);
        for input in &self.inputs {
            for path in input.paths(files) {
                let _ = write!(basis, "{path}={:?};", files.read(&path));
            }
        }
        basis
    }

    /// The files it makes.
    pub(crate) fn make(&self, files: &(impl Files + ?Sized)) -> BTreeMap<String, String> {
        let hash = blake3::hash(self.basis(files).as_bytes());
        let number = u32::from(hash.as_bytes()[0]) % self.variety;
        let out = self.output();
        if !self.makes_dir {
            return [(out, format!("{number:04}"))].into();
        }
        let mut made: BTreeMap<String, String> =
            [(format!("{out}/part"), format!("{:04}", number / 2)), (format!("{out}/all"), format!("{number:04}"))]
                .into();
        if number % 2 == 1 {
            made.insert(format!("{out}/deep/odd"), String::new());
        }
        made
    }

    /// The same for the engine.
    pub(crate) fn declare(&self) -> Task<'_> {
        let [version, config, env, tool] = self.declared.map(|n| n.to_string());
        let mut task = Task::build(self.name()).version(version).config("key", config).env("VAR", env).tool("cc", tool);
        for &input in &self.inputs {
            task = match input {
                Input::Source(n) if n % 2 == 0 => task.input(source(n)),
                Input::Source(n) => task.input_if_present(source(n)),
                Input::Tree => task.tree("tree"),
                Input::TopOfTree => task.glob("tree", glob::Pattern::new("*").unwrap()),
                Input::Made(id) => task.input(format!("out/{id}")),
                Input::MadeDir(id) => task.tree(format!("out/{id}")),
                Input::MadePart(id) => task.input(format!("out/{id}/part")),
            };
        }
        if let Some(other) = self.after {
            task = task.after(format!("task-{other}"));
        }
        let task = if self.makes_dir { task.output_dir(self.output()) } else { task.output(self.output()) };
        task.action(move |run| {
            let _ = std::fs::remove_dir_all(run.root().join(self.output()));
            for (path, text) in self.make(run.root()) {
                put(&run.root().join(path), &text);
            }
            Ok(())
        })
    }

    pub(crate) fn forget(&mut self, gone: usize) {
        self.inputs.retain(|input| input.maker() != Some(gone));
        self.after = self.after.filter(|&other| other != gone);
    }
}

/// Writes in place, making the directory if need be.
pub(crate) fn put(path: &Path, text: &str) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    std::io::Write::write_all(&mut fs_err::File::create(path).unwrap(), text.as_bytes()).unwrap();
}

/// A task as drawn, before there are others that it could refer to.
#[derive(Debug, Clone)]
pub(crate) struct RawTask {
    inputs: Vec<(u8, Selector)>,
    after: Option<Selector>,
    makes_dir: bool,
    variety: u32,
}

impl Arbitrary for RawTask {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let inputs = prop::collection::vec((0_u8..8, any::<u16>().prop_map(Selector)), 0..4);
        let after = prop::option::weighted(0.2, any::<u16>().prop_map(Selector));
        (inputs, after, prop::bool::weighted(0.3), prop::sample::select(vec![1_u32, 2, 3, 200]))
            .prop_map(|(inputs, after, makes_dir, variety)| RawTask { inputs, after, makes_dir, variety })
            .boxed()
    }
}

impl RawTask {
    /// A task that may read from these.
    pub(crate) fn among(&self, id: usize, others: &[Spec]) -> Spec {
        let pick = |&(kind, which): &(u8, Selector)| {
            let of_others = |other: &Spec| match (other.makes_dir, kind % 2) {
                (false, _) => Input::Made(other.id),
                (true, 0) => Input::MadeDir(other.id),
                (true, _) => Input::MadePart(other.id),
            };
            match kind {
                0 => Input::Tree,
                1 => Input::TopOfTree,
                2 | 3 => Input::Source(which.among(SOURCES)),
                _ => others.get(which.among(others.len())).map_or(Input::Source(0), of_others),
            }
        };
        Spec {
            id,
            inputs: self.inputs.iter().map(pick).collect(),
            after: self.after.and_then(|which| others.get(which.among(others.len()))).map(|other| other.id),
            makes_dir: self.makes_dir,
            variety: self.variety,
            declared: [0; 4],
        }
    }
}
