//! What runs again and what does not: content decides, and nothing runs that need not.

use std::sync::atomic::{AtomicUsize, Ordering};

use xtask::graph::{Graph, Task};

use crate::space::{Space, cat, graph, join};

/// Three in a row; the second keeps only the first letter of what it reads.
fn chain<'a>() -> Graph<'a> {
    let head = Task::build("head")
        .input("a.out")
        .output("head.out")
        .action(|run| join(run, &["a.out"], "head.out", |text| text.chars().take(1).collect()));
    graph([cat("a", &["a.txt"], "a.out"), head, cat("c", &["head.out"], "c.out"), cat("d", &["c.out"], "d.out")])
}

fn built(graph: &Graph<'_>, files: &[(&str, &str)]) -> Space {
    let space = Space::new();
    for (name, text) in files {
        space.write(name, text);
    }
    assert!(space.run(graph).summary.is_success());
    assert_eq!(space.run(graph).names(), [""; 0], "right after a build there is nothing to do");
    space
}

#[test]
fn early_cutoff_runs_two_and_no_more() {
    let graph = chain();
    let space = built(&graph, &[("a.txt", "hello")]);
    space.write("a.txt", "hallo");
    let ran = space.run(&graph);
    assert_eq!(ran.names(), ["a", "head"]);
    assert_eq!((ran.summary.done, ran.summary.up_to_date), (2, 2));
    space.write("a.txt", "jello");
    assert_eq!(space.run(&graph).names(), ["a", "head", "c", "d"]);
    assert_eq!(space.read("d.out"), "j");
}

#[test]
fn cutoff_passes_through_groups() {
    let graph = graph([
        cat("a", &["a.txt"], "a.out"),
        Task::group("all").after("a"),
        cat("b", &["b.txt"], "b.out").after("all"),
        cat("c", &["a.out"], "c.out").after("all"),
    ]);
    let space = built(&graph, &[("a.txt", "1"), ("b.txt", "2")]);
    space.write("a.txt", "3");
    assert_eq!(space.run(&graph).names(), ["a", "c"], "`b` is only ordered behind the group");
}

#[test]
fn ordering_alone_does_not_dirty() {
    let graph = graph([cat("first", &["1.txt"], "1.out"), cat("second", &["2.txt"], "2.out").after("first")]);
    let space = built(&graph, &[("1.txt", "1"), ("2.txt", "2")]);
    space.write("1.txt", "one");
    assert_eq!(space.run(&graph).names(), ["first"]);
    space.write("2.txt", "two");
    space.write("1.txt", "eins");
    assert_eq!(space.run(&graph).names(), ["first", "second"], "in that order");
}

#[test]
fn a_touched_input_runs_nothing_and_is_read_once() {
    let graph = chain();
    let space = built(&graph, &[("a.txt", "hello")]);
    space.touch("a.txt");
    assert_eq!(space.explain(&graph), [""; 0]);
    assert_eq!(space.run(&graph).names(), [""; 0]);
}

#[test]
fn an_older_file_in_the_place_of_an_input_is_noticed() {
    let graph = chain();
    let space = Space::new();
    space.write("old.txt", "older");
    space.write("a.txt", "newer");
    space.run(&graph);
    fs_err::rename(space.path("old.txt"), space.path("a.txt")).unwrap();
    assert_eq!(space.run(&graph).names(), ["a", "head", "c", "d"]);
}

#[test]
fn a_to_b_and_back_to_a() {
    let graph = graph([cat("a", &["a.txt"], "a.out"), cat("b", &["a.out"], "b.out")]);
    let space = built(&graph, &[("a.txt", "A")]);
    for text in ["B", "A", "B", "A"] {
        space.write("a.txt", text);
        assert_eq!(space.run(&graph).names(), ["a", "b"]);
        assert_eq!(space.read("b.out"), text);
    }
}

#[test]
fn edits_of_equal_size_within_a_tick_of_the_clock() {
    let graph = graph([cat("a", &["a.txt"], "a.out")]);
    let space = Space::new();
    // No pause anywhere: many of these share a time stamp with what was recorded.
    for n in 0..200 {
        let text = format!("{n:03}");
        space.write("a.txt", &text);
        assert_eq!(space.run(&graph).names(), ["a"], "edit {n}");
        assert_eq!(space.read("a.out"), text);
        let other = format!("{:03}", 999 - n);
        space.write("a.out", &other);
        assert_eq!(space.run(&graph).names(), ["a"], "edit {n} of the output");
        assert_eq!(space.read("a.out"), text);
    }
}

#[test]
fn an_optional_input_dirties_by_coming_and_going() {
    let task = || {
        Task::build("a").input_if_present("extra").output("a.out").action(|run| {
            let there: &[&str] = if run.root().join("extra").exists() { &["extra"] } else { &[] };
            join(run, there, "a.out", |text| text)
        })
    };
    let graph = graph([task()]);
    let space = built(&graph, &[]);
    space.write("extra", "more");
    assert_eq!(space.run(&graph).reason("a").split(": ").next(), Some("input extra"));
    assert_eq!(space.read("a.out"), "more");
    space.remove("extra");
    assert!(space.run(&graph).reason("a").ends_with("→ (not there)"));
    assert_eq!(space.read("a.out"), "");
}

#[test]
fn an_input_that_changes_while_the_task_runs_is_not_recorded_as_done() {
    let times = AtomicUsize::new(0);
    let meddle = Task::build("a").input("a.txt").output("a.out").action(|run| {
        join(run, &["a.txt"], "a.out", |text| text)?;
        if times.fetch_add(1, Ordering::Relaxed) == 0 {
            crate::space::put(&run.root().join("a.txt"), b"later");
        }
        Ok(())
    });
    let graph = graph([meddle, cat("b", &["a.out"], "b.out")]);
    let space = Space::new();
    space.write("a.txt", "early");
    let ran = space.run(&graph);
    assert_eq!(ran.warnings, ["an input of `a` was changed while it ran: it will run again next time"]);
    assert!(ran.summary.is_success());
    assert_eq!(space.run(&graph).names(), ["a", "b"]);
    assert_eq!(space.read("b.out"), "later");
    assert_eq!(space.run(&graph).names(), [""; 0]);
}

#[test]
fn asking_for_one_task_leaves_the_others_alone() {
    let graph = chain();
    let space = Space::new();
    space.write("a.txt", "x");
    let mut session = space.session(&graph);
    let survey = session.survey(&["head"], xtask::graph::Force::Nothing).unwrap();
    let children = xtask::sys::children::Children::default();
    let options = xtask::graph::Options { jobs: 1, keep_going: false, pools: &[], children: &children, leash: None };
    assert_eq!(session.run(survey, &options, &()).unwrap().done, 2);
    drop(session);
    assert!(space.exists("head.out") && !space.exists("c.out"));
    assert_eq!(space.run(&graph).names(), ["c", "d"]);
}
