//! Runs what is stale, in order and in parallel, and writes down what succeeded.
//!
//! Tasks that were judged clean and depend on nothing stale are not touched at all. A task whose turn comes is judged
//! again if something it depends on ran: when that made the same bytes as before, there is nothing to do (early
//! cutoff). Records are written after success only. Who may start next is the affair of `queue`, how a job is done
//! that of `work`.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustc_hash::FxHashMap;

use super::crew::Crew;
use super::event::{Event, Observer, Outcome, Summary};
use super::files::Disk;
use super::manifest::fingerprint;
use super::memory::Memory;
use super::model::{Artifact, Graph, TaskId};
use super::queue::{Entry, Queue};
use super::session::Survey;
use super::state::Payload;
use super::survey::{self, Force, Reason, Verdict};
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
pub(super) struct Setting<'s, 'g> {
    pub(super) graph: &'s Graph<'g>,
    pub(super) disk: &'s Disk,
    pub(super) root: &'s Path,
    pub(super) logs: &'s Path,
    pub(super) options: &'s Options<'s>,
    pub(super) observer: &'s dyn Observer,
}

pub(super) fn run(memory: &mut Memory, survey: Survey, setting: &Setting<'_, '_>) -> Result<Summary> {
    let (started, graph, observer) = (Instant::now(), setting.graph, setting.observer);
    for message in &survey.warnings {
        observer.event(&Event::Warning { message });
    }
    memory.state.record(&survey.refreshed)?;
    let may_run = survey.may_run(graph);
    let tasks = || survey.tasks.iter().copied().filter(|&id| !graph.is_group(id));
    let stale = tasks().filter(|id| may_run[id.index()]).count();
    observer.event(&Event::Planned { tasks: tasks().count(), stale });
    let mut summary = Summary::default();
    for id in tasks().filter(|id| !may_run[id.index()]) {
        summary.up_to_date += 1;
        observer.event(&Event::Finished { task: graph.name(id), outcome: Outcome::UpToDate, millis: 0, log: None });
    }
    let world = if stale == 0 {
        survey.world
    } else {
        let queue = queue(graph, &survey.tasks, &may_run, setting.options.pools);
        let verdicts = survey.tasks.iter().copied().zip(survey.verdicts).collect();
        let (why, trace) = (memory.why(), Trace::new(started));
        let Survey { world, forced, .. } = survey;
        let mut run = Scheduler { setting, memory, why, world, verdicts, forced, queue, summary, trace };
        let job = |job| work(setting, job);
        std::thread::scope(|scope| run.run(&mut Crew::new(scope, &job)))?;
        // Both wait for the disk: together it takes half as long. Neither undoes what was done: without its trace a run
        // is as good, and records that a power cut takes away only cost work.
        let (trace, path) = (&run.trace, run.memory.trace());
        let troubles = std::thread::scope(|scope| {
            let traced = scope.spawn(move || trace.write(&path));
            let synced = run.memory.state.sync();
            [traced.join().unwrap_or_else(|_| bail!("BUG: writing the trace panicked")), synced]
        });
        for trouble in troubles.into_iter().filter_map(Result::err) {
            observer.event(&Event::Warning { message: &format!("{trouble:#}") });
        }
        summary = run.summary;
        run.world
    };
    memory.compact(graph, &world, &survey.tasks)?;
    summary.millis = millis(started.elapsed());
    observer.event(&Event::Ended { summary: &summary });
    Ok(summary)
}

fn queue(graph: &Graph<'_>, tasks: &[TaskId], may_run: &[bool], limits: &[(&'static str, usize)]) -> Queue {
    let entries = tasks.iter().filter(|id| may_run[id.index()]);
    let entries = entries.map(|&task| Entry { task, pool: graph.nodes[task.index()].pool });
    Queue::new(graph.nodes.len(), entries, limits, |id| graph.dependencies(id))
}

struct Scheduler<'s, 'g> {
    setting: &'s Setting<'s, 'g>,
    memory: &'s mut Memory,
    why: Why,
    world: World,
    verdicts: FxHashMap<TaskId, Verdict>,
    forced: Force,
    queue: Queue,
    summary: Summary,
    trace: Trace,
}

