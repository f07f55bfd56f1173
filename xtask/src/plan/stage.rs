//! What each node is made from, as tasks: its facts, and the bundle that the installer carries in.
//!
//! The facts of a node are its slice of the configuration, value by value, so that a change of `cluster.env` restages
//! exactly the nodes that it is about, and can be named.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::facts::credentials;
use super::{Basis, relative};
use crate::config::{Cluster, Node};
use crate::facts::{self, Extras, Facts, SSH_HOST_KEY};
use crate::graph::Task;
use crate::nix::{Entry, lay_out, pack};
use crate::pki::ssh;
use crate::sys::fs::{Access, write_atomic};

/// Raise it when the same facts should be written in another way.
const FACTS: &str = "1";
const BUNDLE: &str = "1";

/// What of `nix/` goes into a machine; the rest is for people and for tests.
const MODULES: [&str; 4] = ["default.nix", "lib/**/*.nix", "modules/**/*.nix", "roles/**/*.nix"];
/// What NixOS reads first.
const ENTRY: &str =
    "# Made for this node: its modules, and its facts beside them.\nimport ./default.nix { facts = ./facts.json; }\n";
/// Directories of the bundle.
const NIXOS: &str = "nixos";
const PKI: &str = "pki";
const SSH: &str = "ssh";

/// The name of the task that stages a node.
pub fn stage_task(node: &str) -> String {
    format!("stage/{node}")
}

/// Every task of this chapter.
pub(super) fn tasks(basis: &Basis) -> Vec<Task<'static>> {
    let mut all = Task::group("stage").doc("the bundle of every node");
    let mut tasks = Vec::new();
    for node in &basis.cluster.nodes {
        all = all.after(stage_task(&node.name));
        tasks.push(facts_of(basis, node));
        tasks.push(stage(basis, node));
    }
    tasks.push(all);
    tasks
}

/// Where the facts of a node lie.
fn facts_file(basis: &Basis, node: &str) -> PathBuf {
    basis.layout.facts().join(format!("{node}.json"))
}

fn facts_of(basis: &Basis, node: &Node) -> Task<'static> {
    let doc = format!("everything that NixOS may know of `{}`", node.name);
    let mut task = Task::build(format!("facts/{}", node.name)).doc(doc).version(FACTS);
    let known = Facts::of(&basis.cluster, node, &known_extras(basis, node));
    let mut values = Vec::new();
    flatten("", &serde_json::to_value(&known).expect("BUG: facts are plain data"), &mut values);
    for (key, value) in values {
        task = task.config(key, value);
    }
    task = task.input(relative(&basis.layout, &user_key(basis)));
    if let Some(path) = &basis.cluster.proxy.extra_ca {
        task = task.input(relative(&basis.layout, path));
    }
    let file = facts_file(basis, &node.name);
    task = task.output(relative(&basis.layout, &file));
    let (basis, node) = (basis.clone(), node.clone());
    task.action(move |_| {
        let text = document(&basis, &node, &fs_err::read_to_string(user_key(&basis))?)?;
        write_atomic(&file, text.as_bytes(), Access::Public)
    })
}

/// The facts of a node, as far as they are known: before the ssh key is made another word stands in its place, which is
/// good for evaluating and not for installing.
pub fn draft(basis: &Basis, node: &Node) -> Result<String> {
    let made = user_key(basis);
    let key =
        if made.is_file() { fs_err::read_to_string(made)? } else { "ssh-ed25519 there-is-no-key-yet".to_string() };
    document(basis, node, &key)
}

/// The facts of a node with all that is read from files.
fn document(basis: &Basis, node: &Node, key: &str) -> Result<String> {
    let mut extras = known_extras(basis, node);
    extras.authorized_keys = vec![key.trim_end().to_string()];
    if let Some(path) = &basis.cluster.proxy.extra_ca {
        let text = fs_err::read_to_string(path)?;
        extras.authorities = facts::certificates(&text).with_context(|| format!("`{}`", path.display()))?;
    }
    Ok(Facts::of(&basis.cluster, node, &extras).to_json())
}

/// The public key that opens the nodes.
fn user_key(basis: &Basis) -> PathBuf {
    basis.layout.ssh().join(ssh::public(ssh::USER_KEY))
}

fn known_extras(basis: &Basis, node: &Node) -> Extras {
    let mut extras = Extras::bare(basis.architecture);
    extras.credentials = credentials(&basis.cluster, node);
    extras
}

