//! One task, on a thread of its own: adopt or run, then look at what came of it.
//!
//! Knows one job and nothing of the others; the scheduler decides when, and records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use super::event::Outcome;
use super::files::{Digest, Disk};
use super::model::{Artifact, Graph, TaskId};
use super::run::{Log, Run};
use super::schedule::Setting;
use super::task::{Action, Body, Check};
use super::world::{Seen, is_as_seen, look_again};
use crate::sys::fs::{Access, create_dir, remove};

/// Everything a thread needs to know about one task.
pub(super) struct Job {
    pub(super) task: TaskId,
    pub(super) forced: bool,
    /// Whether good outputs may be taken over instead of made.
    pub(super) adoptable: bool,
    pub(super) manifest: Vec<u8>,
    pub(super) fingerprint: Digest,
    /// What the inputs held when the fingerprint was made.
    pub(super) inputs: Vec<Seen>,
    /// What the outputs held before.
    pub(super) before: Vec<Seen>,
}

/// What came of a job.
pub(super) struct Done {
    pub(super) job: Job,
    pub(super) result: Result<Made>,
    pub(super) log: Option<PathBuf>,
    pub(super) started: Instant,
    pub(super) took: Duration,
}

pub(super) struct Made {
    pub(super) outcome: Outcome,
    pub(super) outputs: Vec<Seen>,
    /// Whether the inputs are still what the fingerprint says.
    pub(super) inputs_held: bool,
}

pub(super) fn work(setting: &Setting<'_, '_>, job: Job) -> Done {
    let (graph, disk, started) = (setting.graph, setting.disk, Instant::now());
    let node = &graph.nodes[job.task.index()];
    let run = Run {
        task: &node.name,
        root: setting.root,
        forced: job.forced,
        env: &node.env,
        log: Log::new(setting.logs.join(format!("{}.log", node.name))),
        children: setting.options.children,
        leash: setting.options.leash,
        observer: setting.observer,
    };
    // A panicking action is a failed task like any other: what it half made must go, and other tasks must end well.
    let result = catch_unwind(AssertUnwindSafe(|| make(graph, disk, &job, &run)))
        .unwrap_or_else(|panic| Err(anyhow!("BUG: the action panicked: {}", panic_text(&*panic))));
    let result = result.map_err(|error| match clean_up(graph, disk, &job) {
        Ok(()) => error,
        Err(also) => error.context(format!("and cleaning up failed: {also:#}")),
    });
    Done { result, log: run.log.close(), started, took: started.elapsed(), job }
}

fn make(graph: &Graph<'_>, disk: &Disk, job: &Job, run: &Run<'_>) -> Result<Made> {
    match &graph.nodes[job.task.index()].body {
        Body::Build { action, adopt } => {
            let adopted = job.adoptable
                && job.before.iter().all(Seen::is_there)
                && adopt.as_ref().is_some_and(|holds| {
                    holds()
                        .inspect_err(|why| drop(run.say(&format!("what lies there is not taken over: {why}"))))
                        .is_ok()
                });
            if adopted {
                return finish(graph, disk, job, Outcome::Adopted);
            }
            make_parents(graph, disk, job.task)?;
            act(action.as_ref(), run)?;
            finish(graph, disk, job, Outcome::Done)
        }
        Body::Converge { check, action } => {
            let outcome = converge(check, action.as_ref(), run)?;
            Ok(Made { outcome, outputs: Vec::new(), inputs_held: true })
        }
        Body::Group => bail!("BUG: a group was started"),
    }
}

fn act(action: Option<&Action<'_>>, run: &Run<'_>) -> Result<()> {
    let action = action.context("BUG: finish() refuses tasks without an action")?;
    action(run)?;
    if run.is_stopping() {
        bail!("interrupted");
    }
    Ok(())
}

/// Acts on a difference, and believes the action only after a second look.
fn converge(check: &Check<'_>, action: Option<&Action<'_>>, run: &Run<'_>) -> Result<Outcome> {
    if let Some(difference) = check().context("cannot look at it")? {
        run.say(&difference)?;
        act(action, run)?;
    } else if !run.is_forced() {
        return Ok(Outcome::AsWanted);
    } else {
        act(action, run)?;
    }
    match check().context("cannot look at it again")? {
        None => Ok(Outcome::Done),
        Some(difference) => bail!("it was acted upon, and still: {difference}"),
    }
}

fn finish(graph: &Graph<'_>, disk: &Disk, job: &Job, outcome: Outcome) -> Result<Made> {
    let mut outputs = Vec::new();
    for &artifact in graph.outputs(job.task) {
        let seen = look_again(graph, disk, artifact)?;
        let path = graph.artifact_path(artifact);
        if !seen.is_there() {
            bail!("it did not make `{path}`, which it declares as its output");
        }
        if let Artifact::File { id, .. } = artifact
            && graph.files.is_secret(id)
            && let Some(mode) = disk.mode(path)?
            && mode & 0o077 != 0
        {
            bail!("it made `{path}`, which it declares as a secret, readable by others (mode {mode:04o})");
        }
        outputs.push(seen);
    }
    let mut inputs_held = true;
    for seen in &job.inputs {
        inputs_held &= holds(graph, disk, seen)?;
    }
    Ok(Made { outcome, outputs, inputs_held })
}

/// Whether the files are still the ones that were seen, as far as their stats tell.
fn holds(graph: &Graph<'_>, disk: &Disk, seen: &Seen) -> Result<bool> {
    match seen {
        Seen::File(id, now) => disk.unchanged(graph.files.path(*id), *now),
        Seen::Tree(_, tree) => {
            let mut holds = true;
            for (path, now) in &tree.files {
                holds &= disk.unchanged(path, *now)?;
            }
            Ok(holds)
        }
    }
}

/// A failed task leaves nothing half made: an output that is not what it was before is removed.
fn clean_up(graph: &Graph<'_>, disk: &Disk, job: &Job) -> Result<()> {
    let mut trouble = Ok(());
    for seen in &job.before {
        // What cannot even be looked at (a directory in place of a file) is not what it was.
        if !is_as_seen(graph, disk, seen).unwrap_or(false) {
            let removed = remove(&disk.absolute(graph.artifact_path(seen.artifact())));
            trouble = trouble.and(removed);
        }
    }
    trouble
}

/// Actions find the directories of their outputs; those of secrets are closed from the beginning.
fn make_parents(graph: &Graph<'_>, disk: &Disk, task: TaskId) -> Result<()> {
    for &artifact in graph.outputs(task) {
        let Some((dir, _)) = graph.artifact_path(artifact).rsplit_once('/') else { continue };
        let path = disk.absolute(dir);
        if !path.is_dir() {
            let access = if graph.private_dirs.contains(dir) { Access::Secret } else { Access::Public };
            create_dir(&path, access)?;
        }
    }
    Ok(())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
