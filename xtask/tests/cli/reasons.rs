//! What the program says about what it would do: the exact field, old and new, and not a byte changed on disk.

use std::collections::BTreeSet;

use serde_json::Value;

use super::repo::Repo;
use super::zoo::{ZOO, certs, configs, everything};

fn made() -> Repo {
    let repo = Repo::new(ZOO);
    repo.pki(&[]);
    repo
}

/// Runs something that may look and must not touch.
fn look(repo: &Repo, args: &[&str]) -> String {
    let before = repo.snapshot();
    let text = repo.ok(args);
    assert_eq!(repo.snapshot(), before, "{args:?} changed something");
    text
}

#[test]
fn looking_at_nothing_makes_nothing() {
    let repo = Repo::new(ZOO);
    for args in [
        &["pki", "--dry-run"][..],
        &["pki", "--force", "--dry-run"],
        &["explain", "pki"],
        &["pki", "--show"],
        &["pki", "--show", "--json"],
        &["config"],
        &["tasks"],
        &["graph"],
        &["clean", "--dry-run"],
        &["clobber", "--dry-run"],
        &["all", "--dry-run"],
    ] {
        look(&repo, args);
    }
    let said = look(&repo, &["pki", "--dry-run"]);
    assert!(said.ends_with("25 of 25 tasks would run\n"), "{said}");
}

#[test]
fn a_changed_value_is_shown_with_its_field_old_and_new() {
    let repo = made();
    assert_eq!(look(&repo, &["pki", "--dry-run"]), "0 of 25 tasks would run\n");
    repo.set("CERT_DAYS", "300");
    let said = look(&repo, &["explain", "pki/bee"]);
    assert_eq!(said, "pki/ca  up to date\npki/bee\n    config days: 365 → 300\n1 of 2 tasks would run\n");
    let said = look(&repo, &["pki", "--dry-run"]);
    assert!(said.contains("kubeconfig/bee\n    only if pki/bee makes something new\n"), "{said}");
    assert!(said.ends_with("19 of 25 tasks would run (6 of them only if what they read changes)\n"), "{said}");
    repo.set("CERT_DAYS", "365");
    repo.set("K8S_CLUSTER_DOMAIN", "zoo.example");
    let said = look(&repo, &["explain", "pki"]);
    let old = said.lines().find(|line| line.trim_start().starts_with("was ")).unwrap();
    let new = said.lines().find(|line| line.trim_start().starts_with("is ")).unwrap();
    assert!(old.contains("DNS:kubernetes.default.svc.cluster.local,"), "{said}");
    assert!(new.contains("DNS:kubernetes.default.svc.zoo.example,"), "{said}");
    assert!(said.contains("pki/kubernetes\n    config names\n"), "{said}");
}

#[test]
fn a_touched_output_is_named() {
    let repo = made();
    repo.delete("pki/admin.pem");
    let said = look(&repo, &["pki", "--dry-run"]);
    assert!(said.contains("pki/admin\n    output artifacts/zoo/pki/admin.pem is gone\n"), "{said}");
    repo.pki(&[]);
    repo.replace("kubeconfig/bee.kubeconfig", "mine\n");
    let said = look(&repo, &["pki", "--dry-run"]);
    let line = said.lines().nth(1).unwrap();
    let (what, hashes) = line.trim().split_once(": ").unwrap();
    assert_eq!(what, "output artifacts/zoo/kubeconfig/bee.kubeconfig was changed by somebody");
    assert!(hashes.split(" → ").count() == 2, "{hashes}");
}

#[test]
fn explain_while_running_tells_and_runs() {
    let repo = made();
    repo.set("NET_MODE", "user");
    let said = repo.ok(&["pki", "--explain"]);
    assert!(said.contains("config server: https://172.20.0.10:7443 → https://172.19.0.2:7443"), "{said}");
    repo.pki(&[]).made_nothing();
}

