//! Runs what is stale, in order and in parallel, and writes down what succeeded.
//!
//! Tasks that were judged clean and depend on nothing stale are not touched at all. A task whose turn comes is judged
//! again if something it depends on ran: when that made the same bytes as before, there is nothing to do (early
//! cutoff). Records are written after success only. It starts jobs and does not know how one is done (see `work`).

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::Scope;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use super::compile::{Artifact, Graph, TaskId};
use super::event::{Event, Observer, Outcome, Summary};
use super::files::Disk;
use super::manifest::fingerprint;
use super::session::{Memory, Survey};
use super::state::Payload;
use super::survey::{self, Reason, Verdict};
use super::task::Body;
use super::trace::Trace;
use super::why::Why;
use super::work::{Done, Job, Made, work};
use super::world::{Seen, World};
use crate::sys::children::Children;

/// How soon an interrupt is noticed while nothing else happens.
const PULSE: Duration = Duration::from_millis(100);

/// How to run.
pub struct Options<'o> {
    /// At most so many tasks at once.
    pub jobs: usize,
    /// After a failure, go on with what does not depend on it.
    pub keep_going: bool,
    /// At most so many tasks of a pool at once; a pool without an entry has no limit of its own.
    pub pools: &'o [(&'static str, usize)],
    /// The commands of the run; stopping them stops the run.
    pub children: &'o Children,
    /// What every command of the run gets as its (empty) standard input: see [`crate::sys::lock`].
    pub leash: Option<&'o File>,
}

/// Where and how a run takes place.
pub(super) struct Setting<'s> {
    pub(super) root: &'s Path,
    pub(super) logs: &'s Path,
    pub(super) options: &'s Options<'s>,
    pub(super) observer: &'s dyn Observer,
}

pub(super) fn run(
    graph: &Graph<'_>,
    disk: &Disk,
    memory: &mut Memory,
    survey: Survey,
    setting: &Setting<'_>,
) -> Result<Summary> {
    let started = Instant::now();
    for message in &survey.warnings {
        setting.observer.event(&Event::Warning { message });
    }
    memory.state.record(&survey.refreshed)?;
    let may_run = survey.may_run(graph);
    let stale = survey.tasks.iter().filter(|id| may_run[id.index()] && !is_group(graph, **id)).count();
    let tasks = survey.tasks.iter().filter(|id| !is_group(graph, **id)).count();
    setting.observer.event(&Event::Planned { tasks, stale });
    let mut summary = Summary { up_to_date: tasks - stale, ..Summary::default() };
    for &id in survey.tasks.iter().filter(|id| !may_run[id.index()] && !is_group(graph, **id)) {
        let (task, outcome) = (graph.name(id), Outcome::UpToDate);
        setting.observer.event(&Event::Finished { task, outcome, millis: 0, log: None });
    }
    let mut world = survey.world;
    if stale > 0 {
        let why = memory.why();
        let verdicts =
            survey.tasks.iter().copied().zip(survey.verdicts).filter(|(id, _)| may_run[id.index()]).collect();
        let plan = Plan { tasks: verdicts, forced: survey.forced };
        let mut scheduler = Scheduler::new(graph, memory, why, world, plan, setting, summary, started);
        std::thread::scope(|scope| scheduler.run(scope, disk))?;
        world = scheduler.world;
        summary = scheduler.summary;
        scheduler.trace.write(&memory.trace())?;
        memory.state.sync()?;
    }
    compact(graph, memory, &world, &survey.tasks)?;
    summary.millis = millis(started.elapsed());
    setting.observer.event(&Event::Ended { summary: &summary });
    Ok(summary)
}

struct Plan {
    tasks: Vec<(TaskId, Verdict)>,
    forced: survey::Force,
}

