//! One run at a time, over whole processes: who holds the lock, and what happens to it when its holder dies.

use std::time::{Duration, Instant};

use xtask::sys::lock::{Lock, Patience, Refused, holder, path_in};

use crate::interrupt::{Plan, graph_json};

const NOT_AT_ALL: Patience = Patience::ForLeftovers(Duration::ZERO);

#[test]
fn a_second_run_is_told_who_is_first() {
    let plan = Plan::new(&[("slow", &[], "touch started; while [ ! -e go ]; do sleep 0.02; done; echo > slow")]);
    let first = plan.start();
    plan.wait_for("started");
    let state = plan.path(".graph");
    let Err(Refused::Held(Some(known))) = Lock::acquire(&path_in(&state), "pki", NOT_AT_ALL, |_| {}) else {
        panic!("the lock of a living run was given away")
    };
    assert_eq!((known.process.pid, known.task.as_str()), (first.pids()[0], "graph_json"));
    let second = graph_json(&plan.path("graph.json")).unchecked().stdout_null().stderr_capture().run().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("holds the lock"));
    // With patience the same lock is had as soon as the first run is over.
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| Lock::acquire(&path_in(&state), "up", Patience::Forever, |_| {}).map(drop));
        plan.write("go", "");
        assert!(first.wait().unwrap().status.success());
        waiter.join().unwrap().unwrap();
    });
    assert_eq!(holder(&path_in(&state)).unwrap().task, "up");
}

#[test]
fn what_a_killed_run_left_behind_is_waited_for() {
    let plan = Plan::new(&[("slow", &[], "touch started; while [ ! -e go ]; do sleep 0.02; done; echo late > slow")]);
    let first = plan.start();
    plan.wait_for("started");
    first.kill().unwrap();
    first.wait().unwrap();
    let lock = path_in(&plan.path(".graph"));
    assert!(matches!(Lock::acquire(&lock, "x", NOT_AT_ALL, |_| {}), Err(Refused::Leftovers(Some(_)))));
    let second = plan.start();
    std::thread::sleep(Duration::from_millis(200));
    assert!(second.try_wait().unwrap().is_none(), "it must not start beside what still writes the same file");
    plan.write("go", "");
    assert!(second.wait().unwrap().status.success());
    assert_eq!(plan.read("slow"), "late\n");
}

#[test]
fn a_dead_holder_without_leftovers_holds_nobody_up() {
    let plan = Plan::new(&[("quick", &[], "echo > quick")]);
    let state = plan.path(".graph");
    fs_err::create_dir(&state).unwrap();
    plan.write(".graph/lock", r#"{"process":{"pid":4294967295,"started":"1"},"task":"all","since":0}"#);
    let started = Instant::now();
    assert!(plan.start().wait().unwrap().status.success());
    assert!(started.elapsed() < Duration::from_secs(30));
}
