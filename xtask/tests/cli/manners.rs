//! Streams and exit codes: results on stdout, the rest on stderr, JSON that parses, silence where it was asked for.

use serde_json::Value;

use super::repo::{Output, Repo};
use super::zoo::ZOO;

/// One run of nearly every verb, with the exit code that it must have.
const RUNS: &[(&[&str], i32)] = &[
    (&[], 0),
    (&["--help"], 0),
    (&["trace"], 1),
    (&["pki", "--dry-run"], 0),
    (&["pki", "--explain"], 0),
    (&["pki", "-v"], 0),
    (&["pki", "--show"], 0),
    (&["config"], 0),
    (&["tasks"], 0),
    (&["graph"], 0),
    (&["explain", "all"], 0),
    (&["trace"], 0),
    (&["all"], 0),
    (&["pik"], 2),
    (&["run", "nothing"], 2),
    (&["clobber"], 2),
    (&["clean"], 0),
];

#[test]
fn without_a_terminal_nothing_is_coloured_and_exit_codes_are_as_documented() {
    for colour in [None, Some(("NO_COLOR", "1"))] {
        let repo = Repo::new(ZOO);
        let repo = colour.into_iter().fold(repo, |repo, (key, value)| repo.with(key, value));
        for (args, code) in RUNS {
            let Output { code: seen, stdout, stderr } = repo.run(args);
            assert_eq!(seen, *code, "{args:?}: {stderr}");
            assert!(!stdout.contains('\x1b') && !stderr.contains('\x1b'), "{args:?}: {stdout}{stderr}");
            for line in stdout.lines().chain(stderr.lines()) {
                assert!(!line.ends_with(' '), "{args:?}: blanks at the end of `{line}`");
            }
        }
    }
}

#[test]
fn quiet_is_quiet_on_success_and_only_then() {
    let repo = Repo::new(ZOO);
    for args in [&["pki"][..], &["pki"], &["pki", "--force"], &["pki", "--renew=all"], &["all"], &["clean"], &["clean"]]
    {
        let output = repo.run(&[&["-q"], args].concat());
        assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (0, "", ""), "{args:?}");
    }
    repo.pki(&[]);
    repo.replace("pki/encryption-config.yaml", "");
    let output = repo.run(&["-q", "pki"]);
    assert!(output.code == 1 && output.stderr.contains("encryption"), "{output:?}");
}

#[test]
fn every_json_output_parses() {
    let repo = Repo::new(ZOO);
    for args in [
        &["--json", "pki"][..],
        &["--json", "pki"],
        &["--json", "pki", "--dry-run", "--force"],
        &["--json", "pki", "--explain", "--force"],
        &["--json", "run", "ssh-key"],
        &["--json", "explain", "pki"],
        &["--json", "all"],
    ] {
        let text = repo.ok(args);
        assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["event"].is_string()), "{text}");
        assert!(!text.is_empty());
    }
    let documents = [&[][..], &["pki", "--show"], &["config"], &["tasks"], &["graph"], &["trace"], &["test", "--list"]];
    for args in documents {
        repo.json(&[&["--json"], args].concat());
    }
}

#[test]
fn a_failure_names_the_task_the_file_and_the_log_and_what_was_not_started() {
    let repo = Repo::new(ZOO);
    repo.pki(&[]);
    repo.replace("pki/encryption-config.yaml", "x");
    repo.set("CERT_DAYS", "100");
    let run = repo.tasks(&["pki", "-j1"]);
    assert_eq!((run.code, run.failed.len()), (1, 1));
    let output = repo.run(&["encryption"]);
    assert!(output.stderr.starts_with("failed  encryption"), "{}", output.stderr);
    assert!(output.stderr.contains("logs/encryption.log") && output.stderr.ends_with("ms)\n"), "{}", output.stderr);
    assert!(repo.at("logs/encryption.log").is_file());
}

#[test]
fn jobs_do_not_change_what_comes_out() {
    for jobs in ["-j1", "-j2", "-j64"] {
        let repo = Repo::new(ZOO);
        assert_eq!(repo.pki(&[jobs]).made.len(), 25);
        repo.pki(&[jobs]).made_nothing();
    }
}
