//! The rules of this house, checked on its own source: who may import whom, how long things get, what never enters.
//!
//! Every rule is a function from text to complaints, tested on text that breaks it, and then run over the tree. It
//! reads files only. It does not know what the code does, nor does it ask git: it sees what is there.

#![allow(clippy::unwrap_used)] // the lint knows tests by their attribute, and helpers of tests have none

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use xtask::config::Cidr;

#[path = "house/scan.rs"]
mod scan;

const HARD_LINES: usize = 500;
const SOFT_LINES: usize = 300;
const FUNCTION_LINES: usize = 60;

/// The floors of the house, ground first. Imports go down, and never sideways within a floor.
const FLOORS: &[&[&str]] =
    &[&["config", "sys"], &["facts", "graph", "nix", "pki"], &["ops", "ui"], &["plan"], &["cli"]];

/// Directories that hold nothing written by hand.
const GENERATED: [&str; 3] = ["target", "artifacts", ".git"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Files below a directory of the repository, with their path relative to it, in order.
fn files(under: &str) -> Vec<(String, PathBuf)> {
    let root = root();
    let generated = |entry: &walkdir::DirEntry| {
        entry.depth() == 1 && GENERATED.iter().any(|name| entry.file_name().to_str() == Some(name))
    };
    let walk = walkdir::WalkDir::new(root.join(under)).sort_by_file_name().into_iter();
    let entries = walk.filter_entry(|entry| !generated(entry)).filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(|entry| (entry.path().strip_prefix(&root).unwrap().display().to_string(), entry.into_path())).collect()
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    Path::new(name).extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension))
}

/// Rust files below a directory of the repository, with their text.
fn rust(under: &str) -> Vec<(String, String)> {
    let sources = files(under).into_iter().filter(|(name, _)| has_extension(name, &["rs"]));
    let read: Vec<_> = sources.map(|(name, path)| (name, std::fs::read_to_string(path).unwrap())).collect();
    assert!(!read.is_empty(), "no source below `{under}`: a rule that sees nothing proves nothing");
    read
}

/// Fails with the complaints, if there are any.
fn none(complaints: impl IntoIterator<Item = String>, rule: &str) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "{rule}\n  {}", complaints.join("\n  "));
}

// Imports.

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// What a file below `xtask/src` imports against the rule. `path` is relative to that directory.
fn wrong_imports(path: &str, source: &str) -> Vec<String> {
    let mut parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    let Some(own) = floor(parts[0]) else { return Vec::new() };
    let imports = scan::top_modules(&scan::code_only(source), parts.len());
    let others = imports.into_iter().filter(|(_, module)| module != parts[0]);
    let wrong = others.filter(|(_, module)| floor(module).is_some_and(|floor| floor >= own));
    let line = |number: usize| source.lines().nth(number - 1).unwrap_or_default().trim();
    wrong
        .map(|(number, module)| format!("{path}:{number}: {} reaches for {module}: {}", parts[0], line(number)))
        .collect()
}

#[test]
fn imports_only_go_down() {
    let sources = rust("xtask/src");
    let inside = |name: &String| name.trim_start_matches("xtask/src/").to_string();
    none(
        sources.iter().flat_map(|(name, text)| wrong_imports(&inside(name), text)),
        "imports go down the floors that xtask/src/lib.rs lists, and never sideways:",
    );
    // A module that has no floor would be checked by nothing.
    let homeless = |name: &String| {
        let module = inside(name).split(['/', '.']).next().unwrap_or_default().to_string();
        (floor(&module).is_none() && !matches!(module.as_str(), "lib" | "main")).then_some(module)
    };
    let homeless: BTreeSet<String> = sources.iter().filter_map(|(name, _)| homeless(name)).collect();
    assert!(homeless.is_empty(), "give these modules a floor in xtask/src/lib.rs and in this test: {homeless:?}");
}

#[test]
fn the_import_rule_has_teeth() {
    let up = wrong_imports("pki/issue.rs", "use crate::sys::fs;\nuse crate::{config::Cluster, graph::Task};\n");
    assert_eq!(up.len(), 1);
    assert!(up[0].starts_with("pki/issue.rs:2: pki reaches for graph: use crate::{"), "{up:?}");
    assert_eq!(wrong_imports("ops/mod.rs", "fn f() { crate::ui::table::paint() }").len(), 1, "sideways, without a use");
    assert_eq!(wrong_imports("sys/run/mod.rs", "use super::super::config::Cluster;").len(), 1, "around the back");
    let fine = "use super::probe;\nuse crate::ops::check;\n// crate::ui is above\nlet s = \"crate::plan\";";
    assert_eq!(wrong_imports("ops/check/mod.rs", fine), [""; 0]);
    assert_eq!(wrong_imports("cli/mod.rs", "use crate::{config, graph, ops, pki, plan, sys, ui};"), [""; 0]);
}

