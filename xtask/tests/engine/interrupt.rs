//! Ctrl-C on a real process: commands end, nothing half made stays, the next run converges; a second one is immediate.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::json;
use tempfile::TempDir;

use crate::runner;

const LONG: Duration = Duration::from_secs(60);

/// A run of a graph by the example.
pub(crate) fn graph_json(graph: &Path) -> duct::Expression {
    duct::cmd!(runner::graph_json(), graph, "-j4")
}

/// A directory with a `graph.json` of shell commands.
pub(crate) struct Plan {
    dir: TempDir,
}

impl Plan {
    /// Name, inputs and command of each task; its output has its name.
    pub(crate) fn new(tasks: &[(&str, &[&str], &str)]) -> Self {
        let plan = Plan { dir: tempfile::tempdir().unwrap() };
        let tasks = tasks
            .iter()
            .map(|(name, inputs, cmd)| json!({"name": name, "inputs": inputs, "outputs": [name], "cmd": cmd}));
        plan.write("graph.json", &json!(tasks.collect::<Vec<_>>()).to_string());
        plan
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        crate::space::put(&self.path(name), text.as_bytes());
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn start(&self) -> duct::Handle {
        graph_json(&self.path("graph.json")).stdout_null().stderr_null().unchecked().start().unwrap()
    }

    pub(crate) fn wait_for(&self, name: &str) {
        let started = Instant::now();
        while !self.path(name).exists() {
            assert!(started.elapsed() < LONG, "`{name}` did not appear");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

fn interrupt(run: &duct::Handle) {
    kill_process(pid(run.pids()[0]), Signal::INT).unwrap();
}

fn ended(number: u32) -> bool {
    let started = Instant::now();
    while test_kill_process(pid(number)).is_ok() {
        if started.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

#[test]
fn the_first_one_ends_everything_in_order() {
    let plan = Plan::new(&[
        ("first", &[], "echo 1 > first"),
        ("slow", &["first"], "echo half > slow; echo $$ > pid.tmp; mv pid.tmp pid; [ -e go ] || exec sleep 600"),
        ("after", &["slow"], "cat slow > after"),
    ]);
    let run = plan.start();
    plan.wait_for("pid");
    interrupt(&run);
    assert_eq!(run.wait().unwrap().status.code(), Some(130));
    assert!(ended(plan.read("pid").trim().parse().unwrap()), "the command outlived its run");
    assert!(plan.path("first").exists(), "what was done stays done");
    assert!(!plan.path("slow").exists() && !plan.path("after").exists(), "what was half made is gone");
    plan.write("go", "");
    let again = graph_json(&plan.path("graph.json")).stdout_capture().read().unwrap();
    assert!(again.starts_with("2 done, 1 up to date, 0 failed, 0 skipped"), "{again}");
    assert_eq!(plan.read("after"), "half\n");
}

#[test]
fn the_second_one_is_immediate() {
    // A command that will not hear of it, and one of its own.
    let plan =
        Plan::new(&[("deaf", &[], "trap '' TERM INT; echo $$ > pid.tmp; mv pid.tmp pid; sleep 600; echo > deaf")]);
    let run = plan.start();
    plan.wait_for("pid");
    interrupt(&run);
    std::thread::sleep(Duration::from_millis(300));
    assert!(run.try_wait().unwrap().is_none(), "the first one gives commands time to end");
    let second = Instant::now();
    interrupt(&run);
    assert_eq!(run.wait().unwrap().status.code(), Some(130));
    assert!(second.elapsed() < Duration::from_secs(5));
    assert!(ended(plan.read("pid").trim().parse().unwrap()), "the command outlived its run");
    assert!(!plan.path("deaf").exists());
}
