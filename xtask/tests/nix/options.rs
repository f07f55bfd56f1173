//! Every option that an evaluated node sets is an option of NixOS, in the words of its manual.
//!
//! The harness refuses anything else while it evaluates; here is looked at what it goes by.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::evaluated::{Evaluated, nodes};
use crate::instantiate::{harness, have_nix};

fn extract() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(harness().join("nixos-options.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Whether an option of the extract is set in the value; `<name>` stands for any name, `*` for any item.
fn is_set(value: &Value, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    match value {
        Value::Object(set) if first.starts_with('<') => set.values().any(|value| is_set(value, rest)),
        Value::Array(list) if *first == "*" => list.iter().any(|value| is_set(value, rest)),
        Value::Object(set) => set.get(*first).is_some_and(|value| is_set(value, rest)),
        _ => false,
    }
}

#[test]
fn the_extract_has_what_is_set_and_no_more() {
    if !have_nix() {
        return;
    }
    let mut unused = extract();
    for Evaluated { node, .. } in nodes() {
        unused.retain(|path, _| !is_set(node, &path.split('.').collect::<Vec<_>>()));
    }
    assert!(unused.is_empty(), "nobody sets these: take them out of nixos-options.json:\n{unused:#?}");
}

#[test]
fn the_extract_is_sorted_and_whole() {
    let text = std::fs::read_to_string(harness().join("nixos-options.json")).unwrap();
    let again = serde_json::to_string_pretty(&extract()).unwrap() + "\n";
    assert_eq!(text, again, "keep it sorted and one option a line");
}
