//! One mistake in the configuration: what is wrong, where, why it matters and what to do about it.
//!
//! Plain data. It does not know how a report is drawn (`report`) nor which rules there are (`value`, `check`).

use std::ops::Range;

use serde::Serialize;

/// Whether the cluster can be used in spite of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// There is no cluster until this is mended.
    Error,
    /// Allowed, and probably not what was meant.
    Warning,
}

/// Where a mistake stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// These bytes of the environment file.
    File(Range<usize>),
    /// A variable of the process environment, as `KEY=value`.
    Environment(String),
    /// The environment file as a whole.
    Whole,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The key it is about, if it is about one.
    pub key: Option<String>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What stands beside the caret.
    pub label: String,
    /// Other places in the file that have a part in it, each with its label.
    pub related: Vec<(Range<usize>, String)>,
    /// Why it is wrong, where the message does not say it all.
    pub cause: Option<String>,
    /// What to do.
    pub help: String,
}

impl Diagnostic {
    /// An error on the file as a whole; the methods below make it more precise.
    pub fn error(message: impl Into<String>, help: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            key: None,
            message: message.into(),
            place: Place::Whole,
            label: String::new(),
            related: Vec::new(),
            cause: None,
            help: help.into(),
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Says which key it is about.
    #[must_use]
    pub fn about(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Points at bytes of the file.
    #[must_use]
    pub fn at(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.place = Place::File(span);
        self.label = label.into();
        self
    }

    /// Says what stands beside the caret.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The mistake as the outcome of reading something. Boxed, because it is rare and many times as large as what is
    /// usually returned.
    pub(super) fn refuse<T>(self) -> Result<T, Box<Diagnostic>> {
        Err(Box::new(self))
    }

    /// Points at another place that has a part in it.
    #[must_use]
    pub fn see(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}