// Size and manners.

#[test]
fn every_file_says_what_it_is() {
    let silent = rust("xtask").into_iter().filter(|(_, text)| !text.starts_with("//! "));
    none(silent.map(|(name, _)| name), "open these files with `//!`: what it does, and what it does not know:");
}

#[test]
fn files_and_functions_stay_short() {
    let mut complaints = Vec::new();
    for (name, text) in rust("xtask") {
        let lines = text.lines().count();
        if lines > HARD_LINES {
            complaints.push(format!("{name}: {lines} lines, at most {HARD_LINES}: split it by concern"));
        } else if lines > SOFT_LINES {
            println!("note: {name} has {lines} lines; beyond {SOFT_LINES} look for a seam");
        }
        complaints.extend(long_functions(&name, &text));
    }
    none(complaints, "too long to be read at once:");
}

fn long_functions(name: &str, text: &str) -> Vec<String> {
    let functions = scan::functions(&scan::code_only(text)).into_iter();
    let long = functions.filter(|function| function.length > FUNCTION_LINES);
    long.map(|f| format!("{name}:{}: `{}` has {} lines, at most {FUNCTION_LINES}", f.line, f.name, f.length)).collect()
}

#[test]
fn the_length_rule_has_teeth() {
    let body = |lines: usize| format!("//! x\nfn f() {{\n{}}}\n", "    // }\n".repeat(lines - 2));
    assert_eq!(long_functions("a.rs", &body(60)), [""; 0]);
    assert_eq!(long_functions("a.rs", &body(61)), ["a.rs:2: `f` has 61 lines, at most 60"]);
}

// What never enters.

/// Put together here so that this file does not break its own rule.
fn forbidden() -> Vec<String> {
    [["#[", "ignore"], ["to", "do!("], ["unimple", "mented!("], ["FIX", "ME"], ["allow(dead", "_code"]]
        .map(|parts| parts.concat())
        .to_vec()
}

fn unfinished(name: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let hits = lines.filter(|(_, line)| forbidden().iter().any(|word| line.contains(word.as_str())));
    hits.map(|(index, line)| format!("{name}:{}: {}", index + 1, line.trim())).collect()
}

#[test]
fn nothing_is_unfinished_or_silenced() {
    none(rust("xtask").iter().flat_map(|(name, text)| unfinished(name, text)), "finish it or take it out:");
    for word in forbidden() {
        assert_eq!(unfinished("a.rs", &format!("fn f() {{}}\n    {word}")).len(), 1, "{word}");
    }
}

/// Lines that are a PEM header of a private key with key material below: a key, not a word about keys.
fn private_keys(text: &str) -> Vec<usize> {
    let header = |line: &str| line.trim().starts_with("-----BEGIN ") && line.trim().ends_with("PRIVATE KEY-----");
    let material = |line: &str| {
        let line = line.trim();
        line.len() >= 40 && line.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
    };
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).enumerate();
    pairs.filter(|(_, pair)| header(pair[0]) && material(pair[1])).map(|(index, _)| index + 1).collect()
}

#[test]
fn the_repository_holds_no_private_key() {
    let found = files("").into_iter().flat_map(|(name, path)| {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        private_keys(&text).into_iter().map(move |line| format!("{name}:{line}"))
    });
    none(found, "private keys belong below artifacts/, which git ignores:");
    let key = format!("x\n-----BEGIN {} KEY-----\n{}\n", "PRIVATE", "Ab1/".repeat(16));
    assert_eq!(private_keys(&key), [2]);
    assert_eq!(private_keys("-----BEGIN CERTIFICATE-----\nAb1/\n"), [0; 0]);
}

// Values of one cluster.

/// Ports that Kubernetes itself fixes: a default may repeat them, and the source may know them.
const WELL_KNOWN: [&str; 1] = ["10250"]; // the kubelet, on every node

/// Values of `KEY=VALUE` lines that only one cluster has: names of nodes, addresses, ranges, versions, ports.
fn values(defaults: &str) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    for (key, value) in defaults.lines().filter_map(|line| line.trim_start_matches("export ").split_once('=')) {
        let words = value.split(" #").next().unwrap_or_default().trim_matches(['"', '\'', ' ']);
        let words = words.split([' ', ',']).filter(|word| !word.is_empty());
        let of_one_cluster = |word: &&str| {
            let numbers = word.split(['.', '/']).all(|part| part.parse::<u32>().is_ok());
            let name = key.ends_with("_NAMES") || key.ends_with("CLUSTER_NAME");
            let port = key.contains("PORT") && numbers && !WELL_KNOWN.contains(word);
            name || port || (numbers && word.contains('.'))
        };
        values.extend(words.filter(of_one_cluster).map(String::from));
    }
    values
}

