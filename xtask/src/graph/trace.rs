//! What ran when, in the Trace Event format that Perfetto and chrome://tracing open.
//!
//! Only tasks that really ran are in it. It measures nothing itself.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::model::TaskId;
use crate::sys::fs::{Access, write_atomic};

/// A complete ("X") event; times in microseconds.
#[derive(Serialize)]
struct Span {
    name: String,
    cat: &'static str,
    ph: &'static str,
    ts: u64,
    dur: u64,
    pid: u32,
    tid: usize,
}

/// The file as a whole.
#[derive(Serialize)]
struct File<'t> {
    #[serde(rename = "traceEvents")]
    events: &'t [Span],
    #[serde(rename = "displayTimeUnit")]
    unit: &'static str,
}

pub(super) struct Trace {
    start: Instant,
    spans: Vec<Span>,
    /// Which lane each running task has; `None` marks a free one.
    lanes: Vec<Option<TaskId>>,
    lane_of: FxHashMap<TaskId, usize>,
}

impl Trace {
    pub(super) fn new(start: Instant) -> Self {
        Trace { start, spans: Vec::new(), lanes: Vec::new(), lane_of: FxHashMap::default() }
    }

    /// Gives the task the lowest free lane.
    pub(super) fn start(&mut self, id: TaskId) {
        let lane = self.lanes.iter().position(Option::is_none).unwrap_or(self.lanes.len());
        if lane == self.lanes.len() {
            self.lanes.push(None);
        }
        self.lanes[lane] = Some(id);
        self.lane_of.insert(id, lane);
    }

    pub(super) fn end(&mut self, id: TaskId, name: &str, outcome: &'static str, started: Instant, took: Duration) {
        let lane = self.lane_of.remove(&id).unwrap_or_default();
        self.lanes[lane] = None;
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let (ts, dur) = (micros(started.saturating_duration_since(self.start)), micros(took));
        self.spans.push(Span { name: name.to_string(), cat: outcome, ph: "X", ts, dur, pid: 1, tid: lane + 1 });
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        if self.spans.is_empty() {
            return Ok(());
        }
        let file = File { events: &self.spans, unit: "ms" };
        write_atomic(path, &serde_json::to_vec(&file)?, Access::Public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_overlap_lie_in_lanes_of_their_own() {
        let start = Instant::now();
        let mut trace = Trace::new(start);
        let end = |trace: &mut Trace, id: u32| {
            trace.end(
                TaskId(id),
                "name",
                "done",
                start + Duration::from_micros(u64::from(id)),
                Duration::from_micros(9),
            );
        };
        trace.start(TaskId(1));
        trace.start(TaskId(2));
        end(&mut trace, 1);
        trace.start(TaskId(3));
        end(&mut trace, 3);
        end(&mut trace, 2);
        let lanes: Vec<(u64, usize)> = trace.spans.iter().map(|span| (span.ts, span.tid)).collect();
        assert_eq!(lanes, [(1, 1), (3, 1), (2, 2)], "the third took over the lane of the first");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trace.json");
        trace.write(&path).unwrap();
        let text = fs_err::read_to_string(&path).unwrap();
        assert!(text.starts_with(r#"{"traceEvents":[{"name":"name","cat":"done","ph":"X","ts":1,"dur":9,"#), "{text}");
    }
}
