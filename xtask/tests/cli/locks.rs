//! One run at a time, runs that are stopped, and runs that are killed.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use xtask::sys::fs::{Access, create_dir};
use xtask::sys::lock::{Lock, Patience, path_in};

use super::openssl::{have, verify};
use super::repo::Repo;
use super::zoo::{ZOO, everything};

/// This process holds the lock of the zoo.
fn hold(repo: &Repo) -> Lock {
    create_dir(&repo.at("state"), Access::Secret).unwrap();
    Lock::acquire(&path_in(&repo.at("state")), "nodes", Patience::Forever, |_| {}).unwrap()
}

#[test]
fn a_second_run_says_who_is_first_and_gives_up() {
    let repo = Repo::new(ZOO);
    let _lock = hold(&repo);
    for args in [&["pki"][..], &["clean"], &["clobber", "--yes"]] {
        repo.write("artifacts/zoo/stage", "x");
        let output = repo.run(args);
        assert_eq!(output.code, 1, "{args:?}: {output:?}");
        let who = format!("pid {}, `nodes`, since ", std::process::id());
        assert!(output.stderr.contains(&who) && output.stderr.contains("--wait"), "{}", output.stderr);
    }
    assert!(!repo.at("pki").exists());
    repo.ok(&["pki", "--dry-run"]);
}

#[test]
fn another_cluster_is_not_in_the_way() {
    let repo = Repo::new(ZOO);
    let _lock = hold(&repo);
    repo.with("CLUSTER_NAME", "pond").ok(&["-q", "pki"]);
}

#[test]
fn a_second_run_waits_when_told_to() {
    let repo = Repo::new(ZOO);
    let lock = hold(&repo);
    let reader = repo.command(&["--wait", "pki"]).stderr_to_stdout().reader().unwrap();
    let mut lines = BufReader::new(&reader).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.starts_with("waiting: ") && first.contains("`nodes`"), "{first}");
    drop(lock);
    let last = lines.map(Result::unwrap).last().unwrap();
    assert!(last.starts_with("pki: 25 made"), "{last}");
}

#[test]
fn many_at_once_make_everything_once() {
    let repo = Repo::new(ZOO);
    let runs: Vec<_> = (0..4)
        .map(|_| repo.command(&["--wait", "--json", "pki"]).stdout_capture().stderr_null().start().unwrap())
        .collect();
    let made = |output: &std::process::Output| {
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).matches(r#""outcome":"done""#).count()
    };
    let made: usize = runs.iter().map(|run| made(run.wait().unwrap())).sum();
    assert_eq!(made, everything().len());
}

/// Many workers, so that a run takes long enough to be stopped in the middle.
fn crowd() -> Repo {
    let repo = Repo::new(ZOO);
    let names: Vec<String> = (0..150).map(|number| format!("ant{number}")).collect();
    repo.set("WORKER_NAMES", &names.join(" "));
    repo.set("K8S_POD_CIDR", "10.0.0.0/8");
    repo
}

#[test]
fn an_interrupted_run_ends_in_order_and_the_next_one_does_the_rest() {
    let repo = crowd();
    let reader = repo.command(&["pki", "--json", "-j1"]).stderr_null().reader().unwrap();
    let mut lines = BufReader::new(&reader).lines().map(Result::unwrap);
    let finished = |line: &String| line.contains(r#""event":"finished""#);
    assert!(lines.by_ref().any(|line| finished(&line)));
    let pid = Pid::from_raw(i32::try_from(reader.pids()[0]).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let rest: Vec<String> = lines.collect();
    let made = 1 + rest.iter().filter(|line| finished(line)).count();
    let status = reader.try_wait().unwrap().unwrap().status;
    assert_eq!(status.code(), Some(130), "{rest:?}");
    assert!(rest.last().unwrap().contains(r#""interrupted":true"#), "{rest:?}");
    let again = repo.pki(&[]);
    assert_eq!(again.made.len() + again.up_to_date, 25 - 4 + 2 * 150);
    assert_eq!(again.up_to_date, made, "what was made before the interrupt counts");
    repo.pki(&[]).made_nothing();
}

#[test]
fn a_run_that_is_killed_at_any_moment_is_completed_by_the_next() {
    let verified = have("openssl", &["version"]);
    let mut repo = Repo::new(ZOO);
    for round in 0..30_u64 {
        // Spread over a whole run and a little more, and different on every machine that takes another time for it.
        let options: &[&str] = if round % 3 == 0 { &["-q", "pki", "--force"] } else { &["-q", "pki"] };
        let run = repo.command(options).start().unwrap();
        std::thread::sleep(Duration::from_micros(round * 2_700 % 47_000));
        run.kill().unwrap();
        run.wait().unwrap();
        repo.pki(&[]);
        repo.pki(&[]).made_nothing();
        let stray: Vec<String> =
            ["pki", "kubeconfig", "ssh"].iter().flat_map(|dir| repo.bytes(dir).into_keys()).collect();
        assert!(stray.iter().all(|name| !name.starts_with('.')), "half-written files are left: {stray:?}");
        if verified {
            verify(&repo, round == 29);
        }
        if round % 3 == 1 {
            repo = Repo::new(ZOO);
        }
    }
}
