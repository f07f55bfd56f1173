//! Declarations that make no sense are refused before anything runs, with every place that is to blame.

use std::collections::BTreeSet;

use xtask::graph::{Force, Task};
use xtask::sys::children::Children;

use crate::space::{How, Space, cat, compile};

/// The errors, with the line numbers of this file taken out.
fn errors<'a>(tasks: impl IntoIterator<Item = Task<'a>>) -> Vec<String> {
    let Err(errors) = compile(tasks) else { panic!("it was accepted") };
    let plain = |text: &String| {
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(concat!(file!(), ":")) {
            out += before;
            out += "HERE";
            rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
        }
        out + rest
    };
    errors.0.iter().map(plain).collect()
}

#[test]
fn two_makers_of_one_output_are_both_named() {
    let tasks = [cat("one", &[], "out/x"), cat("two", &[], "./out//x")];
    assert_eq!(errors(tasks), ["`out/x` is made by two tasks: `one` (HERE) and `two` (HERE)"]);
    let twice = Task::build("one").output("x").output("x").action(|_| Ok(()));
    assert_eq!(errors([twice]), ["`x` is declared twice as an output of `one` (HERE)"]);
    let dirs = ["a", "b"].map(|name| Task::build(name).output_dir("d").action(|_| Ok(())));
    assert_eq!(errors(dirs), ["`d` is made by two tasks: `a` (HERE) and `b` (HERE)"]);
}

#[test]
fn one_name_is_for_one_task() {
    let tasks = [cat("one", &[], "x"), cat("one", &[], "y")];
    assert_eq!(errors(tasks), ["two tasks are called `one` (HERE) and here: HERE"]);
}

#[test]
fn a_cycle_is_shown_in_the_order_of_its_arrows() {
    let tasks = [cat("a", &["c.out"], "a.out"), cat("b", &["a.out"], "b.out"), cat("c", &["b.out"], "c.out")];
    assert_eq!(errors(tasks), ["dependency cycle: a -> c -> b -> a; declared: `c` (HERE), `b` (HERE), `a` (HERE)"]);
    assert_eq!(errors([cat("a", &["x"], "x")]), ["dependency cycle: a -> a; declared: `a` (HERE)"]);
    let into_its_own_tree = Task::build("a").tree("src").output("src/x").action(|_| Ok(()));
    assert_eq!(errors([into_its_own_tree]), ["dependency cycle: a -> a; declared: `a` (HERE)"]);
}

#[test]
fn an_output_inside_the_directory_of_another_is_refused() {
    let outer = || Task::build("outer").output_dir("d").action(|_| Ok(()));
    assert_eq!(
        errors([outer(), cat("inner", &[], "d/e/x")]),
        ["`d/e/x` of `inner` (HERE) lies inside `d`, which `outer` (HERE) makes"]
    );
    let inner = Task::build("inner").output_dir("d/e").action(|_| Ok(()));
    assert_eq!(errors([inner, outer()]), ["`d/e` of `inner` (HERE) lies inside `d`, which `outer` (HERE) makes"]);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let tasks = [
        cat("a", &[], "x").after("nobody"),
        cat(".hidden", &[], "y"),
        Task::build("idle").output("z"),
        Task::build("barren").action(|_| Ok(())),
        Task::group("group").output("w"),
        cat("b", &[""], "../x"),
    ];
    assert_eq!(
        errors(tasks),
        [
            "task `.hidden` (HERE) has a name that cannot be a file name: use letters, digits, `.`, `_`, `-`, `@` and \
             `/`",
            "task `idle` (HERE) has no action",
            "task `barren` (HERE) makes nothing: declare an output",
            "task `group` (HERE) declares outputs, but only build tasks make files",
            "task `b` (HERE) declares a path that cannot be one: ``",
            "task `b` (HERE) declares the output `../x`: say where it lies without `..`",
            "`a` (HERE) comes after `nobody`, which no task is called",
        ]
    );
}

#[test]
fn an_input_that_nobody_makes_and_that_is_not_there_names_its_reader() {
    let space = Space::new();
    let tasks = [cat("one", &["missing.txt"], "one.out"), cat("two", &["also/missing"], "two.out")];
    let graph = compile(tasks).unwrap();
    let error = space.run_with(&graph, &How::plain(&Children::default())).unwrap_err().to_string();
    let lines: BTreeSet<&str> = error.lines().map(|line| line.split(" (").next().unwrap()).collect();
    let expected = [
        "`also/missing` does not exist and no task makes it; `two` reads it",
        "`missing.txt` does not exist and no task makes it; `one` reads it",
    ];
    assert_eq!(lines, expected.into());
    assert!(error.contains(file!()), "{error}");
    assert!(!space.exists("one.out"));
}

#[test]
fn a_target_that_no_task_is_called() {
    let space = Space::new();
    let graph = compile([cat("one", &[], "x")]).unwrap();
    let Err(error) = space.session(&graph).survey(&["won"], Force::Nothing) else { panic!("it was found") };
    assert_eq!(error.to_string(), "there is no task called `won`");
}
