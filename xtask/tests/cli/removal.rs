//! `clean` and `clobber`: what goes, what stays, and who is asked.

use serde_json::Value;
use xtask::sys::fs::{Access, create_dir, write_atomic};

use super::repo::Repo;
use super::zoo::{ZOO, everything};

/// A complete set, and things of machines beside it.
fn lived_in() -> Repo {
    let repo = Repo::new(ZOO);
    repo.pki(&[]);
    for file in ["disks/lion.qcow2", "run/lion.pid", "stage/lion.tar", "logs/x.log"] {
        create_dir(repo.at(file).parent().unwrap(), Access::Public).unwrap();
        write_atomic(&repo.at(file), b"x", Access::Public).unwrap();
    }
    repo.write("artifacts/other-cluster", "x");
    repo
}

fn left(repo: &Repo) -> Vec<String> {
    let entries = std::fs::read_dir(repo.at("")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn clean_keeps_disks_and_what_belongs_to_running_machines() {
    let repo = lived_in();
    let before = repo.snapshot();
    let plan = repo.ok(&["clean", "--dry-run"]);
    assert_eq!(repo.snapshot(), before);
    assert!(plan.contains("would remove artifacts/zoo/pki\n") && !plan.contains("disks"), "{plan}");
    let output = repo.run(&["clean"]);
    assert_eq!((output.code, output.stdout.as_str()), (0, ""));
    assert!(output.stderr.contains("removed artifacts/zoo/pki\n"), "{}", output.stderr);
    assert_eq!(left(&repo), ["disks", "run", "state"]);
    assert_eq!(repo.bytes("state").keys().collect::<Vec<_>>(), ["lock"]);
    assert!(repo.root().join("artifacts/other-cluster").exists());
    repo.pki(&[]).made_only(everything());
    repo.ok(&["-q", "clean"]);
    assert_eq!(repo.run(&["clean"]).stderr, "clean: nothing to remove\n");
}

#[test]
fn clobber_wants_to_be_sure() {
    let repo = lived_in();
    let before = repo.snapshot();
    let output = repo.run(&["clobber"]);
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.stderr.contains("artifacts/zoo") && output.stderr.contains("--yes"), "{}", output.stderr);
    assert_eq!(repo.ok(&["clobber", "--dry-run"]), "would remove artifacts/zoo\n");
    assert_eq!(repo.snapshot(), before);
    let output = repo.run(&["clobber", "--yes"]);
    assert_eq!((output.code, output.stderr.as_str()), (0, "removed artifacts/zoo\n"));
    assert!(!repo.at("").exists() && repo.root().join("artifacts/other-cluster").exists());
    assert_eq!(repo.run(&["clobber", "--yes"]).stderr, "clobber: nothing to remove\n");
    assert!(!repo.at("").exists(), "looking for something to remove made something");
}

#[test]
fn programs_are_told_as_well() {
    let repo = lived_in();
    for (args, event) in [
        (&["clean", "--dry-run", "--json"][..], "would-remove"),
        (&["clean", "--json"], "removed"),
        (&["clobber", "--yes", "--json"], "removed"),
    ] {
        let text = repo.ok(args);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!lines.is_empty() && lines.iter().all(|l| l["event"] == event && l["path"].is_string()), "{text}");
    }
}
