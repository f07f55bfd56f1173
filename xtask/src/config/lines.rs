//! Lines of the file that set nothing: keys that do not exist and keys that are set twice.
//!
//! Knows the names of keys and nodes, and no value.

use std::collections::BTreeMap;

use super::cluster::Role;
use super::diagnostic::{Diagnostic, Place};
use super::keys::{self, Key, Scope};
use super::lexer::Assignment;
use super::nodes::{Named, list_key};
use super::settings::Settings;
use super::suggest::{closest, either};

/// Reports every key that is set twice.
pub(super) fn report_repeated(settings: &mut Settings) {
    let mut first: BTreeMap<&str, &Assignment> = BTreeMap::new();
    for assignment in settings.assignments() {
        let Some(earlier) = first.insert(&assignment.key, assignment) else { continue };
        let mistake = Diagnostic::error(
            format!("`{}` is set twice, in line {} and in line {}", assignment.key, earlier.line, assignment.line),
            "delete one of the two lines",
        );
        settings.push(
            mistake
                .about(&assignment.key)
                .at(assignment.key_span.clone(), "set again here, and a shell would take this one")
                .see(earlier.key_span.clone(), "set here first"),
        );
    }
}

/// Looks whether keys that no shell could have are misspelt ones, and returns what was meant.
pub(super) fn mend_bad_keys(mistakes: &mut [Diagnostic]) -> Vec<&'static str> {
    let mut meant = Vec::new();
    for mistake in mistakes {
        let Some(key) = &mistake.key else { continue };
        let near = closest(key, keys::globals().map(|known| known.name));
        if !near.is_empty() && !near.contains(&key.as_str()) {
            mistake.help = did_you_mean(&near);
            meant.extend(near);
        }
    }
    meant
}

/// Reports every key that does not exist, with what was probably meant.
pub(super) fn report_unknown(settings: &mut Settings, names: &[Named]) {
    let known = known_keys(names);
    let unknown: Vec<&Assignment> =
        settings.assignments().iter().filter(|a| !known.contains_key(a.key.as_str())).collect();
    let mut about_nodes = Vec::new();
    for assignment in unknown {
        if let Some(mistake) = unknown_node(&assignment.key, names) {
            about_nodes.push((assignment, mistake));
            continue;
        }
        let near = closest(&assignment.key, known.keys().map(String::as_str));
        // What was meant has another value now than the user thinks: no rule may judge by it.
        for key in &near {
            settings.doubt(*key);
        }
        settings.push(pointing_at(assignment, unknown_key(&assignment.key, &near)));
    }
    // While a list of names is misspelt every key of its nodes looks unknown.
    if ![Role::ControlPlane, Role::Worker].into_iter().any(|role| settings.doubted(list_key(role))) {
        for (assignment, mistake) in about_nodes {
            settings.push(pointing_at(assignment, mistake));
        }
    }
}

/// Every key that can be written for these nodes.
fn known_keys(names: &[Named]) -> BTreeMap<String, &'static Key> {
    let globals = keys::globals().map(|key| (key.name.to_string(), key));
    let of_nodes = names
        .iter()
        .flat_map(|node| keys::of_nodes().filter(|key| key.fits(node.role)).map(|key| (key.of_node(&node.name), key)));
    globals.chain(of_nodes).collect()
}

fn pointing_at(assignment: &Assignment, mut mistake: Diagnostic) -> Diagnostic {
    mistake.place = Place::File(assignment.key_span.clone());
    mistake.about(&assignment.key)
}

fn did_you_mean(near: &[&str]) -> String {
    format!("did you mean {}?", either(near))
}

fn unknown_key(key: &str, near: &[&str]) -> Diagnostic {
    let help = match near {
        [] => "delete the line; docs/configuration.md has a table of all keys".to_string(),
        near => did_you_mean(near),
    };
    Diagnostic::error(format!("there is no key `{key}`"), help).labelled("unknown key")
}

/// What is wrong with a key that is one of a node, or looks very much like it.
fn unknown_node(key: &str, names: &[Named]) -> Option<Diagnostic> {
    bare_node_key(key).or_else(|| suffixed(key, names)).or_else(|| global_with_node(key, names))
}

/// A key of a node without the node.
fn bare_node_key(key: &str) -> Option<Diagnostic> {
    let known = keys::of_nodes().find(|known| known.name == key)?;
    let mistake = Diagnostic::error(
        format!("`{key}` does not say which node it is for"),
        format!("write `{}_` and the name of a node", known.name),
    );
    Some(mistake.labelled("a key of one node"))
}

/// A key of a node with a suffix that fits no node, or one of the wrong role.
fn suffixed(key: &str, names: &[Named]) -> Option<Diagnostic> {
    let (known, suffix) =
        keys::of_nodes().find_map(|known| Some((known, key.strip_prefix(known.name)?.strip_prefix('_')?)))?;
    if let Some(node) = names.iter().find(|node| known.of_node(&node.name) == key) {
        let Scope::Node(Some(role)) = known.scope else { return None };
        let mistake = Diagnostic::error(
            format!("`{}` is a {}, and `{}` is for a {role}", node.name, node.role, known.name),
            "delete the line, or name the node that is meant",
        );
        return Some(mistake.labelled(format!("not for a {}", node.role)));
    }
    let fitting: Vec<String> =
        names.iter().filter(|node| known.fits(node.role)).map(|node| node.name.replace('-', "_")).collect();
    let near = closest(suffix, fitting.iter().map(String::as_str));
    let help = match near.as_slice() {
        [] => format!("the nodes that can have it: {}", list(&fitting)),
        near => {
            let keys: Vec<String> = near.iter().map(|node| known.of_node(node)).collect();
            format!("did you mean {}? The nodes that can have it: {}", either(&keys), list(&fitting))
        }
    };
    let mistake = Diagnostic::error(format!("there is no node `{suffix}` for the key `{key}`"), help);
    Some(mistake.labelled("unknown node"))
}

/// A key of the cluster with the name of a node behind it.
fn global_with_node(key: &str, names: &[Named]) -> Option<Diagnostic> {
    let node = names.iter().find(|node| {
        let stem = key.strip_suffix(&node.name.replace('-', "_")).and_then(|stem| stem.strip_suffix('_'));
        stem.is_some_and(|stem| keys::globals().any(|known| known.name == stem))
    })?;
    let own: Vec<String> =
        keys::of_nodes().filter(|key| key.fits(node.role)).map(|key| key.of_node(&node.name)).collect();
    let mistake = Diagnostic::error(
        format!("`{key}` cannot be set for one node"),
        format!("what can be set for `{}`: {}", node.name, list(&own)),
    );
    Some(mistake.labelled("a key of the whole cluster, with a node behind it"))
}

/// So many names are shown, and the rest counted.
const SHOWN: usize = 12;

fn list(words: &[String]) -> String {
    let shown: Vec<String> = words.iter().take(SHOWN).map(|word| format!("`{word}`")).collect();
    let more = if words.len() > SHOWN { format!(" and {} more", words.len() - SHOWN) } else { String::new() };
    if shown.is_empty() { "none".to_string() } else { format!("{}{more}", shown.join(", ")) }
}