struct Scheduler<'s, 'g, 'a> {
    graph: &'g Graph<'a>,
    memory: &'s mut Memory,
    why: Why,
    world: World,
    setting: &'s Setting<'s>,
    verdicts: FxHashMap<TaskId, Verdict>,
    forced: survey::Force,
    /// Position in the order, which is the order of starting.
    position: FxHashMap<TaskId, usize>,
    /// How many dependencies are not done yet.
    pending: FxHashMap<TaskId, usize>,
    dependents: FxHashMap<TaskId, Vec<TaskId>>,
    ready: BTreeSet<(usize, TaskId)>,
    running: FxHashSet<TaskId>,
    pools: FxHashMap<&'static str, usize>,
    /// Tasks below something that ran: their verdicts are out of date.
    rejudge: FxHashSet<TaskId>,
    summary: Summary,
    trace: Trace,
}

impl<'s, 'g, 'a> Scheduler<'s, 'g, 'a>
where
    'g: 's,
{
    #[expect(clippy::too_many_arguments, reason = "called once; a struct of the same names would only repeat them")]
    fn new(
        graph: &'g Graph<'a>,
        memory: &'s mut Memory,
        why: Why,
        world: World,
        plan: Plan,
        setting: &'s Setting<'s>,
        summary: Summary,
        started: Instant,
    ) -> Self {
        let position: FxHashMap<TaskId, usize> = plan.tasks.iter().enumerate().map(|(n, (id, _))| (*id, n)).collect();
        let mut pending = FxHashMap::default();
        let mut dependents: FxHashMap<TaskId, Vec<TaskId>> = FxHashMap::default();
        let mut ready = BTreeSet::new();
        for (n, &(id, _)) in plan.tasks.iter().enumerate() {
            let open: Vec<TaskId> =
                graph.dependencies(id).iter().copied().filter(|d| position.contains_key(d)).collect();
            for &dependency in &open {
                dependents.entry(dependency).or_default().push(id);
            }
            if open.is_empty() {
                ready.insert((n, id));
            } else {
                pending.insert(id, open.len());
            }
        }
        Scheduler {
            graph,
            memory,
            why,
            world,
            setting,
            verdicts: plan.tasks.into_iter().collect(),
            forced: plan.forced,
            position,
            pending,
            dependents,
            ready,
            running: FxHashSet::default(),
            pools: FxHashMap::default(),
            rejudge: FxHashSet::default(),
            summary,
            trace: Trace::new(started),
        }
    }

    fn run<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, disk: &'scope Disk) -> Result<()>
    where
        'g: 'scope,
        's: 'scope,
    {
        let (sender, receiver) = mpsc::channel();
        loop {
            if !self.is_stopping() {
                self.start_ready(scope, disk, &sender);
            }
            if self.running.is_empty() {
                break;
            }
            if let Some(done) = next_done(&receiver) {
                self.finish(done)?;
            }
        }
        self.summary.interrupted = self.setting.options.children.is_stopping();
        self.skip_the_rest();
        Ok(())
    }

    fn is_stopping(&self) -> bool {
        let failed = !self.summary.failed.is_empty() && !self.setting.options.keep_going;
        failed || self.setting.options.children.is_stopping()
    }

    /// Starts whatever may start now; tasks that turn out to be clean are done at once, which may free others.
    fn start_ready<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, disk: &'scope Disk, sender: &Sender<Done>)
    where
        'g: 'scope,
        's: 'scope,
    {
        let mut after = 0;
        while self.running.len() < self.setting.options.jobs.max(1) {
            let Some(&(position, id)) = self.ready.range((after, TaskId(0))..).next() else { break };
            after = position + 1;
            if is_group(self.graph, id) {
                self.ready.remove(&(position, id));
                self.release(id, false);
                after = 0;
                continue;
            }
            if !self.pool_has_room(id) {
                continue;
            }
            self.ready.remove(&(position, id));
            let verdict = self.verdict(id);
            if verdict == Verdict::Clean {
                self.tell_finished(id, Outcome::UpToDate);
                self.release(id, false);
                after = 0;
                continue;
            }
            self.start(scope, disk, sender, id, verdict);
        }
    }

    fn verdict(&self, id: TaskId) -> Verdict {
        let before = self.verdicts[&id];
        if before == Verdict::Forced || !self.rejudge.contains(&id) {
            return before;
        }
        survey::judge_one(self.graph, &self.world, &self.memory.state, id)
    }

    fn pool_has_room(&self, id: TaskId) -> bool {
        let Some(pool) = self.graph.nodes[id.index()].pool else { return true };
        let limit = self.setting.options.pools.iter().find(|(name, _)| *name == pool).map(|(_, limit)| *limit);
        limit.is_none_or(|limit| self.pools.get(pool).copied().unwrap_or(0) < limit.max(1))
    }

    fn start<'scope>(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        disk: &'scope Disk,
        sender: &Sender<Done>,
        id: TaskId,
        verdict: Verdict,
    ) where
        'g: 'scope,
        's: 'scope,
    {
        let reason = survey::reason(self.graph, &self.world, &self.memory.state, &self.why, id, verdict);
        let reason = reason.unwrap_or(Reason::New);
        let task = self.graph.name(id);
        let last = self.memory.state.task(task, &mut 0).map(|at| self.memory.state.task_record(at).millis);
        self.setting.observer.event(&Event::Started { task, reason: &reason, last });
        let mut manifest = Vec::new();
        survey::write_manifest(self.graph, &self.world, id, &mut manifest);
        let job = Job {
            task: id,
            forced: self.forced.covers(self.graph.name(id)),
            adoptable: matches!(verdict, Verdict::New | Verdict::Touched(_)),
            fingerprint: fingerprint(&manifest),
            manifest,
            inputs: self.seen(self.graph.inputs(id)),
            before: self.seen(self.graph.outputs(id)),
        };
        if let Some(pool) = self.graph.nodes[id.index()].pool {
            *self.pools.entry(pool).or_default() += 1;
        }
        self.running.insert(id);
        self.trace.start(id);
        let (graph, setting, sender) = (self.graph, self.setting, sender.clone());
        scope.spawn(move || {
            // Nobody listens any more only when the scheduler itself failed; then there is nothing to tell.
            let _ = sender.send(work(graph, disk, setting, job));
        });
    }

    fn seen(&self, artifacts: &[Artifact]) -> Vec<Seen> {
        let seen = |artifact: &Artifact| match *artifact {
            Artifact::File { id, .. } => Seen::File(id, self.world.file(id)),
            Artifact::Tree(tree) => Seen::Tree(tree, self.world.tree(tree).clone()),
        };
        artifacts.iter().map(seen).collect()
    }

    fn finish(&mut self, done: Done) -> Result<()> {
        let id = done.job.task;
        self.running.remove(&id);
        if let Some(pool) = self.graph.nodes[id.index()].pool {
            self.pools.entry(pool).and_modify(|n| *n -= 1);
        }
        let (task, took, log) = (self.graph.name(id), millis(done.took), done.log.as_deref());
        let word = done.result.as_ref().map_or("failed", |made| made.outcome.word());
        self.trace.end(id, task, word, done.started, done.took);
        match done.result {
            Ok(made) => {
                let outcome = made.outcome;
                self.record(&done.job, made, took)?;
                self.count(outcome);
                self.setting.observer.event(&Event::Finished { task, outcome, millis: took, log });
                self.release(id, outcome != Outcome::AsWanted);
            }
            Err(error) => {
                self.setting.observer.event(&Event::Failed { task, error: &error, millis: took, log });
                self.summary.failed.push(task.to_string());
                self.block(id);
            }
        }
        Ok(())
    }

    fn record(&mut self, job: &Job, made: Made, took: u64) -> Result<()> {
        let task = self.graph.name(job.task);
        if !made.inputs_held {
            let message = format!("an input of `{task}` was changed while it ran: it will run again next time");
            self.setting.observer.event(&Event::Warning { message: &message });
        }
        let mut payload = Payload::default();
        for seen in made.outputs {
            seen.record(self.graph, &mut payload);
            self.world.update(seen);
        }
        if made.inputs_held && !self.graph.outputs(job.task).is_empty() {
            let outputs = self.graph.outputs(job.task).iter().filter_map(|&artifact| self.world.digest(artifact));
            let outputs: Vec<_> = outputs.collect();
            payload.task(task, job.fingerprint, &outputs, u32::try_from(took).unwrap_or(u32::MAX));
            self.why.record(task, &job.manifest)?;
        }
        self.memory.state.record(&payload)
    }

    fn count(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::UpToDate | Outcome::AsWanted => &mut self.summary.up_to_date,
            Outcome::Done => &mut self.summary.done,
            Outcome::Adopted => &mut self.summary.adopted,
        };
        *counter += 1;
    }

    fn tell_finished(&mut self, id: TaskId, outcome: Outcome) {
        self.count(outcome);
        self.setting.observer.event(&Event::Finished { task: self.graph.name(id), outcome, millis: 0, log: None });
    }

    /// A task is done: what waited for it may come nearer to its turn.
    fn release(&mut self, id: TaskId, ran: bool) {
        // A group passes on that something below it ran.
        let ran = ran || (is_group(self.graph, id) && self.rejudge.contains(&id));
        for dependent in self.dependents.remove(&id).unwrap_or_default() {
            if ran {
                self.rejudge.insert(dependent);
            }
            if let Some(pending) = self.pending.get_mut(&dependent) {
                *pending -= 1;
                if *pending == 0 {
                    self.pending.remove(&dependent);
                    self.ready.insert((self.position[&dependent], dependent));
                }
            }
        }
    }

    /// A task failed: nothing that depends on it can run.
    fn block(&mut self, failed: TaskId) {
        let because = format!("`{}` failed", self.graph.name(failed));
        let mut stack = self.dependents.remove(&failed).unwrap_or_default();
        while let Some(id) = stack.pop() {
            if self.pending.remove(&id).is_some() {
                self.skip(id, &because);
                stack.extend(self.dependents.remove(&id).unwrap_or_default());
            }
        }
    }

    fn skip_the_rest(&mut self) {
        let because = if self.summary.interrupted { "interrupted" } else { "another task failed first" };
        let rest: BTreeSet<(usize, TaskId)> =
            self.ready.iter().copied().chain(self.pending.keys().map(|id| (self.position[id], *id))).collect();
        for (_, id) in rest {
            self.skip(id, because);
        }
    }

    fn skip(&mut self, id: TaskId, because: &str) {
        if !is_group(self.graph, id) {
            self.summary.skipped += 1;
            self.setting.observer.event(&Event::Skipped { task: self.graph.name(id), because });
        }
    }
}