#[test]
fn reasons_are_data_too() {
    let repo = made();
    repo.set("CERT_DAYS", "300");
    let said = look(&repo, &["explain", "pki/bee", "--json"]);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bee = lines.iter().find(|line| line["task"] == "pki/bee").unwrap();
    assert_eq!(bee["event"], "explained");
    let change = serde_json::json!([{"kind": "config", "key": "days", "old": "365", "new": "300"}]);
    assert_eq!((&bee["reason"]["why"], &bee["reason"]["changes"]), (&Value::from("changed"), &change));
    assert_eq!(lines.iter().find(|line| line["task"] == "pki/ca").unwrap()["reason"], Value::Null);
}

#[test]
fn the_graph_is_drawn_and_every_path_in_it_is_there_afterwards() {
    let repo = made();
    let tasks = repo.json(&["graph", "--format", "json", "pki"]);
    let tasks = tasks.as_array().unwrap();
    let names: BTreeSet<&str> = tasks.iter().map(|task| task["name"].as_str().unwrap()).collect();
    let mut outputs = BTreeSet::new();
    for task in tasks {
        for path in task["outputs"].as_array().unwrap().iter().chain(task["inputs"].as_array().unwrap()) {
            let path = repo.root().join(path.as_str().unwrap());
            assert!(path.is_file(), "{}", path.display());
            outputs.insert(path);
        }
        assert!(task["after"].as_array().unwrap().iter().all(|name| names.contains(name.as_str().unwrap())));
    }
    for dir in ["pki", "kubeconfig", "ssh"] {
        for name in repo.bytes(dir).into_keys() {
            assert!(outputs.contains(&repo.at(&format!("{dir}/{name}"))), "no task makes {dir}/{name}");
        }
    }
    let built: BTreeSet<String> =
        tasks.iter().filter(|task| task["kind"] == "build").map(|task| task["name"].as_str().unwrap().into()).collect();
    assert_eq!(built, everything());
    let part = repo.json(&["graph", "kubeconfig/bee", "--json"]);
    let part: BTreeSet<String> =
        part.as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap().into()).collect();
    assert_eq!(part, &certs(&["ca", "bee"]) | &configs(&["bee"]));
    let dot = repo.ok(&["graph"]);
    assert!(dot.starts_with("digraph tasks {") && dot.ends_with("}\n"), "{dot}");
    assert!(dot.contains("\"pki/ca\" -> \"pki/bee\";"), "{dot}");
    let mermaid = repo.ok(&["graph", "--format", "mermaid", "pki/bee"]);
    assert_eq!(mermaid.lines().count(), 4, "{mermaid}");
}

#[test]
fn tasks_are_listed_for_people_and_programs() {
    let repo = Repo::new(ZOO);
    let document = repo.json(&["tasks", "--json"]);
    let verbs: Vec<&str> = document["verbs"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert!(verbs.contains(&"pki") && verbs.contains(&"clobber"), "{verbs:?}");
    let text = repo.ok(&["tasks"]);
    for name in everything() {
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(&name)), "{name}");
    }
}

#[test]
fn the_trace_holds_what_ran() {
    let repo = Repo::new(ZOO);
    let output = repo.run(&["trace"]);
    assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{output:?}");
    assert!(output.stderr.contains("no trace yet"), "{}", output.stderr);
    repo.pki(&[]);
    repo.delete("pki/bee.pem");
    repo.pki(&[]);
    repo.pki(&[]).made_nothing();
    let trace = repo.json(&["trace", "--json"]);
    let spans = trace["traceEvents"].as_array().unwrap();
    let names: BTreeSet<String> = spans.iter().map(|span| span["name"].as_str().unwrap().into()).collect();
    assert_eq!(names, &certs(&["bee"]) | &configs(&["bee"]), "that of the last run that did something");
    for span in spans {
        assert_eq!(span["ph"], "X");
        assert!(["ts", "dur", "pid", "tid"].iter().all(|key| span[key].is_u64()), "{span}");
    }
    let said = repo.ok(&["trace", "--output", "mine.json"]);
    assert!(said.starts_with("mine.json: "), "{said}");
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(repo.root().join("mine.json")).unwrap()).unwrap(), trace);
}
