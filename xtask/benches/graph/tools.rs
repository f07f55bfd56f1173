//! Who takes part, how each is called, and which file it reads. Ours comes first.

use std::path::{Path, PathBuf};

use crate::measure;
use crate::shape::Shape;

/// Writes a graph in the language of a tool.
type Writer = fn(&Shape, &Path);
/// Name, program, arguments, file, how it is written, how many tasks it bears.
type Peer = (&'static str, &'static str, &'static [&'static str], &'static str, Writer, usize);

/// A build tool on this machine.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    program: PathBuf,
    args: Vec<String>,
    file: &'static str,
    write: Writer,
    /// With more tasks than this it takes minutes.
    pub(crate) bears: usize,
}

impl Tool {
    pub(crate) fn write(&self, shape: &Shape, dir: &Path) {
        (self.write)(shape, &dir.join(self.file));
    }

    /// Milliseconds that one run takes.
    pub(crate) fn run(&self, dir: &Path) -> f64 {
        measure::time(&duct::cmd(&self.program, &self.args), dir)
    }

    /// The peak of its memory in one run.
    pub(crate) fn memory(&self, dir: &Path) -> Option<f64> {
        measure::memory(&self.program, &self.args, dir)
    }
}

/// Ours and whatever else there is; what is missing is named.
pub(crate) fn all() -> Vec<Tool> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let rest: [Peer; 5] = [
        ("ninja", "ninja", &["--quiet"], "build.ninja", Shape::ninja, usize::MAX),
        ("samurai", "samu", &[], "build.ninja", Shape::ninja, usize::MAX),
        ("make -rR", "make", &["-rRs"], "Makefile", Shape::make, usize::MAX),
        ("n2", "n2", &[], "build.ninja", Shape::ninja, 20_000),
        ("go-task", "task", &["--silent"], "Taskfile.yml", Shape::taskfile, 2_000),
    ];
    let mut tools = vec![Tool {
        name: "ours",
        program: ours(),
        args: vec!["graph.json".to_string(), format!("-j{jobs}")],
        file: "graph.json",
        write: Shape::json,
        bears: usize::MAX,
    }];
    for (name, program, args, file, write, bears) in rest {
        let Some(program) = find(program) else {
            println!("{name}: `{program}` is not on PATH, left out");
            continue;
        };
        // Ninja and samurai take more jobs than there are cores by default, make one.
        let jobs = if name == "go-task" { format!("--concurrency={jobs}") } else { format!("-j{jobs}") };
        let args = args.iter().map(ToString::to_string).chain([jobs]).collect();
        tools.push(Tool { name, program, args, file, write, bears });
    }
    tools
}

/// The example that runs a graph with the engine and nothing else.
fn ours() -> PathBuf {
    let cargo = ["build", "--quiet", "--release", "--package", "xtask", "--example", "graph_json"];
    duct::cmd(env!("CARGO"), cargo).dir(env!("CARGO_MANIFEST_DIR")).run().unwrap();
    // This program lies in `release/deps`, the example in `release/examples`.
    let own = std::env::current_exe().unwrap();
    own.parent().and_then(Path::parent).unwrap().join("examples/graph_json")
}

/// Where a program lies.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// Writes a file in place.
pub(crate) fn put(path: &Path, text: &str) {
    use std::io::Write as _;
    fs_err::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}
