//! A run as another program reads it: one JSON object a line, on stdout. `docs/build-graph.md` documents the fields.
//!
//! It adds nothing to the events and leaves nothing out.

use serde_json::{Value, json};

use super::explain::kind;
use crate::graph::{Change, Event, Observer, Reason};

/// Prints every event as a line of JSON.
pub struct Lines;

impl Observer for Lines {
    fn event(&self, event: &Event<'_>) {
        print(&value(event));
    }
}

/// Prints one line. A reader that went away is no trouble of ours.
pub fn print(value: &Value) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout().lock(), "{value}");
}

fn value(event: &Event<'_>) -> Value {
    match event {
        Event::Planned { tasks, stale } => json!({"event": "planned", "tasks": tasks, "stale": stale}),
        Event::Started { task, reason: why, last } => {
            json!({"event": "started", "task": task, "reason": reason(why), "last_ms": last})
        }
        Event::Progress { task, done, total, message } => {
            json!({"event": "progress", "task": task, "done": done, "total": total, "message": message})
        }
        Event::Finished { task, outcome, millis, log } => {
            json!({"event": "finished", "task": task, "outcome": outcome.word(), "ms": millis, "log": log})
        }
        Event::Failed { task, error, millis, log } => {
            json!({"event": "failed", "task": task, "error": format!("{error:#}"), "ms": millis, "log": log})
        }
        Event::Skipped { task, because } => json!({"event": "skipped", "task": task, "because": because}),
        Event::Warning { message } => json!({"event": "warning", "message": message}),
        Event::Ended { summary } => json!({
            "event": "ended",
            "success": summary.is_success(),
            "done": summary.done,
            "adopted": summary.adopted,
            "up_to_date": summary.up_to_date,
            "failed": summary.failed,
            "skipped": summary.skipped,
            "interrupted": summary.interrupted,
            "ms": summary.millis,
        }),
    }
}

/// A reason as data: `why` is one word, `text` a sentence, `changes` the exact differences.
pub fn reason(reason: &Reason) -> Value {
    let (why, changes) = match reason {
        Reason::New => ("new", vec![]),
        Reason::Changed(changes) => ("changed", changes.iter().map(change).collect()),
        Reason::Output { path, old, new } => {
            let new = new.map(|digest| digest.short());
            ("output", vec![json!({"kind": "output", "key": path, "old": old.short(), "new": new})])
        }
        Reason::Forced => ("forced", vec![]),
        Reason::Live => ("live", vec![]),
        Reason::After(tasks) => ("after", vec![json!({"kind": "task", "key": tasks})]),
    };
    json!({"why": why, "text": reason.to_string(), "changes": changes})
}

fn change(change: &Change) -> Value {
    let side = |value: &Option<crate::graph::Value>| value.as_ref().map(crate::graph::Value::to_json);
    json!({"kind": kind(change.kind), "key": change.key, "old": side(&change.old), "new": side(&change.new)})
}
