//! All mistakes of one configuration together: drawn the way rustc draws them, or as data for `--json`.
//!
//! It knows the text of the file and the order of things in it, not the rules that were broken.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Renderer, Snippet};
use serde::{Serialize, Serializer};

use super::diagnostic::{Diagnostic, Place, Severity};
use super::url::mask_source;

/// Every mistake of one configuration, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The file as the user named it.
    file: String,
    /// Its text with passwords starred out, as long as the original.
    source: String,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// An empty report on a file.
    pub(super) fn new(file: impl Into<String>, source: &str) -> Self {
        Report { file: file.into(), source: mask_source(source), diagnostics: Vec::new() }
    }

    /// Adds a mistake, in its place.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let at = self.diagnostics.partition_point(|other| rank(other) <= rank(&diagnostic));
        self.diagnostics.insert(at, diagnostic);
    }

    /// Every mistake, in the order of the file; what comes from the environment is last.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|d| d.severity == severity).count()
    }

    /// Line and column (in characters), both from 1, of a byte of the file.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.source.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        (line, column)
    }

    /// The report for a person, with colours; ends with a line that counts.
    pub fn render(&self) -> String {
        let renderer = Renderer::styled();
        let mut out = String::new();
        for diagnostic in &self.diagnostics {
            out.push_str(&self.draw(&renderer, diagnostic));
            out.push_str("\n\n");
        }
        if !self.is_empty() {
            out.push_str(&self.to_string());
            out.push('\n');
        }
        out
    }

    fn draw(&self, renderer: &Renderer, diagnostic: &Diagnostic) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let group = level.primary_title(diagnostic.message.as_str());
        let group = match &diagnostic.place {
            Place::File(span) => group.element(self.snippet(span, diagnostic)),
            Place::Environment(text) => group.element(Origin::path(format!("in the environment: {text}"))),
            Place::Whole => group.element(Origin::path(self.file.as_str())),
        };
        // Without a line to point at, what would stand beside the caret stands below.
        let pointed = matches!(diagnostic.place, Place::File(_)) || diagnostic.label.is_empty();
        let notes = [Some(diagnostic.label.as_str()).filter(|_| !pointed), diagnostic.cause.as_deref()];
        let group = group
            .elements(notes.into_iter().flatten().map(|text| Level::NOTE.message(text)))
            .element(Level::HELP.message(diagnostic.help.as_str()));
        renderer.render(&[group])
    }

    fn snippet<'a>(&'a self, span: &Range<usize>, diagnostic: &'a Diagnostic) -> Snippet<'a, Annotation<'a>> {
        let related = diagnostic.related.iter();
        let related = related.map(|(span, label)| AnnotationKind::Context.span(span.clone()).label(label.as_str()));
        Snippet::source(self.source.as_str())
            .path(self.file.as_str())
            .annotation(AnnotationKind::Primary.span(span.clone()).label(diagnostic.label.as_str()))
            .annotations(related)
    }
}

/// Where a mistake belongs in the order: the whole file, its bytes, the environment.
fn rank(diagnostic: &Diagnostic) -> (u8, usize) {
    match &diagnostic.place {
        Place::Whole => (0, 0),
        Place::File(span) => (1, span.start),
        Place::Environment(_) => (2, 0),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let errors = plural(self.count(Severity::Error), "error");
        let warnings = plural(self.count(Severity::Warning), "warning");
        match (self.count(Severity::Error), self.count(Severity::Warning)) {
            (_, 0) => write!(f, "{errors} in the configuration `{}`", self.file),
            (0, _) => write!(f, "{warnings} in the configuration `{}`", self.file),
            _ => write!(f, "{errors} and {warnings} in the configuration `{}`", self.file),
        }
    }
}

impl std::error::Error for Report {}

/// How one mistake looks in `--json`.
#[derive(Serialize)]
struct Flat<'a> {
    severity: Severity,
    key: Option<&'a str>,
    message: &'a str,
    /// `None` when the value stands in the environment.
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    environment: Option<&'a str>,
    label: &'a str,
    cause: Option<&'a str>,
    help: &'a str,
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.diagnostics.iter().map(|d| {
            let (file, position, environment) = match &d.place {
                Place::File(span) => (Some(self.file.as_str()), Some(self.position(span.start)), None),
                Place::Environment(text) => (None, None, Some(text.as_str())),
                Place::Whole => (Some(self.file.as_str()), None, None),
            };
            Flat {
                severity: d.severity,
                key: d.key.as_deref(),
                message: &d.message,
                file,
                line: position.map(|p| p.0),
                column: position.map(|p| p.1),
                environment,
                label: &d.label,
                cause: d.cause.as_deref(),
                help: &d.help,
            }
        }))
    }
}
