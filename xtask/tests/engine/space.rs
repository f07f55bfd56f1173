//! A directory to run graphs in, and a record of what each run told. It judges nothing: tests do.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Result;
use tempfile::TempDir;
use xtask::graph::{Event, Force, Graph, GraphErrors, Memory, Observer, Options, Outcome, Run, Session, Summary, Task};
use xtask::sys::children::Children;

/// Where a test's files, state and logs lie.
pub(crate) struct Space {
    dir: TempDir,
}

/// What a run told.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    pub(crate) summary: Summary,
    /// Tasks that were started, in that order, with the reason in words.
    pub(crate) started: Vec<(String, String)>,
    /// Name and error of each task that failed.
    pub(crate) failed: Vec<(String, String)>,
    /// Name of each task that was not started, and why.
    pub(crate) skipped: Vec<(String, String)>,
    pub(crate) adopted: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

impl Ran {
    /// Names of the tasks that were started, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.started.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Why this task was started.
    pub(crate) fn reason(&self, task: &str) -> &str {
        let found = self.started.iter().find(|(name, _)| name == task);
        &found.unwrap_or_else(|| panic!("`{task}` was not started: {self:?}")).1
    }

    /// The error of the only task that failed.
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.failed.len(), 1, "{self:?}");
        &self.failed[0].1
    }
}

/// How a run differs from the ordinary one.
pub(crate) struct How<'h> {
    pub(crate) force: Force,
    pub(crate) jobs: usize,
    pub(crate) keep_going: bool,
    pub(crate) pools: &'h [(&'static str, usize)],
    pub(crate) children: &'h Children,
}

impl Space {
    pub(crate) fn new() -> Self {
        Space { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path(".state")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        put(&path, text.as_bytes());
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub(crate) fn remove(&self, name: &str) {
        fs_err::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn touch(&self, name: &str) {
        std::fs::File::options().write(true).open(self.path(name)).unwrap().set_modified(SystemTime::now()).unwrap();
    }

    pub(crate) fn session<'g, 'a>(&self, graph: &'g Graph<'a>) -> Session<'g, 'a> {
        let memory = Memory::load(&self.state()).unwrap();
        Session::new(graph, memory, self.root(), &self.path(".logs")).unwrap()
    }

    /// Runs every task of the graph.
    pub(crate) fn run(&self, graph: &Graph<'_>) -> Ran {
        self.run_with(graph, &How::plain(&Children::default())).unwrap()
    }

    pub(crate) fn run_with(&self, graph: &Graph<'_>, how: &How<'_>) -> Result<Ran> {
        let mut session = self.session(graph);
        let survey = session.survey(&names(graph), how.force.clone())?;
        let ear = Ear::default();
        let How { jobs, keep_going, pools, children, .. } = *how;
        let summary = session.run(survey, &Options { jobs, keep_going, pools, children, leash: None }, &ear)?;
        let mut ran = ear.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        ran.summary = summary;
        Ok(ran)
    }

    /// Why each task would run, looking only. Tasks that are up to date are left out.
    pub(crate) fn explain(&self, graph: &Graph<'_>) -> Vec<String> {
        let memory = Memory::peek(&self.state());
        let session = Session::new(graph, memory, self.root(), &self.path(".logs")).unwrap();
        let survey = session.survey(&names(graph), Force::Nothing).unwrap();
        let explained = session.explain(&survey).into_iter();
        explained.filter_map(|one| Some(format!("{}: {}", graph.name(one.task), one.reason?))).collect()
    }
}

impl<'h> How<'h> {
    pub(crate) fn plain(children: &'h Children) -> Self {
        How { force: Force::Nothing, jobs: 4, keep_going: false, pools: &[], children }
    }
}

pub(crate) fn names<'g>(graph: &'g Graph<'_>) -> Vec<&'g str> {
    graph.tasks().map(|id| graph.name(id)).collect()
}

pub(crate) fn compile<'a>(tasks: impl IntoIterator<Item = Task<'a>>) -> Result<Graph<'a>, GraphErrors> {
    let mut builder = Graph::builder();
    tasks.into_iter().for_each(|task| builder.add(task));
    builder.finish()
}

pub(crate) fn graph<'a>(tasks: impl IntoIterator<Item = Task<'a>>) -> Graph<'a> {
    compile(tasks).unwrap_or_else(|errors| panic!("{errors}"))
}

/// A task that joins its inputs.
#[track_caller]
pub(crate) fn cat<'a>(name: &'a str, inputs: &'a [&'a str], output: &'a str) -> Task<'a> {
    let task = inputs.iter().fold(Task::build(name), |task, &input| task.input(input));
    task.output(output).action(move |run| join(run, inputs, output, |text| text))
}

/// Joins files into one, in place: no rename hides what a task half did.
pub(crate) fn join(run: &Run<'_>, inputs: &[&str], output: &str, edit: impl Fn(String) -> String) -> Result<()> {
    let mut text = String::new();
    for input in inputs {
        text += &fs_err::read_to_string(run.root().join(input))?;
    }
    put(&run.root().join(output), edit(text).as_bytes());
    Ok(())
}

/// Writes a file in place, keeping its inode.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    fs_err::File::create(path).unwrap().write_all(bytes).unwrap();
}

#[derive(Default)]
struct Ear(Mutex<Ran>);

impl Observer for Ear {
    fn event(&self, event: &Event<'_>) {
        let mut ran = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { task, reason, .. } => ran.started.push(((*task).to_string(), reason.to_string())),
            Event::Failed { task, error, .. } => ran.failed.push(((*task).to_string(), format!("{error:#}"))),
            Event::Skipped { task, because } => ran.skipped.push(((*task).to_string(), (*because).to_string())),
            Event::Finished { task, outcome: Outcome::Adopted, .. } => ran.adopted.push((*task).to_string()),
            Event::Warning { message } => ran.warnings.push((*message).to_string()),
            _ => {}
        }
    }
}