/// Code that holds such a value, or an address out of such a range. Prose may give examples, and tests of the code may
/// need them; names may not be anywhere, because a name in an example is the one that ends up in the code.
fn held_values(name: &str, text: &str, values: &BTreeSet<String>) -> Vec<String> {
    let ranges: Vec<Cidr> = values.iter().filter_map(|value| value.parse().ok()).collect();
    let is_name = |word: &str| word.starts_with(char::is_alphabetic);
    let in_range = |word: &str| word.parse().is_ok_and(|address| ranges.iter().any(|range| range.contains(address)));
    let held = |word: &&str| values.contains(*word) || in_range(word);
    let marker = text.lines().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(usize::MAX);
    let first_test_line = if name.ends_with("/tests.rs") { 0 } else { marker };
    let mut hits = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let prose = line.trim_start().starts_with(['/', '#']) || index >= first_test_line;
        // Dots, slashes and hyphens are inside of what we look for; a sentence's full stop is not.
        let words = line.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '-' | '/'));
        let words = words.map(|word| word.trim_matches(['.', '/']));
        let word = words.filter(|word| !prose || is_name(word)).find(held);
        hits.extend(word.map(|word| format!("{name}:{}: `{word}`: {}", index + 1, line.trim())));
    }
    hits
}

#[test]
fn no_value_of_one_cluster_is_in_the_source() {
    let Ok(defaults) = std::fs::read_to_string(root().join("xtask/src/config/defaults.env")) else {
        eprintln!("SKIPPED: there is no xtask/src/config/defaults.env to read the values from");
        return;
    };
    let values = values(&defaults);
    assert!(values.len() > 5, "the defaults hold names, addresses and ports: {values:?}");
    let sources = files("xtask/src").into_iter().chain(files("nix"));
    let sources = sources.filter(|(name, _)| has_extension(name, &["rs", "nix"]));
    let hits = sources.flat_map(|(name, path)| held_values(&name, &std::fs::read_to_string(path).unwrap(), &values));
    none(hits, "names, addresses, ports and versions come from the configuration:");
}

#[test]
fn the_value_rule_has_teeth() {
    let lines = ["CLUSTER_NAME=acme", "export WORKER_NAMES=\"bee wasp\" # two", "DNS=10.9.0.3", "PODS=10.8.0.0/16"];
    let values = values(&[&lines[..], &["SSH_PORT=4422", "CPUS=2"]].concat().join("\n"));
    assert_eq!(
        values.iter().map(String::as_str).collect::<Vec<_>>(),
        ["10.8.0.0/16", "10.9.0.3", "4422", "acme", "bee", "wasp"]
    );
    let held = |text: &str| held_values("a.rs", text, &values).len();
    assert_eq!(held("let dns = \"10.9.0.3\";\nlet port = 4422;\n// the bee\n"), 3);
    assert_eq!(held("let gateway = \"10.8.3.1\";"), 1, "an address of that range");
    assert_eq!(held("let link_local = \"169.254.0.1\";"), 0);
    assert_eq!(held("// such as 10.9.0.3\nlet beeline = 44221;\n#[cfg(test)]\nlet port = 4422;\n"), 0);
    assert_eq!(held("#[cfg(test)]\nlet name = \"wasp\";\n"), 1);
}

// Documentation.

/// Targets of relative links outside of fenced blocks, with their lines.
fn relative_links(markdown: &str) -> Vec<(usize, String)> {
    let (mut fenced, mut links) = (false, Vec::new());
    for (index, line) in markdown.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '#']).next());
        let relative = targets.filter(|target| !fenced && !target.is_empty() && !target.contains(':'));
        links.extend(relative.map(|target| (index + 1, target.to_string())));
    }
    links
}

#[test]
fn links_in_the_documentation_lead_somewhere() {
    let documents = files("").into_iter().filter(|(name, _)| name == "README.md" || name.starts_with("docs/"));
    let mut broken = Vec::new();
    for (name, path) in documents.filter(|(name, _)| Path::new(name).extension().is_some_and(|e| e == "md")) {
        let links = relative_links(&std::fs::read_to_string(&path).unwrap());
        let dead = links.into_iter().filter(|(_, target)| !path.parent().unwrap().join(target).exists());
        broken.extend(dead.map(|(line, target)| format!("{name}:{line}: {target}")));
    }
    none(broken, "these links lead nowhere:");
    let text = "[a](docs/a.md#part) ![b](b.svg \"t\") [c](https://c) [d](#d)\n```\n[e](e)\n```\n";
    assert_eq!(relative_links(text), [(1, "docs/a.md".to_string()), (1, "b.svg".to_string())]);
}