/// Every value of a document by its path.
fn flatten(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
    let below = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
    match value {
        Value::Object(set) if !set.is_empty() => {
            set.iter().for_each(|(name, value)| flatten(&below(name), value, into));
        }
        // A list of plain values is one value: `a, b` to `a, b, c` reads better than a third one that is new.
        Value::Array(list) if list.iter().any(|item| item.is_object() || item.is_array()) => {
            list.iter().enumerate().for_each(|(n, value)| flatten(&below(&n.to_string()), value, into));
        }
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(plain).collect();
            into.push((path.to_string(), items.join(", ")));
        }
        other => into.push((path.to_string(), plain(other))),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

fn stage(basis: &Basis, node: &Node) -> Task<'static> {
    let layout = &basis.layout;
    let doc = format!("everything that `{}` is installed from", node.name);
    let mut task = Task::build(stage_task(&node.name)).doc(doc).version(BUNDLE);
    for pattern in MODULES {
        let pattern = glob::Pattern::new(pattern).expect("BUG: the patterns are constants");
        task = task.glob(relative(layout, &layout.nix()), pattern);
    }
    task = task.input(relative(layout, &facts_file(basis, &node.name)));
    for credential in credentials(&basis.cluster, node) {
        task = task.input(relative(layout, &credential_file(basis, &credential.file)));
    }
    for (file, _) in ssh::files(ssh::HOST_KEY) {
        task = task.input(relative(layout, &layout.host_keys(&node.name).join(file)));
    }
    let (dir, archive) = (layout.stage().join(&node.name), archive_file(basis, &node.name));
    task = task.output_dir(relative(layout, &dir)).output_secret(relative(layout, &archive));
    let (basis, node) = (basis.clone(), node.clone());
    task.action(move |_| {
        let entries = entries(&basis, &node)?;
        lay_out(&dir, &entries)?;
        pack(&archive, &entries)
    })
}

/// The archive that the installer carries into a node.
fn archive_file(basis: &Basis, node: &str) -> PathBuf {
    basis.layout.stage().join(format!("{node}.tar"))
}

/// Where a file of credentials lies on this host.
fn credential_file(basis: &Basis, name: &str) -> PathBuf {
    let kubeconfig = Path::new(name).extension().is_some_and(|kind| kind == "kubeconfig");
    let dir = if kubeconfig { basis.layout.kubeconfig() } else { basis.layout.pki() };
    dir.join(name)
}

fn entries(basis: &Basis, node: &Node) -> Result<Vec<Entry>> {
    let mut entries = vec![Entry::public(format!("{NIXOS}/configuration.nix"), ENTRY)];
    for path in modules(&basis.layout.nix())? {
        let below = path.strip_prefix(basis.layout.nix()).unwrap_or(&path).to_string_lossy().into_owned();
        entries.push(Entry::public(format!("{NIXOS}/{below}"), fs_err::read(path)?));
    }
    let facts = facts_file(basis, &node.name);
    entries.push(Entry::public(format!("{NIXOS}/facts.json"), fs_err::read(facts)?));
    for file in facts::Installed::of(&credentials(&basis.cluster, node)) {
        entries.push(Entry {
            path: format!("{PKI}/{}", file.name),
            mode: file.permissions(),
            content: fs_err::read(credential_file(basis, &file.name))?,
            owner: file.owner,
            group: file.group,
        });
    }
    let key = Path::new(SSH_HOST_KEY).file_name().unwrap_or_default().to_string_lossy().into_owned();
    for ((from, access), to) in ssh::files(ssh::HOST_KEY).into_iter().zip([key.clone(), ssh::public(&key)]) {
        let content = fs_err::read(basis.layout.host_keys(&node.name).join(from))?;
        entries.push(Entry { mode: access.mode(), ..Entry::public(format!("{SSH}/{to}"), content) });
    }
    Ok(entries)
}

/// The modules that go into a machine, in order.
fn modules(dir: &Path) -> Result<Vec<PathBuf>> {
    let patterns: Vec<glob::Pattern> = MODULES.iter().filter_map(|p| glob::Pattern::new(p).ok()).collect();
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::default() };
    let mut paths = Vec::new();
    // Links are followed, as the graph follows them where it decides whether something changed.
    for entry in walkdir::WalkDir::new(dir).follow_links(true).sort_by_file_name() {
        let entry = entry.with_context(|| format!("cannot list `{}`", dir.display()))?;
        let below = entry.path().strip_prefix(dir).unwrap_or(entry.path());
        if entry.file_type().is_file() && patterns.iter().any(|p| p.matches_path_with(below, options)) {
            paths.push(entry.into_path());
        }
    }
    Ok(paths)
}

/// The nodes of a cluster by these names, or all of them.
///
/// # Errors
/// A name that no node has.
pub fn nodes_named<'c>(cluster: &'c Cluster, names: &[String]) -> Result<Vec<&'c Node>, String> {
    if names.is_empty() {
        return Ok(cluster.nodes.iter().collect());
    }
    let all: Vec<&str> = cluster.nodes.iter().map(|node| node.name.as_str()).collect();
    let find = |name: &String| {
        cluster.node(name).ok_or_else(|| format!("there is no node `{name}`; there are {}", all.join(", ")))
    };
    names.iter().map(find).collect()
}
