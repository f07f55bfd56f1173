//! The configuration as a user meets it: an environment file on disk, a process environment, a cluster or a report.
//!
//! It knows the public door of `config` and `ui::config` only.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its space has failed")]

mod bad;
mod cases;
mod docs;
mod good;
mod render;
mod typos;

use std::collections::BTreeMap;
use std::path::Path;

use xtask::config::{Loaded, Report, Request, load};
use xtask::sys::fs::{Access, write_atomic};

/// A directory with an environment file, and a process environment.
struct Space {
    dir: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

impl Space {
    fn new(text: impl AsRef<[u8]>) -> Self {
        let space = Space { dir: tempfile::tempdir().unwrap(), environment: BTreeMap::new() };
        space.write("cluster.env", text);
        space
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        write_atomic(&self.dir.path().join(name), bytes.as_ref(), Access::Public).unwrap();
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.environment.insert(key.to_string(), value.to_string());
        self
    }

    fn load(&self) -> Result<Loaded, Report> {
        self.load_file("cluster.env")
    }

    fn load_file(&self, name: &str) -> Result<Loaded, Report> {
        load(&Request { file: Path::new(name), root: self.dir.path(), environment: &self.environment })
    }
}

/// The cluster of a text that is fine; panics with the report if it is not.
fn good(text: &str) -> Loaded {
    Space::new(text).load().unwrap_or_else(|report| panic!("{}", plain(&report)))
}

/// The report on a text that is not.
fn bad(text: impl AsRef<[u8]>) -> Report {
    Space::new(text).load().expect_err("the text is fine, and should not be")
}

/// A report without colours.
fn plain(report: &Report) -> String {
    anstream::adapter::strip_str(&report.render()).to_string()
}
