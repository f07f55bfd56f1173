//! The module system that stands in for nixpkgs', on cases whose right answer is known.
//!
//! It does not touch our modules.

use std::path::Path;

use serde_json::Value;

use crate::instantiate::{ask, have_nix};

/// The value of an expression.
pub(crate) fn evaluate(expression: &str) -> Result<Value, String> {
    ask(|nix| nix.evaluate(expression))
}

fn cases() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nix/cases.nix").display().to_string()
}

#[test]
fn what_has_an_answer_has_the_right_one() {
    if !have_nix() {
        return;
    }
    let found = evaluate(&format!("(import {}).answers", cases())).unwrap();
    let found = found.as_object().unwrap();
    assert!(found.len() >= 20, "only {} cases", found.len());
    for (name, case) in found {
        assert_eq!(case["is"], case["expected"], "{name}");
    }
}

#[test]
fn what_is_wrong_is_refused_in_words() {
    if !have_nix() {
        return;
    }
    let names = evaluate(&format!("builtins.mapAttrs (_: case: case.says) (import {}).refusals", cases())).unwrap();
    let names = names.as_object().unwrap();
    assert!(names.len() >= 6, "only {} cases", names.len());
    for (name, says) in names {
        let refusal = evaluate(&format!("(import {}).refusals.\"{name}\".is", cases())).expect_err(name);
        for word in says.as_array().unwrap() {
            assert!(refusal.contains(word.as_str().unwrap()), "{name}: {word} is not in\n{refusal}");
        }
    }
}
