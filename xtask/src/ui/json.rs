//! A run as another program reads it: one JSON object a line, on stdout. `docs/build-graph.md` documents the fields.
//!
//! It adds nothing to the events and leaves nothing out.

use std::path::Path;

use serde::Serialize;

use crate::config::Report;
use crate::graph::{Change, Event, Observer, Reason, Value};

/// Prints every event as a line of JSON.
pub struct Lines;

impl Observer for Lines {
    fn event(&self, event: &Event<'_>) {
        Line::of(event).print();
    }
}

/// One line. The fields are the schema: a name is never given another meaning.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "documented where its readers look: docs/build-graph.md")]
pub enum Line<'l> {
    Refused {
        problems: &'l Report,
    },
    Planned {
        tasks: usize,
        stale: usize,
    },
    Explained {
        task: &'l str,
        reason: Option<Why>,
    },
    Started {
        task: &'l str,
        reason: Why,
        last_ms: Option<u32>,
    },
    Progress {
        task: &'l str,
        done: u64,
        total: u64,
        message: &'l str,
    },
    Finished {
        task: &'l str,
        outcome: &'static str,
        ms: u64,
        log: Option<&'l Path>,
    },
    Failed {
        task: &'l str,
        error: String,
        ms: u64,
        log: Option<&'l Path>,
    },
    Skipped {
        task: &'l str,
        because: &'l str,
    },
    Warning {
        message: &'l str,
    },
    Ended {
        success: bool,
        done: usize,
        adopted: usize,
        up_to_date: usize,
        failed: &'l [String],
        skipped: usize,
        interrupted: bool,
        ms: u64,
    },
    WouldRemove {
        path: &'l Path,
    },
    Removed {
        path: &'l Path,
    },
}

/// A reason: one word for programs, a sentence for people, and the exact differences.
#[derive(Debug, Serialize)]
pub struct Why {
    /// `new`, `changed`, `output`, `forced`, `live` or `after`.
    pub why: &'static str,
    /// The same in a sentence.
    pub text: String,
    /// What changed; empty where nothing can be named.
    pub changes: Vec<Difference>,
}

/// One difference; `null` on a side where there was nothing.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// `config`, `environment`, `tool`, `action`, `input`, `output` or `task`.
    pub kind: &'static str,
    /// A configuration key, a path, the name of a task.
    pub key: String,
    /// Before.
    pub old: Option<String>,
    /// Now.
    pub new: Option<String>,
}

impl<'l> Line<'l> {
    /// The line of an event.
    fn of(event: &Event<'l>) -> Self {
        match *event {
            Event::Planned { tasks, stale } => Line::Planned { tasks, stale },
            Event::Started { task, reason, last } => Line::Started { task, reason: Why::of(reason), last_ms: last },
            Event::Progress { task, done, total, message } => Line::Progress { task, done, total, message },
            Event::Finished { task, outcome, millis, log } => {
                Line::Finished { task, outcome: outcome.word(), ms: millis, log }
            }
            Event::Failed { task, error, millis, log } => {
                Line::Failed { task, error: format!("{error:#}"), ms: millis, log }
            }
            Event::Skipped { task, because } => Line::Skipped { task, because },
            Event::Warning { message } => Line::Warning { message },
            Event::Ended { summary } => Line::Ended {
                success: summary.is_success(),
                done: summary.done,
                adopted: summary.adopted,
                up_to_date: summary.up_to_date,
                failed: &summary.failed,
                skipped: summary.skipped,
                interrupted: summary.interrupted,
                ms: summary.millis,
            },
        }
    }

    /// Prints it. A reader that went away is no trouble of ours.
    pub fn print(&self) {
        use std::io::Write as _;
        let line = serde_json::to_string(self).expect("BUG: a line is strings and numbers");
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

impl Why {
    /// A reason as data.
    pub fn of(reason: &Reason) -> Self {
        let difference = |kind, key: &str, old, new| Difference { kind, key: key.to_string(), old, new };
        let (why, changes) = match reason {
            Reason::New => ("new", Vec::new()),
            Reason::Changed(changes) => ("changed", changes.iter().map(Difference::of).collect()),
            Reason::Output { path, old, new } => {
                ("output", vec![difference("output", path, Some(old.short()), new.map(|digest| digest.short()))])
            }
            Reason::Forced => ("forced", Vec::new()),
            Reason::Live => ("live", Vec::new()),
            Reason::After(tasks) => ("after", tasks.iter().map(|task| difference("task", task, None, None)).collect()),
        };
        Why { why, text: reason.to_string(), changes }
    }
}

impl Difference {
    fn of(change: &Change) -> Self {
        let side = |value: &Option<Value>| match value {
            None | Some(Value::Missing) => None,
            Some(value) => Some(value.to_string()),
        };
        Difference { kind: change.kind.word(), key: change.key.clone(), old: side(&change.old), new: side(&change.new) }
    }
}
