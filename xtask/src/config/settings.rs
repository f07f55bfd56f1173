//! Every key with its value and where the value was written: environment over file over default.
//!
//! It knows precedence and places, and reads each value by its kind. Which values go together is `check`'s business.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::diagnostic::{Diagnostic, Place, Severity};
use super::keys::{self, Key};
use super::lexer::{self, Assignment};
use super::report::Report;
use super::types::{Cidr, Mac};
use super::url::mask_password;
use super::value::{self, Problem, Value};

/// The default of every key that has one.
const DEFAULTS: &str = include_str!("defaults.env");

/// What the settings are read from.
pub(super) struct Input<'a> {
    pub(super) assignments: &'a [Assignment],
    pub(super) environment: &'a BTreeMap<String, String>,
    /// Where relative paths begin.
    pub(super) directory: &'a Path,
}

/// Where a value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    /// The assignment of that number.
    File(usize),
    Environment,
    Default,
}

#[derive(Debug)]
struct Slot {
    text: String,
    /// Where the written value is bad, the default; nothing where there is none.
    value: Option<Value>,
    site: Site,
    /// Whether the value is the one that was written.
    trusted: bool,
}

/// A value as the rules between values see it: what it is called, where it stands, whether it can be relied on.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) key: String,
    /// The key and its value, for a sentence.
    pub(super) shown: String,
    pub(super) place: Place,
    pub(super) trusted: bool,
}

/// All settings of one cluster, and the report on them.
pub(super) struct Settings<'a> {
    input: Input<'a>,
    defaults: BTreeMap<String, String>,
    slots: BTreeMap<String, Slot>,
    /// Keys that were meant to be written and are not readable: what stands in for them says nothing.
    doubtful: BTreeSet<String>,
    report: Report,
}

impl<'a> Settings<'a> {
    /// Reads all keys that are written once for the cluster.
    pub(super) fn read(input: Input<'a>, report: Report) -> Self {
        let doubtful = report.diagnostics().iter().filter_map(|mistake| mistake.key.clone()).collect();
        let mut settings = Settings { input, defaults: defaults(), slots: BTreeMap::new(), doubtful, report };
        for key in keys::globals() {
            settings.read_key(key, key.name);
        }
        settings
    }

    /// Reads a key of one node, if it is written.
    pub(super) fn read_node_key(&mut self, key: &'static Key, node: &str) {
        self.read_key(key, &key.of_node(node));
    }

    fn read_key(&mut self, key: &'static Key, name: &str) {
        let default = self.default(name).map(String::from);
        let written = self.find(name);
        let site = written.as_ref().map_or(Site::Default, |(_, site)| *site);
        let Some(text) = written.map(|(text, _)| text).or_else(|| default.clone()) else {
            return;
        };
        let outcome = value::read(key, &text, self.input.directory);
        let bad = outcome.problems.iter().any(|problem| problem.severity == Severity::Error);
        for problem in outcome.problems {
            self.report_problem(name, &text, site, problem);
        }
        let fall_back = || default.as_ref().and_then(|text| value::read(key, text, self.input.directory).value);
        let value = outcome.value.or_else(|| fall_back().filter(|_| bad));
        self.slots.insert(name.to_string(), Slot { text, value, site, trusted: !bad });
    }

    /// The written value of a key; of two lines the last counts, as in a shell.
    fn find(&self, name: &str) -> Option<(String, Site)> {
        if let Some(text) = self.input.environment.get(name) {
            return Some((text.clone(), Site::Environment));
        }
        let at = self.input.assignments.iter().rposition(|assignment| assignment.key == name)?;
        Some((self.input.assignments[at].value.clone(), Site::File(at)))
    }

    fn report_problem(&mut self, key: &str, text: &str, site: Site, problem: Problem) {
        let diagnostic = Diagnostic {
            severity: problem.severity,
            key: Some(key.to_string()),
            message: format!("`{key}` {}", problem.what),
            place: self.place_of(key, text, site, &problem.part),
            label: problem.label,
            related: Vec::new(),
            cause: problem.cause,
            help: problem.help,
        };
        self.report.push(diagnostic);
    }

    fn place_of(&self, key: &str, text: &str, site: Site, part: &Range<usize>) -> Place {
        match site {
            Site::File(at) => Place::File(self.input.assignments[at].part(part)),
            Site::Environment => Place::Environment(format!("{key}={}", mask_password(text))),
            Site::Default => Place::Whole,
        }
    }

