//! Where things are and where values come from: odd paths, several clusters, the environment, mistakes.

use serde_json::Value;

use super::openssl::{have, openssl};
use super::repo::{Repo, XTASK};
use super::zoo::{ZOO, certs, configs, everything};

#[test]
fn a_path_may_hold_blanks_quotes_and_letters_of_any_language() {
    let repo = Repo::below("mein Ordner/été \"日本\" $HOME", ZOO);
    repo.pki(&[]).made_only(everything());
    repo.pki(&[]).made_nothing();
    repo.pki(&["--force"]).made_only(everything());
    assert!(repo.ok(&["graph"]).contains("pki/ca"));
    assert_eq!(repo.run(&["clobber", "--yes"]).stderr, "removed artifacts/zoo\n");
}

#[test]
fn it_runs_from_below_and_the_file_is_found_where_the_user_stands() {
    let repo = Repo::new(ZOO);
    std::fs::create_dir(repo.root().join("docs")).unwrap();
    repo.write("docs/other.env", ZOO.replace("zoo", "pond"));
    let below = repo.root().join("docs");
    let run = |args: &[&str]| repo.program(&below, XTASK, args).run().unwrap().status.success();
    assert!(run(&["-q", "pki"]) && repo.at("pki/ca.pem").exists());
    assert!(run(&["-q", "--env-file", "other.env", "pki"]) && repo.root().join("artifacts/pond/pki/ca.pem").exists());
}

#[test]
fn clusters_live_side_by_side() {
    let repo = Repo::new(ZOO);
    repo.pki(&[]);
    let before = repo.bytes("pki");
    repo.write("pond.env", ZOO.replace("CLUSTER_NAME=zoo", "CLUSTER_NAME=pond").replace("bee wasp", "frog"));
    let pond = repo.tasks(&["--env-file", "pond.env", "pki"]);
    let workers = ["bee", "wasp"];
    let gone = &certs(&workers) | &configs(&workers);
    pond.made_only(&(&everything() - &gone) | &(&certs(&["frog"]) | &configs(&["frog"])));
    assert_eq!(repo.bytes("pki"), before);
    repo.pki(&[]).made_nothing();
    repo.tasks(&["--env-file", "pond.env", "pki"]).made_nothing();
    if have("openssl", &["version"]) {
        let foreign = repo.root().join("artifacts/pond/pki/frog.pem");
        assert!(!openssl(&repo, &["verify", "-no-CApath", "-CAfile", "ca.pem", foreign.to_str().unwrap()]).0);
    }
    repo.ok(&["--env-file", "pond.env", "clobber", "--yes"]);
    assert_eq!(repo.bytes("pki"), before);
}

#[test]
fn the_environment_wins_over_the_file_and_is_named_as_the_origin() {
    let repo = Repo::new(ZOO).with("WORKER_NAMES", "bee wasp ant").with("CERT_DAYS", "77");
    let run = repo.pki(&[]);
    assert!(run.made.is_superset(&configs(&["ant"])));
    let shown = repo.json(&["pki", "--show", "--json"]);
    let ant = shown.as_array().unwrap().iter().find(|row| row["name"] == "ant").unwrap();
    assert_eq!(ant["days_left"], 76);
    let repo = repo.with("WORKER_NAMES", "bee WASP");
    let output = repo.run(&["pki"]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("in the environment: WORKER_NAMES=bee WASP"), "{}", output.stderr);
}

#[test]
fn mistakes_in_the_file_are_shown_with_line_and_column_and_exit_with_2() {
    let repo = Repo::new(ZOO);
    repo.set("CERT_DAYS", "soon");
    repo.set("WORKER_NAME", "bee");
    for args in [&["pki"][..], &["config"], &["tasks"], &["check"], &["clean"], &["all"], &["explain", "pki"]] {
        let output = repo.run(args);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{args:?}: {output:?}");
        for part in ["cluster.env:12:", "`CERT_DAYS`", "cluster.env:13:1", "`WORKER_NAMES`", "2 errors"] {
            assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
        }
    }
    assert!(!repo.root().join("artifacts").exists());
    let output = repo.run(&["pki", "--json"]);
    let refused: Value = serde_json::from_str(&output.stdout).unwrap();
    let first = &refused["problems"][0];
    assert_eq!(
        (&refused["event"], &first["line"], &first["key"]),
        (&"refused".into(), &12.into(), &"CERT_DAYS".into())
    );
    std::fs::remove_file(repo.root().join("cluster.env")).unwrap();
    let output = repo.run(&["pki"]);
    assert!(output.code == 2 && output.stderr.contains("there is no environment file `cluster.env`"), "{output:?}");
}

#[test]
fn warnings_are_said_and_stop_nothing() {
    let repo = Repo::new(ZOO);
    repo.set("CONTROL_PLANE_NAMES", "lion puma");
    let output = repo.run(&["pki"]);
    assert!(output.code == 0 && output.stderr.contains("warning: 2 control planes"), "{output:?}");
    assert_eq!(repo.run(&["-q", "pki"]).stderr, "");
    // What cannot be built yet is refused by what would build it, not by what makes credentials.
    let output = repo.run(&["all"]);
    assert!(output.code == 2 && output.stderr.contains("cargo xtask pki"), "{output:?}");
}

#[test]
fn without_a_search_path_the_emulator_is_missing_and_said_so() {
    let repo = Repo::new(ZOO).with("PATH", "");
    let output = repo.run(&["check", "--json"]);
    assert_eq!(output.code, 1, "{output:?}");
    let findings: Value = serde_json::from_str(&output.stdout).unwrap();
    let qemu = findings.as_array().unwrap().iter().find(|finding| finding["id"] == "qemu").unwrap();
    assert_eq!((&qemu["state"], &qemu["need"]), (&Value::from("missing"), &Value::from("needed")));
    let output = repo.run(&["check"]);
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("This host cannot run the cluster yet"), "{}", output.stdout);
    assert!(!repo.root().join("artifacts").exists(), "a look makes nothing");
}
