//! Runs `nix-instantiate`, which evaluates and builds nothing.
//!
//! It does not know what is evaluated.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

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

/// What Nix answers; what it says against it is the error.
pub(crate) fn instantiate(arguments: &[&str]) -> Result<String, String> {
    thread_local! {
        /// Where Nix may keep what it likes: it must not need a store of the machine, and two that make a new one at
        /// the same time get into each other's way.
        static STATE: tempfile::TempDir = tempfile::tempdir().unwrap();
    }
    let output = STATE.with(|state| {
        let at = |name: &str| state.path().join(name);
        duct::cmd("nix-instantiate", arguments)
            .env("NIX_STORE_DIR", at("store"))
            .env("NIX_STATE_DIR", at("var"))
            .env("NIX_LOG_DIR", at("log"))
            .env("NIX_CONF_DIR", at("etc"))
            .stdin_null()
            .stdout_capture()
            .stderr_capture()
            .unchecked()
            .run()
            .unwrap()
    });
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout).unwrap());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The value of an expression, as JSON; what Nix says against it is the error.
pub(crate) fn evaluate(expression: &str) -> Result<Value, String> {
    let text = instantiate(&["--eval", "--strict", "--json", "--expr", expression])?;
    serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
}

/// A node as the harness sees it, from its facts file.
pub(crate) fn node(facts: &Path) -> Result<Value, String> {
    evaluate(&format!("import {} {{ facts = {}; }}", harness().display(), facts.display()))
}
