//! Outputs belong to the record: whatever somebody did to them, the next run puts it right.

use xtask::graph::{Graph, Task};

use crate::space::{Space, cat, graph, put};

fn two<'a>() -> Graph<'a> {
    graph([cat("a", &["a.txt"], "out/a"), cat("b", &["out/a"], "out/b")])
}

fn built() -> (Space, Graph<'static>) {
    let (space, graph) = (Space::new(), two());
    space.write("a.txt", "text");
    space.run(&graph);
    (space, graph)
}

#[test]
fn an_edited_output_is_made_again() {
    let (space, graph) = built();
    space.write("out/b", "xxxx");
    let ran = space.run(&graph);
    assert_eq!(ran.names(), ["b"]);
    assert!(ran.reason("b").starts_with("output out/b was changed by somebody: "), "{ran:?}");
    assert_eq!(space.read("out/b"), "text");
}

#[test]
fn an_edited_output_in_the_middle_moves_only_its_own_task() {
    let (space, graph) = built();
    space.write("out/a", "xxxx");
    assert_eq!(space.run(&graph).names(), ["a"], "what `b` read before is there again when its turn comes");
}

#[test]
fn a_deleted_or_truncated_output_is_made_again() {
    let (space, graph) = built();
    space.remove("out/b");
    assert_eq!(space.run(&graph).reason("b"), "output out/b is gone");
    put(&space.path("out/b"), b"te");
    assert_eq!(space.run(&graph).names(), ["b"]);
    fs_err::remove_dir_all(space.path("out")).unwrap();
    assert_eq!(space.run(&graph).names(), ["a", "b"]);
    assert_eq!(space.read("out/b"), "text");
}

#[test]
fn a_touched_output_is_fine() {
    let (space, graph) = built();
    space.touch("out/a");
    assert_eq!(space.run(&graph).names(), [""; 0]);
}

#[test]
fn an_output_that_moves_is_made_at_its_new_place() {
    let (space, _) = built();
    let moved = graph([cat("a", &["a.txt"], "out/a2"), cat("b", &["out/a2"], "out/b")]);
    let ran = space.run(&moved);
    assert_eq!(ran.reason("a"), "output out/a2 is new; output out/a is no longer declared");
    assert_eq!(ran.names(), ["a", "b"]);
}

#[test]
fn a_task_that_does_not_make_what_it_declares_fails() {
    let lazy = Task::build("lazy").output("there").output("not-there").action(|run| {
        put(&run.root().join("there"), b"");
        Ok(())
    });
    let (space, graph) = (Space::new(), graph([lazy, cat("b", &["not-there"], "b.out")]));
    let ran = space.run(&graph);
    assert_eq!(ran.error(), "it did not make `not-there`, which it declares as its output");
    assert_eq!(ran.skipped, [("b".to_string(), "`lazy` failed".to_string())]);
    assert!(!space.exists("there"), "the half of an output is no output");
}

#[test]
fn a_directory_in_the_place_of_a_file_is_no_output() {
    let wrong = Task::build("wrong").output("x").action(|run| Ok(fs_err::create_dir(run.root().join("x"))?));
    let (space, graph) = (Space::new(), graph([wrong]));
    assert_eq!(space.run(&graph).error(), "`x` is a directory, and was declared as a file");
    assert!(!space.exists("x"));
}
