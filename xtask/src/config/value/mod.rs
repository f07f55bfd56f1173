//! One value: is it what its kind asks for, and what is it then.
//!
//! Knows each kind by itself. How values go together is `check`'s, where a value was written is `settings`'s business.

mod address;
mod number;
mod place;
mod word;

use std::net::Ipv4Addr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::diagnostic::Severity;
use super::keys::{Key, Kind, Scope};
use super::types::{Cidr, Mac};

pub(super) use word::split_list;

/// A value that its kind accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// A count, or MiB.
    Number(u32),
    Port(u16),
    Address(Ipv4Addr),
    Cidr(Cidr),
    Mac(Mac),
    List(Vec<String>),
    Path(PathBuf),
}

/// What is wrong with a value, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) severity: Severity,
    /// Completes the sentence that begins with the key.
    pub(super) what: String,
    pub(super) label: String,
    /// The part of the value it is about; empty for all of it.
    pub(super) part: Range<usize>,
    pub(super) cause: Option<String>,
    pub(super) help: String,
}

impl Problem {
    pub(super) fn new(what: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Self {
        Problem {
            severity: Severity::Error,
            what: what.into(),
            label: label.into(),
            part: 0..0,
            cause: None,
            help: help.into(),
        }
    }

    pub(super) fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    pub(super) fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub(super) fn part(mut self, part: Range<usize>) -> Self {
        self.part = part;
        self
    }
}

/// What came of reading a value. A value can come with problems: a list of names of which one is bad is still a list.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) value: Option<Value>,
    pub(super) problems: Vec<Problem>,
}

impl From<Result<Value, Problem>> for Outcome {
    fn from(result: Result<Value, Problem>) -> Self {
        match result {
            Ok(value) => Outcome { value: Some(value), problems: Vec::new() },
            Err(problem) => Outcome { value: None, problems: vec![problem] },
        }
    }
}

/// Reads the value of a key. Paths are relative to `directory`.
pub(super) fn read(key: &Key, text: &str, directory: &Path) -> Outcome {
    match (text.is_empty(), key.scope, key.kind) {
        (true, _, Kind::Names { required: false }) => return Outcome::from(Ok(Value::List(Vec::new()))),
        (true, Scope::Optional, _) => return Outcome::default(),
        (true, _, _) => return Outcome::from(Err(empty())),
        _ => {}
    }
    match key.kind {
        Kind::ClusterName => word::cluster_name(text).into(),
        Kind::Names { required } => word::names(text, required),
        Kind::Choice(words) => word::choice(text, words).into(),
        Kind::Domain => word::domain(text).into(),
        Kind::Release => word::release(text).into(),
        Kind::Version => word::version(text).into(),
        Kind::Image => word::image(text).into(),
        Kind::Digest => word::digest(text).into(),
        Kind::Memory => number::memory(text),
        Kind::Size { least } => number::size(text, least).into(),
        Kind::Count { min, max, of } => number::count(text, min, max, of).into(),
        Kind::Port => number::port(text).into(),
        Kind::Range { shortest, longest } => address::range(text, shortest, longest).into(),
        Kind::Address => address::address(text).into(),
        Kind::Mac => address::mac(text).into(),
        Kind::File => place::file(text, directory).into(),
        Kind::Certificates => place::certificates(text, directory).into(),
        Kind::Url => place::url(text).into(),
        Kind::Proxy => place::proxy(text),
        Kind::NoProxy => place::no_proxy(text),
    }
}

fn empty() -> Problem {
    Problem::new("has no value", "nothing here", "write a value, or delete the line to get the default")
}
