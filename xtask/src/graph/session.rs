//! One use of a graph on one directory: load what is remembered, look at the disk, judge, explain, run.
//!
//! The public door of the engine. It takes no lock and prints nothing: the caller decides who may run, and listens.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::event::{Observer, Summary};
use super::files::Disk;
use super::memory::Memory;
use super::model::{Artifact, Graph, TaskId};
use super::order;
use super::schedule::{self, Options, Setting};
use super::state::Payload;
use super::survey::{self, Force, Reason, Verdict};
use super::world::World;
use crate::sys::fs::Access;

/// A graph on a directory.
pub struct Session<'g, 'a> {
    pub(super) graph: &'g Graph<'a>,
    pub(super) disk: Disk,
    pub(super) memory: Memory,
    root: PathBuf,
    logs: PathBuf,
}

/// What was found about the tasks that somebody asked for.
pub struct Survey {
    pub(super) tasks: Vec<TaskId>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) world: World,
    pub(super) refreshed: Payload,
    pub(super) forced: Force,
    /// Things the user should know.
    pub warnings: Vec<String>,
}

/// What is known about one task before anything runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The task.
    pub task: TaskId,
    /// Why it would run; `None` when it is up to date.
    pub reason: Option<Reason>,
}

impl<'g, 'a> Session<'g, 'a> {
    /// Relative paths of the graph start from `root`; every task's log goes below `logs`.
    pub fn new(graph: &'g Graph<'a>, memory: Memory, root: &Path, logs: &Path) -> Result<Self> {
        let disk = Disk::open(root, memory.key)?;
        Ok(Session { graph, disk, memory, root: root.to_path_buf(), logs: logs.to_path_buf() })
    }

    /// Looks at everything that these tasks depend on, and judges each.
    ///
    /// # Errors
    /// An unknown target, an input that nobody makes and that does not exist, a file that cannot be read.
    pub fn survey(&self, targets: &[&str], force: Force) -> Result<Survey> {
        let find = |name: &&str| self.graph.find(name).with_context(|| format!("there is no task called `{name}`"));
        let targets: Vec<TaskId> = targets.iter().map(find).collect::<Result<_>>()?;
        let tasks = order::closure(&self.graph.order, &targets, |id| self.graph.dependencies(id));
        let warnings = self.guard_secrets(&tasks)?;
        let (world, refreshed) = World::survey(self.graph, &self.disk, &self.memory.state, &tasks)?;
        survey::refuse_missing(self.graph, &world, &tasks)?;
        let verdicts = survey::judge_all(self.graph, &world, &self.memory.state, &force, &tasks);
        Ok(Survey { tasks, verdicts, world, refreshed, forced: force, warnings })
    }

    /// Secrets that others may read are closed again, and said aloud.
    fn guard_secrets(&self, tasks: &[TaskId]) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        for &artifact in tasks.iter().flat_map(|&id| self.graph.outputs(id)) {
            let Artifact::File { id, .. } = artifact else { continue };
            if !self.graph.files.is_secret(id) {
                continue;
            }
            let path = self.graph.files.path(id);
            if let Some(mode) = self.disk.mode(path)?
                && mode & 0o077 != 0
            {
                let done = if self.memory.writable {
                    close(&self.disk.absolute(path))?;
                    "it is 0600 again"
                } else {
                    "the next run closes it"
                };
                let message = format!("`{path}` is a secret that others could read (mode {mode:04o}); {done}. ");
                warnings.push(message + "If others use this machine, replace it: run its task with --force");
            }
        }
        Ok(warnings)
    }

    /// Why each task would run, in order.
    pub fn explain(&self, survey: &Survey) -> Vec<Explained> {
        let why = self.memory.why();
        let may_run = survey.may_run(self.graph);
        let explain = |(&task, &verdict): (&TaskId, &Verdict)| {
            let state = &self.memory.state;
            let own = survey::reason(self.graph, &survey.world, state, &why, task, verdict);
            let reason = own.or_else(|| {
                let upstream = self.graph.dependencies(task).iter().filter(|id| may_run[id.index()]);
                let names: Vec<String> = upstream.map(|&id| self.graph.name(id).to_string()).collect();
                (!names.is_empty()).then_some(Reason::After(names))
            });
            Explained { task, reason }
        };
        survey.tasks.iter().zip(&survey.verdicts).map(explain).collect()
    }

    /// Runs what has to run. Failures of tasks are in the summary; an error is trouble of the engine's own.
    pub fn run(&mut self, survey: Survey, options: &Options<'_>, observer: &dyn Observer) -> Result<Summary> {
        if !self.memory.writable {
            bail!("BUG: a session made for looking was asked to run");
        }
        let setting =
            Setting { graph: self.graph, disk: &self.disk, root: &self.root, logs: &self.logs, options, observer };
        schedule::run(&mut self.memory, survey, &setting)
    }
}

impl Survey {
    /// By task index: whether the task is stale, or something it depends on is.
    pub(super) fn may_run(&self, graph: &Graph<'_>) -> Vec<bool> {
        let mut may = vec![false; graph.nodes.len()];
        for (&id, &verdict) in self.tasks.iter().zip(&self.verdicts) {
            may[id.index()] = verdict != Verdict::Clean || graph.dependencies(id).iter().any(|d| may[d.index()]);
        }
        may
    }
}

fn close(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(Access::Secret.mode()))?;
    Ok(())
}
