//! containerd reads the configuration of every worker: it knows each key, and takes each value as it is meant.
//!
//! What it says of a file is the whole configuration that comes of it. What it does with it is not tried.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;

use crate::command::Command;
use crate::daemon::Daemon;
use crate::fixtures::FIXTURES;
use crate::instantiate::have_nix;
use crate::site::Site;
use crate::tools;

const FILE: &str = "/etc/containerd/config.toml";

/// Every value of a document, by the path that leads to it.
fn leaves(document: &str) -> BTreeMap<Vec<String>, Value> {
    fn collect(value: Value, path: &[String], found: &mut BTreeMap<Vec<String>, Value>) {
        match value {
            Value::Table(table) => {
                for (key, value) in table {
                    collect(value, &[path, &[key]].concat(), found);
                }
            }
            other => drop(found.insert(path.to_vec(), other)),
        }
    }
    let mut found = BTreeMap::new();
    collect(Value::Table(document.parse().unwrap()), &[], &mut found);
    found
}

/// What the program says to a question about its configuration, and what it says about the configuration.
fn answer(programs: &Path, command: &Command, question: &str, place: &Path) -> (String, Vec<String>) {
    let daemon = Daemon::start(programs, &command.clone().and("config").and(question), place);
    let status = daemon.end();
    let said = daemon.said();
    assert!(status.success(), "{said}");
    let (warnings, document): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with("time="));
    (document.join("\n"), warnings.into_iter().map(String::from).collect())
}

/// Everything that it has against a configuration.
fn objections(programs: &Path, command: &Command, text: &str, place: &Path) -> Vec<String> {
    let (known, _) = answer(programs, command, "default", place);
    let (taken, mut found) = answer(programs, command, "dump", place);
    let (known, taken) = (leaves(&known), leaves(&taken));
    for (key, value) in leaves(text) {
        // It takes over what stands under the name of a plugin or a runtime that it does not know.
        if !known.contains_key(&key) {
            found.push(format!("{} is no key that it knows", key.join(".")));
        } else if taken.get(&key) != Some(&value) {
            found.push(format!("{} should be {value:?}, and it is {:?}", key.join("."), taken.get(&key)));
        }
    }
    found
}

#[test]
fn every_worker_has_a_configuration_that_containerd_understands() {
    let (true, Some(programs)) = (have_nix(), tools::programs("containerd")) else { return };
    let mut judged = 0;
    for fixture in FIXTURES {
        let mut site = Site::of(fixture);
        let names: Vec<String> = site.cluster.workers().map(|node| node.name.clone()).collect();
        for name in names {
            let machine = site.node(&name);
            let command = site.command(&machine, "containerd").unwrap();
            let text = fs_err::read_to_string(machine.path(FILE)).unwrap();
            let found = objections(&programs, &command, &text, &machine.path("/"));
            assert!(found.is_empty(), "{}/{name}: {}", fixture.name, found.join("\n"));
            judged += 1;
        }
    }
    assert!(judged >= FIXTURES.len(), "only {judged} workers");
}

#[test]
fn what_containerd_would_ignore_is_found() {
    let Some(programs) = tools::programs("containerd") else { return };
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("config.toml");
    let arguments = vec![format!("--config={}", file.display())];
    let command = Command { program: "containerd".into(), arguments, environment: BTreeMap::new() };
    let runtime = "[plugins.\"io.containerd.cri.v1.runtime\".containerd";
    for (wrong, word) in [
        ("colour = 1".to_string(), "colour"),
        ("[plugins.\"io.containerd.cri.v1.image\"]\nsnapshotter = \"overlayfs\"".to_string(), "no key that it knows"),
        (format!("{runtime}]\ndefault_runtime = \"runc\""), "default_runtime"),
        (format!("{runtime}.runtimes.runc.options]\nSystemdCgroups = true"), "no key that it knows"),
    ] {
        let text = format!("version = 3\n{wrong}\n");
        xtask::sys::fs::write_atomic(&file, text.as_bytes(), xtask::sys::fs::Access::Public).unwrap();
        let found = objections(&programs, &command, &text, place.path()).join("\n");
        assert!(found.contains(word), "`{word}` is not in: {found}");
    }
}