impl Scheduler<'_, '_> {
    fn run(&mut self, crew: &mut Crew<'_, '_, Job, Done>) -> Result<()> {
        loop {
            // Groups and tasks that turn out to be clean are over at once, and may let others come nearer.
            while !self.is_stopping()
                && self.queue.running() < self.setting.options.jobs.max(1)
                && let Some(id) = self.queue.next()
            {
                if let Some(job) = self.prepare(id)? {
                    crew.begin(job);
                }
            }
            if self.queue.running() == 0 {
                break;
            }
            if let Some(done) = crew.next_done(PULSE) {
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

    /// What there is to do for a task whose turn has come; if nothing, it is over.
    fn prepare(&mut self, id: TaskId) -> Result<Option<Job>> {
        let graph = self.setting.graph;
        if graph.is_group(id) {
            // It passes on that something below it made something.
            self.queue.done(id, self.queue.is_stirred(id));
            return Ok(None);
        }
        let mut found = Payload::default();
        let verdict = self.judge(id, &mut found);
        self.memory.state.record(&found)?;
        match verdict {
            Ok(Verdict::Clean) => {
                self.over(id, Outcome::UpToDate, 0, None);
                Ok(None)
            }
            Ok(verdict) => Ok(Some(self.start(id, verdict))),
            Err(error) => {
                self.failed(id, &error, 0, None);
                Ok(None)
            }
        }
    }

    fn judge(&mut self, id: TaskId, found: &mut Payload) -> Result<Verdict> {
        let (graph, state) = (self.setting.graph, &self.memory.state);
        let before = self.verdicts[&id];
        let stirred = self.queue.is_stirred(id);
        if stirred {
            *found = self.world.refresh(graph, self.setting.disk, state, id)?;
        }
        let verdict = if stirred && before != Verdict::Forced {
            survey::judge_one(graph, &self.world, state, id)
        } else {
            before
        };
        if verdict != Verdict::Clean {
            survey::refuse_unmade(graph, &self.world, id)?;
        }
        Ok(verdict)
    }

    fn start(&mut self, id: TaskId, verdict: Verdict) -> Job {
        let (graph, state) = (self.setting.graph, &self.memory.state);
        let task = graph.name(id);
        let reason = survey::reason(graph, &self.world, state, &self.why, id, verdict).unwrap_or(Reason::New);
        let last = state.task(task, &mut 0).map(|at| state.task_record(at).millis);
        self.setting.observer.event(&Event::Started { task, reason: &reason, last });
        self.trace.start(id);
        let mut manifest = Vec::new();
        survey::write_manifest(graph, &self.world, id, &mut manifest);
        Job {
            task: id,
            forced: self.forced.covers(task),
            adoptable: matches!(verdict, Verdict::New | Verdict::Touched(_)),
            fingerprint: fingerprint(&manifest),
            manifest,
            inputs: self.seen(graph.inputs(id)),
            before: self.seen(graph.outputs(id)),
        }
    }

    fn seen(&self, artifacts: &[Artifact]) -> Vec<Seen> {
        let seen = |artifact: &Artifact| match *artifact {
            Artifact::File { id, .. } => Seen::File(id, self.world.file(id)),
            Artifact::Tree(tree) => Seen::Tree(tree, self.world.tree(tree).clone()),
        };
        artifacts.iter().map(seen).collect()
    }

    fn finish(&mut self, done: Done) -> Result<()> {
        let (id, took, log) = (done.job.task, millis(done.took), done.log.as_deref());
        let word = done.result.as_ref().map_or("failed", |made| made.outcome.word());
        self.trace.end(id, self.setting.graph.name(id), word, done.started, done.took);
        match done.result {
            Ok(made) => {
                let outcome = made.outcome;
                self.record(&done.job, made, took)?;
                self.over(id, outcome, took, log);
            }
            Err(error) => self.failed(id, &error, took, log),
        }
        Ok(())
    }

    fn record(&mut self, job: &Job, made: Made, took: u64) -> Result<()> {
        let graph = self.setting.graph;
        let task = graph.name(job.task);
        if !made.inputs_held {
            let message = format!("an input of `{task}` was changed while it ran: it will run again next time");
            self.setting.observer.event(&Event::Warning { message: &message });
        }
        let mut payload = Payload::default();
        for seen in made.outputs {
            seen.record(graph, &mut payload);
            self.world.update(seen);
        }
        if made.inputs_held && !graph.outputs(job.task).is_empty() {
            let outputs = graph.outputs(job.task).iter().filter_map(|&artifact| self.world.digest(artifact));
            let outputs: Vec<_> = outputs.collect();
            payload.task(task, job.fingerprint, &outputs, u32::try_from(took).unwrap_or(u32::MAX));
            self.why.record(task, &job.manifest)?;
        }
        self.memory.state.record(&payload)
    }

    /// A task ended well, or had nothing to do.
    fn over(&mut self, id: TaskId, outcome: Outcome, took: u64, log: Option<&Path>) {
        let (counter, made) = match outcome {
            Outcome::UpToDate | Outcome::AsWanted => (&mut self.summary.up_to_date, false),
            Outcome::Done => (&mut self.summary.done, true),
            Outcome::Adopted => (&mut self.summary.adopted, true),
        };
        *counter += 1;
        let task = self.setting.graph.name(id);
        self.setting.observer.event(&Event::Finished { task, outcome, millis: took, log });
        self.queue.done(id, made);
    }

    fn failed(&mut self, id: TaskId, error: &anyhow::Error, took: u64, log: Option<&Path>) {
        let task = self.setting.graph.name(id);
        self.setting.observer.event(&Event::Failed { task, error, millis: took, log });
        self.summary.failed.push(task.to_string());
        let because = format!("`{task}` failed");
        for lost in self.queue.failed(id) {
            self.skip(lost, &because);
        }
    }

    fn skip_the_rest(&mut self) {
        let because = if self.summary.interrupted { "interrupted" } else { "another task failed first" };
        for id in self.queue.rest().collect::<Vec<_>>() {
            self.skip(id, because);
        }
    }

    fn skip(&mut self, id: TaskId, because: &str) {
        if !self.setting.graph.is_group(id) {
            self.summary.skipped += 1;
            self.setting.observer.event(&Event::Skipped { task: self.setting.graph.name(id), because });
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
