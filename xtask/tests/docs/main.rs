//! The documentation held against the program: what it lists is there, what it tells people to type works, and what it
//! says they will see is what they see.
//!
//! It checks lists, commands, transcripts and names of files. Whether the sentences between them are true is for a
//! reader to judge.

#![allow(clippy::unwrap_used)] // the lint knows tests by their attribute, and helpers of tests have none

mod commands;
mod map;
mod markdown;
mod targets;
mod transcript;

use std::path::{Path, PathBuf};

/// The program that the documentation is about.
const PROGRAM: &str = env!("CARGO_BIN_EXE_xtask");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn repository(path: &str) -> String {
    fs_err::read_to_string(root().join(path)).unwrap()
}

/// The README and every page, with their names.
fn pages() -> Vec<(String, String)> {
    let pages = fs_err::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let pages = pages.map(|name| format!("docs/{}", name.to_str().unwrap()));
    let mut names: Vec<String> = pages.filter(|name| Path::new(name).extension().is_some_and(|e| e == "md")).collect();
    names.sort();
    names.insert(0, "README.md".to_string());
    names.into_iter().map(|name| (name.clone(), repository(&name))).collect()
}

/// Runs the program in an empty directory that looks like the repository, with nothing of our own environment.
fn program(repository: &Path, arguments: &[&str]) -> std::process::Output {
    let run = duct::cmd(PROGRAM, arguments).dir(repository).full_env([("XTASK_ROOT", repository.as_os_str())]);
    run.stdin_null().stdout_capture().stderr_capture().unchecked().run().unwrap()
}

/// What it printed, if it was content.
fn printed(repository: &Path, arguments: &[&str]) -> String {
    let output = program(repository, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`cargo xtask {}`: {complaint}", arguments.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// A repository with the `cluster.env` that everybody starts with, and nothing made yet.
fn fresh() -> tempfile::TempDir {
    let space = tempfile::tempdir().unwrap();
    fs_err::copy(root().join("cluster.env"), space.path().join("cluster.env")).unwrap();
    space
}
