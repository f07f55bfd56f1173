//! Where the example lies that runs a graph with the engine and nothing else: tests of whole processes need it.
//!
//! `cargo test --test NAME` builds no examples, and an old one would prove nothing, so it is built here.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The example, as new as the engine.
pub(crate) fn graph_json() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // This test lies in TARGET/PROFILE/deps.
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut args = ["build", "--quiet", "--package", "xtask", "--example", "graph_json", "--target-dir"]
            .map(std::ffi::OsString::from)
            .to_vec();
        args.push(profile.parent().unwrap().into());
        if !cfg!(debug_assertions) {
            args.push("--release".into());
        }
        duct::cmd(env!("CARGO"), args).dir(env!("CARGO_MANIFEST_DIR")).run().unwrap();
        profile.join("examples/graph_json")
    })
}
