//! The build graph: tasks, what they read and write, and what must run. Knows nothing of Kubernetes.
//!
//! ```text
//! task ─► compile ─► session ─► world (the disk now) ─► survey (verdicts, reasons) ─► schedule ─► work ─► run
//!                      │                                                                │
//!                      └─ state (fingerprints), why (manifests): two journals ◄──────────┘ after success only
//! ```
//!
//! A build task runs when its manifest (declared values, input contents) hashes to something else than recorded, or
//! when an output is not what it made. See `docs/build-graph.md`.

mod compile;
mod crew;
mod event;
mod export;
mod files;
mod journal;
mod manifest;
mod memory;
mod model;
mod order;
mod queue;
mod run;
mod schedule;
mod session;
mod state;
mod survey;
mod task;
mod trace;
mod why;
mod work;
mod world;

pub use compile::{Builder, GraphErrors};
pub use event::{Event, Observer, Outcome, Summary};
pub use export::Exported;
pub use files::Digest;
pub use manifest::{Change, Value};
pub use memory::{Memory, trace_in};
pub use model::{Graph, TaskId};
pub use run::Run;
pub use schedule::Options;
pub use session::{Explained, Session, Survey};
pub use survey::{Force, Reason};
pub use task::{Action, Adopt, Check, FieldKind, Task};
