//! What an examination says about one prerequisite: the shape that `--json` prints and the table shows.
//!
//! It holds answers. It does not know how they were found nor what they look like.

use std::path::PathBuf;

use serde::Serialize;

use super::catalogue::{Id, Need, prerequisite};

/// How things stand with a prerequisite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// There, and good enough.
    Ok,
    /// It will do, with a drawback that is worth knowing.
    Warning,
    /// There, but it will not do.
    Unsuitable,
    /// Not there.
    Missing,
}

/// What was found, as far as there is something to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Of a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Numbers, or what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The answer about one prerequisite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which one; several findings may share it (one for each port that is taken).
    pub id: Id,
    /// For people.
    pub title: String,
    /// How things stand.
    pub state: State,
    /// Whether one can do without it.
    pub need: Need,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// What it is for.
    pub why: &'static str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Finding {
    /// A finding with nothing found and no mend.
    pub(super) fn new(id: Id, state: State) -> Finding {
        let row = prerequisite(id);
        Finding { id, title: row.title.to_string(), state, need: row.need, found: None, why: row.why, mend: None }
    }

    /// Adds a detail of what was found.
    #[must_use]
    pub(super) fn detail(mut self, detail: impl Into<String>) -> Finding {
        self.found.get_or_insert_default().detail = Some(detail.into());
        self
    }

    /// Adds where it was found.
    #[must_use]
    pub(super) fn path(mut self, path: impl Into<PathBuf>) -> Finding {
        self.found.get_or_insert_default().path = Some(path.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub(super) fn mend(mut self, mend: impl Into<Option<String>>) -> Finding {
        self.mend = mend.into();
        self
    }

    /// Whether there is no cluster as long as this stands.
    pub fn is_fatal(&self) -> bool {
        self.need == Need::Needed && matches!(self.state, State::Missing | State::Unsuitable)
    }
}