fn next_done(receiver: &Receiver<Done>) -> Option<Done> {
    match receiver.recv_timeout(PULSE) {
        Ok(done) => Some(done),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => unreachable!("BUG: the scheduler holds a sender itself"),
    }
}

fn is_group(graph: &Graph<'_>, id: TaskId) -> bool {
    matches!(graph.nodes[id.index()].body, Body::Group)
}

fn compact(graph: &Graph<'_>, memory: &mut Memory, world: &World, tasks: &[TaskId]) -> Result<()> {
    if !memory.state.wants_compaction() {
        return Ok(());
    }
    let names = || (0..graph.nodes.len()).map(|n| &*graph.nodes[n].name);
    let files =
        (0..graph.files.len()).map(|n| graph.files.path(super::files::FileId(u32::try_from(n).unwrap_or(u32::MAX))));
    let mut seen = FxHashSet::default();
    let trees = tasks.iter().flat_map(|&id| graph.inputs(id).iter().chain(graph.outputs(id)));
    let in_trees: Vec<&str> = trees
        .filter_map(|artifact| if let Artifact::Tree(tree) = artifact { Some(*tree) } else { None })
        .flat_map(|tree| world.tree(tree).files.iter())
        .map(|(path, _)| path.as_str())
        .filter(|path| graph.files.find(path).is_none() && seen.insert(*path))
        .collect();
    memory.state.compact(files.chain(in_trees), names())?;
    memory.why().compact(names())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
