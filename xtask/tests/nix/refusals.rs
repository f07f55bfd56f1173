//! Facts that are wrong: each ends the evaluation with a sentence that says what and where.
//!
//! It does not test right ones.

use serde_json::{Value, json};

use crate::fixtures::Fixture;
use crate::instantiate::{have_nix, node};

/// Changes the facts of a node and returns what Nix says.
fn refusal(fixture: &str, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let text = std::fs::read_to_string(Fixture::named(fixture).file(name)).unwrap();
    let mut facts: Value = serde_json::from_str(&text).unwrap();
    change(&mut facts);
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    serde_json::to_writer(&file, &facts).unwrap();
    node(file.path()).expect_err("this should not have been evaluated")
}

#[track_caller]
fn says(refusal: &str, words: &[&str]) {
    for word in words {
        assert!(refusal.contains(word), "`{word}` is not in:\n{refusal}");
    }
}

#[test]
fn a_key_that_nobody_knows() {
    if !have_nix() {
        return;
    }
    let said = refusal("default", "sigma", |facts| facts["network"]["adress"] = json!("192.0.2.1"));
    says(&said, &["there is no option `facts.network.adress`", "192.0.2.1"]);
    let said = refusal("default", "sigma", |facts| facts["nodes"] = json!(3));
    says(&said, &["there is no option `facts.nodes`"]);
}

#[test]
fn a_key_that_is_missing() {
    if !have_nix() {
        return;
    }
    let said = refusal("default", "alpha", |facts| {
        facts["etcd"].as_object_mut().unwrap().remove("token");
    });
    says(&said, &["the option `facts.etcd.token` is used and nobody defines it"]);
}

#[test]
fn a_value_of_another_type() {
    if !have_nix() {
        return;
    }
    let said = refusal("default", "sigma", |facts| facts["ports"]["api"] = json!("6443"));
    says(&said, &["the option `facts.ports.api` is not of the type `integer from 0 to 65535`", "\"6443\""]);
    let said = refusal("default", "sigma", |facts| facts["ports"]["api"] = json!(70000));
    says(&said, &["facts.ports.api", "70000"]);
    let said = refusal("default", "sigma", |facts| facts["machine"]["platform"] = json!("riscv64-linux"));
    says(&said, &["facts.machine.platform", "x86_64-linux", "riscv64-linux"]);
}

#[test]
fn a_role_that_does_not_exist() {
    if !have_nix() {
        return;
    }
    let said = refusal("default", "sigma", |facts| facts["machine"]["role"] = json!("master"));
    says(&said, &["`machine.role` of the facts is master; it must be control-plane or worker"]);
}

#[test]
fn facts_that_contradict_each_other() {
    if !have_nix() {
        return;
    }
    let said = refusal("default", "alpha", |facts| facts["ports"]["kubelet"] = json!(10250));
    says(&said, &["alpha is a control-plane: workers, and only they, run a kubelet"]);
    let said = refusal("default", "sigma", |facts| facts["pods"]["own"] = json!("10.200.0.0/24"));
    says(&said, &["sigma has pod addresses of its own", "with cilium the cluster hands them out"]);
    let said = refusal("bridge", "tug", |facts| facts["pods"]["own"] = json!(null));
    says(&said, &["tug is a worker with the bridge and has no pod addresses of its own"]);
    let said = refusal("default", "sigma", |facts| facts["network"]["peers"] = json!("eth7"));
    says(&said, &["must each name a card", "eth7 is none"]);
    let said = refusal("default", "sigma", |facts| facts["ssh"]["authorizedKeys"] = json!([]));
    says(&said, &["nobody could log in to sigma"]);
    let said = refusal("default", "alpha", |facts| facts["etcd"]["members"][0]["name"] = json!("beta"));
    says(&said, &["control planes, and only they, are members of etcd (beta)"]);
}

#[test]
fn credentials_that_nobody_delivers() {
    if !have_nix() {
        return;
    }
    let said = refusal("default", "alpha", |facts| {
        facts["pki"]["files"].as_array_mut().unwrap().retain(|file| file["name"] != "kubernetes-key.pem");
    });
    says(&said, &["alpha is not given what its programs read (`pki.files`): kubernetes-key.pem"]);
}

#[test]
fn a_value_that_would_become_two_arguments() {
    if !have_nix() {
        return;
    }
    let said = refusal("default", "alpha", |facts| facts["etcd"]["token"] = json!("two words"));
    says(&said, &["the value of --initial-cluster-token holds a blank"]);
}
