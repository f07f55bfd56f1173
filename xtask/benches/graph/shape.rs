//! Graphs made to measure: what files there are, what each task reads, writes and runs. It knows no tool.
//!
//! Every task is one process: `head` copies the beginnings of its inputs into its output. In a layered graph a task
//! reads one output of the layer above and an input of its own, and passes on the first half of each: an edit of the
//! head of an input changes the task's own second half, and nothing that the task after the next one sees.

use std::fmt::Write as _;
use std::path::Path;
use std::time::SystemTime;

use crate::tools::put;

/// Size of an ordinary input.
const SIZE: usize = 4096;

/// A graph.
pub(crate) struct Shape {
    width: usize,
    layers: usize,
    input_size: u64,
}

impl Shape {
    /// Tasks that have nothing to do with each other.
    pub(crate) fn wide(tasks: usize) -> Self {
        Shape { width: tasks, layers: 1, input_size: SIZE as u64 }
    }

    /// Columns of tasks, each of which reads the output of the one above.
    pub(crate) fn layered(tasks: usize, layers: usize) -> Self {
        Shape { width: tasks / layers, layers, input_size: SIZE as u64 }
    }

    /// One task with one large input.
    pub(crate) fn large(mebibytes: u64) -> Self {
        Shape { width: 1, layers: 1, input_size: mebibytes << 20 }
    }

    pub(crate) fn tasks(&self) -> usize {
        self.width * self.layers
    }

    pub(crate) fn name(task: usize) -> String {
        format!("t{task:06}")
    }

    pub(crate) fn input(task: usize) -> String {
        format!("in/{:03}/{task:06}.txt", task / 1000)
    }

    pub(crate) fn output(task: usize) -> String {
        format!("out/{:03}/{task:06}.out", task / 1000)
    }

    fn upstream(&self, task: usize) -> Option<usize> {
        task.checked_sub(self.width)
    }

    /// The task that this one needs, if any.
    pub(crate) fn needs(&self, task: usize) -> Vec<String> {
        self.upstream(task).map(Self::name).into_iter().collect()
    }

    pub(crate) fn inputs(&self, task: usize) -> Vec<String> {
        self.upstream(task).map(Self::output).into_iter().chain([Self::input(task)]).collect()
    }

    pub(crate) fn command(&self, task: usize) -> String {
        let inputs = self.inputs(task);
        format!("head -q -c {} {} > {}", SIZE / inputs.len(), inputs.join(" "), Self::output(task))
    }

    /// The inputs and the directories of the outputs.
    pub(crate) fn write(&self, dir: &Path) {
        for shelf in 0..self.tasks().div_ceil(1000) {
            for side in ["in", "out"] {
                fs_err::create_dir_all(dir.join(format!("{side}/{shelf:03}"))).unwrap();
            }
        }
        for task in 0..self.tasks() {
            let mut stream = blake3::Hasher::new().update(&task.to_le_bytes()).finalize_xof();
            let mut file = fs_err::File::create(dir.join(Self::input(task))).unwrap();
            let mut buffer = vec![0; usize::try_from(self.input_size.min(1 << 20)).unwrap()];
            for _ in 0..self.input_size / buffer.len() as u64 {
                stream.fill(&mut buffer);
                std::io::Write::write_all(&mut file, &buffer).unwrap();
            }
        }
    }

    /// Other bytes at the beginning of an input, of the same size.
    pub(crate) fn edit(dir: &Path, task: usize, round: usize) {
        let text = format!("{round:08}{:08x}", std::process::id());
        let mut file = fs_err::OpenOptions::new().write(true).open(dir.join(Self::input(task))).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    }

    pub(crate) fn touch(dir: &Path, task: usize) {
        let file = std::fs::File::options().write(true).open(dir.join(Self::input(task))).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
    }

    /// When each output was last written.
    pub(crate) fn stamps(&self, dir: &Path) -> Vec<Option<SystemTime>> {
        let stamp = |task| fs_err::metadata(dir.join(Self::output(task))).and_then(|meta| meta.modified()).ok();
        (0..self.tasks()).map(stamp).collect()
    }

    /// For our engine: what `examples/graph_json.rs` reads.
    pub(crate) fn json(&self, path: &Path) {
        let task = |task| {
            serde_json::json!({"name": Self::name(task), "inputs": self.inputs(task),
                "outputs": [Self::output(task)], "deps": self.needs(task), "cmd": self.command(task)})
        };
        let tasks: Vec<serde_json::Value> = (0..self.tasks()).map(task).collect();
        put(path, &serde_json::to_string(&tasks).unwrap());
    }

    /// For ninja, samurai and n2.
    pub(crate) fn ninja(&self, path: &Path) {
        let mut text = String::from("rule head\n  command = head -q -c $size $in > $out\n");
        for task in 0..self.tasks() {
            let inputs = self.inputs(task);
            let (output, size) = (Self::output(task), SIZE / inputs.len());
            let _ = write!(text, "build {output}: head {}\n  size = {size}\n", inputs.join(" "));
        }
        let outputs: Vec<String> = (0..self.tasks()).map(Self::output).collect();
        let _ = write!(text, "build all: phony {}\ndefault all\n", outputs.join(" "));
        put(path, &text);
    }

    /// For make.
    pub(crate) fn make(&self, path: &Path) {
        let outputs: Vec<String> = (0..self.tasks()).map(Self::output).collect();
        let mut text = format!("all: {}\n.PHONY: all\n", outputs.join(" "));
        for (task, output) in outputs.iter().enumerate() {
            let _ = write!(text, "{output}: {}\n\t@{}\n", self.inputs(task).join(" "), self.command(task));
        }
        put(path, &text);
    }

    /// For go-task, which compares contents too.
    pub(crate) fn taskfile(&self, path: &Path) {
        let list = |words: &[String]| words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
        let names: Vec<String> = (0..self.tasks()).map(Self::name).collect();
        let mut text =
            format!("version: '3'\nmethod: checksum\nrun: once\ntasks:\n  default:\n    deps: [{}]\n", list(&names));
        for (task, name) in names.iter().enumerate() {
            let (deps, sources) = (list(&self.needs(task)), list(&self.inputs(task)));
            let (output, command) = (Self::output(task), self.command(task));
            let _ = write!(text, "  {name}:\n    deps: [{deps}]\n    sources: [{sources}]\n");
            let _ = write!(text, "    generates: ['{output}']\n    cmds: ['{command}']\n");
        }
        put(path, &text);
    }
}
