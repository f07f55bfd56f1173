//! Failing tasks: what still runs, what is left behind, what is said. And pools.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use xtask::graph::{Graph, Task};
use xtask::sys::children::Children;

use crate::space::{How, Space, cat, graph, put};

fn failing<'a>() -> Graph<'a> {
    let bad = Task::build("bad").output("bad.out").action(|_| bail!("it is broken"));
    graph([
        bad,
        cat("below", &["bad.out"], "below.out"),
        Task::group("group").after("below"),
        cat("further", &["x"], "further.out").after("group"),
        cat("beside", &["x"], "beside.out"),
    ])
}

#[test]
fn the_first_failure_stops_what_is_not_started() {
    let (space, graph, children) = (Space::new(), failing(), Children::default());
    space.write("x", "1");
    let ran = space.run_with(&graph, &How { jobs: 1, ..How::plain(&children) }).unwrap();
    assert_eq!((ran.names(), ran.error()), (vec!["bad"], "it is broken"));
    let skipped: Vec<String> = ran.skipped.iter().map(|(task, why)| format!("{task}: {why}")).collect();
    assert_eq!(skipped, ["below: `bad` failed", "further: `bad` failed", "beside: another task failed first"]);
    assert_eq!((ran.summary.skipped, ran.summary.is_success()), (3, false));
}

#[test]
fn keep_going_does_what_does_not_depend_on_it() {
    let (space, graph, children) = (Space::new(), failing(), Children::default());
    space.write("x", "1");
    let how = How { keep_going: true, jobs: 1, ..How::plain(&children) };
    let ran = space.run_with(&graph, &how).unwrap();
    assert_eq!(ran.names(), ["bad", "beside"]);
    assert_eq!(ran.skipped.len(), 2);
    assert!(space.exists("beside.out"));
    assert_eq!(space.run_with(&graph, &how).unwrap().names(), ["bad"], "a failure is never recorded as done");
}

#[test]
fn what_a_failed_task_half_made_is_removed_and_the_rest_kept() {
    let mood = Mutex::new("good");
    let task = Task::build("a").input("x").output("keeps").output("breaks").output_dir("dir").action(|run| {
        let root = run.root();
        fs_err::create_dir_all(root.join("dir"))?;
        if *mood.lock().unwrap() == "good" {
            put(&root.join("keeps"), b"keeps");
            put(&root.join("dir/x"), b"x");
            put(&root.join("breaks"), b"whole");
            return Ok(());
        }
        put(&root.join("dir/y"), b"y");
        put(&root.join("breaks"), b"ha"); // the first bytes of "half"
        bail!("the disk is full")
    });
    let (space, graph) = (Space::new(), graph([task]));
    space.write("x", "1");
    space.run(&graph);
    *mood.lock().unwrap() = "bad";
    space.write("x", "2");
    assert_eq!(space.run(&graph).error(), "the disk is full");
    assert!(space.exists("keeps"), "it is what it was");
    assert!(!space.exists("breaks") && !space.exists("dir"));
    *mood.lock().unwrap() = "good";
    assert_eq!(space.run(&graph).names(), ["a"]);
    assert_eq!(space.read("breaks"), "whole");
}

#[test]
fn what_a_failing_task_did_not_touch_stays_however_new_it_is() {
    let refuse = Task::build("a").output("precious").action(|_| {
        // Long enough for the file to be told from a later one by its stat alone, which it could not be at first.
        std::thread::sleep(Duration::from_millis(60));
        bail!("will not replace it")
    });
    let (space, graph) = (Space::new(), graph([refuse]));
    space.write("precious", "written by somebody a moment ago");
    assert_eq!(space.run(&graph).error(), "will not replace it");
    assert_eq!(space.read("precious"), "written by somebody a moment ago");
}

#[test]
fn a_partial_output_of_the_same_size_is_removed_too() {
    let good = AtomicUsize::new(1);
    let task = Task::build("a").input("x").output("out").action(|run| {
        if good.swap(0, Ordering::Relaxed) == 1 {
            put(&run.root().join("out"), b"AAAA");
            return Ok(());
        }
        put(&run.root().join("out"), b"BBBB");
        bail!("no")
    });
    let (space, graph) = (Space::new(), graph([task]));
    space.write("x", "1");
    space.run(&graph);
    space.write("x", "2");
    space.run(&graph);
    assert!(!space.exists("out"));
}

#[test]
fn the_error_ends_in_the_last_lines_of_the_log() {
    let task = Task::build("a/noisy").output("out").action(|run| {
        run.command("sh", ["-c", "for n in $(seq 30); do echo line $n; done; echo oops >&2; exit 3"])
            .context("preparing the disk")
    });
    let (space, graph) = (Space::new(), graph([task]));
    let ran = space.run(&graph);
    let error = ran.error();
    assert!(error.starts_with("preparing the disk: `sh` failed (exit status: 3); it said:\n    line 12\n"), "{error}");
    assert!(error.ends_with("line 30\n    oops"), "{error}");
    assert_eq!(space.read(".logs/a/noisy.log").lines().count(), 31, "the whole of it is in the log");
}

