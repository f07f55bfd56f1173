//! Runs `nix-instantiate`, which evaluates and builds nothing.
//!
//! It does not know what is evaluated.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use xtask::nix::Nix;

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The directory of the harness.
pub(crate) fn harness() -> PathBuf {
    root().join("nix/harness")
}

/// Whether a program is there. Where it must be (`CI=true`) its absence fails the test; elsewhere it is said aloud, past
/// the test harness, which would swallow what `eprintln!` says.
pub(crate) fn have(program: &str, get: &str) -> bool {
    if duct::cmd!(program, "--version").stdin_null().stdout_null().stderr_null().unchecked().run().is_ok() {
        return true;
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "`{program}` is needed to judge nix/: {get}");
    let _ = writeln!(std::io::stderr(), "SKIPPED: `{program}` is not installed, so it has not judged nix/ ({get})");
    false
}

/// Whether Nix is there.
pub(crate) fn have_nix() -> bool {
    have("nix-instantiate", "`apt-get install nix-bin`, or https://nixos.org/download")
}

/// The host's Nix, as the program uses it too: what it answers, and what it says against it.
pub(crate) fn ask<T>(question: impl FnOnce(&Nix) -> anyhow::Result<T>) -> Result<T, String> {
    thread_local! {
        /// One a thread: two that make a new store at the same time get into each other's way.
        static NIX: Nix = Nix::find().unwrap();
    }
    NIX.with(question).map_err(|error| format!("{error:#}"))
}

/// A node as the harness sees it, from its facts file.
pub(crate) fn node(facts: &Path) -> Result<Value, String> {
    ask(|nix| nix.call(&harness(), &[("facts", facts)]))
}
