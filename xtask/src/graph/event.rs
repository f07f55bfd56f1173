//! What a run tells while it goes on. Who listens, and how it looks, is not known here.

use std::path::Path;

use super::survey::Reason;

/// How a task ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing it depends on changed: not run.
    UpToDate,
    /// A live thing was looked at and is as wanted.
    AsWanted,
    /// Run.
    Done,
    /// Outputs without a record turned out to be good.
    Adopted,
}

impl Outcome {
    /// One word, the same in every kind of output.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::UpToDate => "up-to-date",
            Outcome::AsWanted => "as-wanted",
            Outcome::Done => "done",
            Outcome::Adopted => "adopted",
        }
    }
}

/// What a run tells.
#[derive(Debug)]
pub enum Event<'e> {
    /// Everything was looked at: so many tasks are asked for, so many of them may have to run.
    Planned {
        /// In the closure of the targets.
        tasks: usize,
        /// At most.
        stale: usize,
    },
    /// A task begins.
    Started {
        /// Its name.
        task: &'e str,
        /// Why it runs.
        reason: &'e Reason,
        /// Milliseconds it took last time, if it ran before.
        last: Option<u32>,
    },
    /// A long task goes on.
    Progress {
        /// Its name.
        task: &'e str,
        /// In a unit of the task's own.
        done: u64,
        /// 0 when it is not known.
        total: u64,
        /// What it is at.
        message: &'e str,
    },
    /// A task ended well, or had nothing to do.
    Finished {
        /// Its name.
        task: &'e str,
        /// How.
        outcome: Outcome,
        /// Wall time.
        millis: u64,
        /// Its log, if it said anything.
        log: Option<&'e Path>,
    },
    /// A task failed.
    Failed {
        /// Its name.
        task: &'e str,
        /// The whole chain of causes, ending in the last lines of the log.
        error: &'e anyhow::Error,
        /// Wall time.
        millis: u64,
        /// Its log, if it said anything.
        log: Option<&'e Path>,
    },
    /// A task was not started.
    Skipped {
        /// Its name.
        task: &'e str,
        /// Why not.
        because: &'e str,
    },
    /// Something the user should know that stops nothing.
    Warning {
        /// A sentence.
        message: &'e str,
    },
    /// The run is over.
    Ended {
        /// What came of it.
        summary: &'e Summary,
    },
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Tasks that ran.
    pub done: usize,
    /// Outputs taken over without running.
    pub adopted: usize,
    /// Tasks with nothing to do.
    pub up_to_date: usize,
    /// Names of the tasks that failed.
    pub failed: Vec<String>,
    /// Tasks that were not started because of a failure or an interrupt.
    pub skipped: usize,
    /// Whether somebody pressed Ctrl-C.
    pub interrupted: bool,
    /// Wall time.
    pub millis: u64,
}

impl Summary {
    /// Whether everything that was asked for is so.
    pub fn is_success(&self) -> bool {
        self.failed.is_empty() && !self.interrupted && self.skipped == 0
    }
}

/// Listens to a run. Called from several threads.
pub trait Observer: Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);
}

/// Listens to nothing.
impl Observer for () {
    fn event(&self, _: &Event<'_>) {}
}
