//! The Nix files themselves: they parse, they are tidy, and they say what they are.
//!
//! It does not evaluate them.

use std::path::{Path, PathBuf};

use crate::fixtures::FIXTURES;
use crate::harness::evaluate;
use crate::instantiate::{ask, harness, have, have_nix, root};

/// Longer, and a module has more than one concern.
const MOST_LINES: usize = 140;

fn files(directory: PathBuf) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter().map(Result::unwrap);
    entries.map(walkdir::DirEntry::into_path).filter(|path| path.extension().is_some_and(|own| own == "nix")).collect()
}

fn tree() -> Vec<PathBuf> {
    let files: Vec<PathBuf> =
        files(root().join("nix")).into_iter().filter(|file| !file.starts_with(harness())).collect();
    assert!(files.len() > 20, "a rule that sees nothing proves nothing");
    files
}

/// What is wrong with a file, if anything is.
fn wrong(file: &Path) -> Option<String> {
    ask(|nix| nix.parse(file)).err()
}

#[test]
fn every_file_parses() {
    if !have_nix() {
        return;
    }
    let wrong: Vec<String> = tree().into_iter().chain(files(harness())).filter_map(|file| wrong(&file)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_in_it_is_dead() {
    if !have("deadnix", "`cargo install deadnix --locked`") {
        return;
    }
    let paths = [root().join("nix")];
    let output = duct::cmd("deadnix", ["--fail".into()].into_iter().chain(paths.map(PathBuf::into_os_string)))
        .stdin_null()
        .stderr_to_stdout()
        .stdout_capture()
        .unchecked()
        .run()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn every_module_says_what_it_is_and_is_short() {
    for file in tree() {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        assert!(text.starts_with("# "), "{}: open it with what it is there for", file.display());
        assert!(lines <= MOST_LINES, "{}: {lines} lines, at most {MOST_LINES}", file.display());
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}", file.display(), number + 1);
            assert!(line.chars().count() <= 130 || line.contains("message ="), "{place}: too long");
            assert!(!line.contains('\t') && !line.ends_with(' '), "{place}: tabs or blanks at its end");
        }
    }
}

#[test]
fn no_secret_is_a_path_of_nix() {
    // A path literal, `./x` or `/x` outside of quotes, is copied into the store when it is used as text. The tree has
    // them for its own modules and for nothing else.
    for file in tree() {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().map(|line| line.split("# ").next().unwrap_or_default());
        for line in code.filter(|line| line.contains("./") || line.contains("../")) {
            let known = line.contains(".nix")
                || line.contains("../lib")
                || line.contains("import ./")
                || line.contains("fixtures");
            assert!(known, "{}: {line}", file.display());
        }
        let reads = text.matches("readFile").count();
        let entry = file.ends_with("nix/default.nix");
        assert_eq!(reads, usize::from(entry), "{}: only the facts are read", file.display());
    }
}

#[test]
fn the_flake_has_every_node_of_every_fixture() {
    if !have_nix() {
        return;
    }
    let outputs = root().join("xtask/tests/nix/flake-outputs.nix");
    let outputs = evaluate(&format!("import {}", outputs.display())).unwrap();
    let mut expected: Vec<String> = Vec::new();
    for fixture in FIXTURES {
        let nodes = fixture.cluster().nodes.into_iter();
        expected.extend(nodes.map(|node| format!("{}-{}", fixture.name, node.name)));
    }
    expected.sort();
    assert_eq!(outputs["nodes"], serde_json::json!(expected));
    assert_eq!(outputs["checks"]["aarch64-linux"], serde_json::json!({"aarch64-core": "core", "aarch64-seed": "seed"}));
}