    /// Adds to the report.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.report.push(diagnostic);
    }

    /// Adds what a rule found, if it found something.
    pub(super) fn extend(&mut self, found: Option<Diagnostic>) {
        if let Some(diagnostic) = found {
            self.report.push(diagnostic);
        }
    }

    /// Makes a key count for nothing in the rules between keys.
    pub(super) fn doubt(&mut self, key: impl Into<String>) {
        self.doubtful.insert(key.into());
    }

    /// Whether a key was meant to be written and is not readable.
    pub(super) fn doubted(&self, key: &str) -> bool {
        self.doubtful.contains(key)
    }

    /// The report, and the end of reading.
    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// The lines of the file.
    pub(super) fn assignments(&self) -> &'a [Assignment] {
        self.input.assignments
    }

    /// Text, place and line of a value, for the list of settings.
    pub(super) fn written(&self, key: &str) -> Option<(&str, Site)> {
        self.slots.get(key).map(|slot| (slot.text.as_str(), slot.site))
    }

    /// The default of a key, if it has one.
    pub(super) fn default(&self, key: &str) -> Option<&str> {
        self.defaults.get(key).map(String::as_str)
    }

    /// Whether a value is the one that was written (or a default that nobody tried to change).
    pub(super) fn trusted(&self, key: &str) -> bool {
        !self.doubted(key) && self.slots.get(key).is_none_or(|slot| slot.trusted)
    }

    /// A value that may be left out.
    pub(super) fn get<T: FromValue>(&self, key: &str) -> Option<T> {
        let value = self.slots.get(key)?.value.as_ref()?;
        Some(T::from_value(value).unwrap_or_else(|| panic!("BUG: the kind of `{key}` makes another type")))
    }

    /// A value that has a default.
    pub(super) fn need<T: FromValue>(&self, key: &str) -> T {
        self.get(key).unwrap_or_else(|| panic!("BUG: `{key}` has no default"))
    }

    /// A key of the cluster as an item.
    pub(super) fn item(&self, key: &str) -> Item {
        self.part_item(key, &(0..0))
    }

    /// A part of the value of a key of the cluster as an item.
    pub(super) fn part_item(&self, key: &str, part: &Range<usize>) -> Item {
        let (text, site) = self.written(key).unwrap_or(("", Site::Default));
        let default = if site == Site::Default { ", the default" } else { "" };
        Item {
            key: key.to_string(),
            shown: format!("`{key}` ({}{default})", mask_password(text)),
            place: self.place_of(key, text, site, part),
            trusted: self.trusted(key),
        }
    }
}

/// A mistake that several values have a part in: shown where the file says the last of them, or in the environment,
/// which is what probably upset a file that was fine. `None` while one of them is not what was meant.
pub(super) fn blame(items: &[&Item], message: impl Into<String>, help: impl Into<String>) -> Option<Diagnostic> {
    if items.iter().any(|item| !item.trusted) {
        return None;
    }
    let weight = |item: &Item| match &item.place {
        Place::Whole => (0, 0),
        Place::File(span) => (1, span.start),
        Place::Environment(_) => (2, 0),
    };
    let first = items.iter().max_by_key(|item| weight(item)).expect("BUG: somebody is to blame");
    let mut diagnostic = Diagnostic::error(message, help).about(&first.key);
    diagnostic.place = first.place.clone();
    diagnostic.label.clone_from(&first.shown);
    for item in items {
        match &item.place {
            Place::File(span) if item.place != first.place => diagnostic = diagnostic.see(span.clone(), &item.shown),
            _ => {}
        }
    }
    Some(diagnostic)
}

/// The defaults, key by key.
fn defaults() -> BTreeMap<String, String> {
    let lexed = lexer::lex(DEFAULTS, None);
    lexed.assignments.into_iter().map(|assignment| (assignment.key, assignment.value)).collect()
}

/// Types that values turn into.
pub(super) trait FromValue: Sized {
    /// The value as this type, if it is of this type.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($variant:ident => $type:ty),* $(,)?) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::$variant(inner) => Some(inner.clone()),
                    _ => None,
                }
            }
        }
    )*};
}

from_value! {
    Text => String,
    Number => u32,
    Port => u16,
    Address => Ipv4Addr,
    Cidr => Cidr,
    Mac => Mac,
    List => Vec<String>,
    Path => PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_cluster_has_a_default_of_its_kind_or_is_optional() {
        let lexed = lexer::lex(DEFAULTS, None);
        assert!(lexed.mistakes.is_empty(), "{:?}", lexed.mistakes);
        let defaults = defaults();
        for key in keys::KEYS {
            let Some(text) = defaults.get(key.name).filter(|_| key.is_global()) else {
                assert_ne!(key.scope, keys::Scope::Cluster, "{} has no default", key.name);
                continue;
            };
            assert_eq!(key.scope, keys::Scope::Cluster, "{} is optional and has a default", key.name);
            let outcome = value::read(key, text, Path::new("."));
            assert!(outcome.value.is_some() && outcome.problems.is_empty(), "{}: {:?}", key.name, outcome.problems);
        }
        for key in defaults.keys() {
            assert!(keys::globals().any(|known| known.name == key), "{key} is not in the table");
        }
    }
}