#[test]
fn a_log_is_of_the_last_run_only() {
    let say = |text: &'static str| {
        graph([Task::build("a").version(text).output("out").action(move |run| {
            put(&run.root().join("out"), b"");
            if text.is_empty() { Ok(()) } else { run.say(text) }
        })])
    };
    let space = Space::new();
    space.run(&say("first"));
    space.run(&say("second"));
    assert_eq!(space.read(".logs/a.log"), "second\n");
    space.run(&say(""));
    assert!(!space.exists(".logs/a.log"));
}

#[test]
fn a_panicking_action_is_a_failed_task() {
    let task = Task::build("a").output("out").action(|run| {
        put(&run.root().join("out"), b"half");
        panic!("index out of bounds")
    });
    let (space, graph) = (Space::new(), graph([task, cat("b", &["x"], "b.out")]));
    space.write("x", "1");
    let ran = space.run(&graph);
    assert_eq!(ran.error(), "BUG: the action panicked: index out of bounds");
    assert!(!space.exists("out"));
}

#[test]
fn a_program_that_is_not_there() {
    let task = Task::build("a").output("out").action(|run| run.command("no-such-program", [""; 0]));
    let error = Space::new().run(&graph([task])).error().to_string();
    assert_eq!(error, "there is no program `no-such-program` in PATH: install it, or correct PATH");
}

#[test]
fn commands_see_the_declared_environment_and_no_other() {
    let show =
        |output: &'static str| move |run: &xtask::graph::Run<'_>| run.command("sh", ["-c", &format!("env > {output}")]);
    let graph = graph([
        Task::build("plain").output("plain.env").action(show("plain.env")),
        Task::build("declared").env("HTTPS_PROXY", "http://proxy.example").output("own.env").action(show("own.env")),
    ]);
    let space = Space::new();
    assert!(space.run(&graph).summary.is_success());
    let names = |file: &str| -> Vec<String> {
        let text = space.read(file);
        text.lines().map(|line| line.split('=').next().unwrap().to_string()).collect()
    };
    // Cargo gives the tests plenty of variables; `PWD` and the like are the shell's own.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let known = ["PATH", "HOME", "TMPDIR", "USER", "LANG", "PWD", "OLDPWD", "SHLVL", "_"];
    let alien: Vec<String> = names("plain.env").into_iter().filter(|name| !known.contains(&name.as_str())).collect();
    assert!(alien.is_empty(), "{alien:?}");
    assert!(space.read("own.env").contains("HTTPS_PROXY=http://proxy.example\n"));
    assert!(!names("plain.env").contains(&"HTTPS_PROXY".to_string()));
}

#[test]
fn a_pool_lets_in_so_many_and_the_rest_goes_on() {
    let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let names: Vec<String> = (0..6).map(|n| format!("p{n}")).collect();
    let pooled = names.iter().map(|name| {
        let out = format!("{name}.out");
        Task::build(name.as_str()).pool("console").output(out.clone()).action({
            let (inside, most) = (&inside, &most);
            move |run| {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(20));
                inside.fetch_sub(1, Ordering::SeqCst);
                put(&run.root().join(&out), b"");
                Ok(())
            }
        })
    });
    let free = Task::build("free").output("free.out").action(|run| {
        put(&run.root().join("free.out"), b"");
        Ok(())
    });
    let (space, graph, children) = (Space::new(), graph(pooled.chain([free])), Children::default());
    let ran = space.run_with(&graph, &How { jobs: 6, pools: &[("console", 2)], ..How::plain(&children) }).unwrap();
    assert_eq!((ran.summary.done, most.load(Ordering::SeqCst)), (7, 2));
    assert!(ran.names()[..3].contains(&"free"), "it need not wait for a place in a pool that is not its own: {ran:?}");
}

#[test]
fn as_many_at_once_as_asked_for() {
    let barrier = std::sync::Barrier::new(3);
    let names = ["a", "b", "c"];
    let tasks = names.map(|name| {
        let barrier = &barrier;
        Task::build(name).output(format!("{name}.out")).action(move |run| {
            barrier.wait();
            put(&run.root().join(format!("{name}.out")), b"");
            Ok(())
        })
    });
    let (space, graph, children) = (Space::new(), graph(tasks), Children::default());
    let started = Instant::now();
    let ran = space.run_with(&graph, &How { jobs: 3, ..How::plain(&children) }).unwrap();
    assert_eq!(ran.summary.done, 3);
    assert!(started.elapsed() < Duration::from_secs(60));
}
