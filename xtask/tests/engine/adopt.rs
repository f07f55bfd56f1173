//! Good outputs of which nothing is recorded may be taken over; bad ones never.

use std::sync::atomic::{AtomicUsize, Ordering};

use xtask::graph::{Force, Graph, Task};
use xtask::sys::children::Children;

use crate::space::{How, Space, graph, put};

/// Makes a "key" that is good when it starts with `good`; how often it did is counted.
fn key<'a>(version: &'a str, space: &'a Space, made: &'a AtomicUsize) -> Graph<'a> {
    let path = space.path("key");
    let holds = move || match std::fs::read_to_string(&path) {
        Ok(text) if text.starts_with("good") => Ok(()),
        _ => Err("it does not parse".to_string()),
    };
    graph([Task::build("key").version(version).output("key").adopt(holds).action(|run| {
        put(&run.root().join("key"), format!("good {}", made.fetch_add(1, Ordering::Relaxed)).as_bytes());
        Ok(())
    })])
}

#[test]
fn a_lost_state_does_not_cost_good_outputs() {
    let (space, made) = (Space::new(), AtomicUsize::new(0));
    let graph = key("1", &space, &made);
    space.run(&graph);
    fs_err::remove_dir_all(space.state()).unwrap();
    let ran = space.run(&graph);
    assert_eq!((ran.adopted, ran.summary.adopted, ran.summary.done), (vec!["key".to_string()], 1, 0));
    assert_eq!(space.read("key"), "good 0");
    assert_eq!(space.run(&graph).names(), [""; 0], "adopting is recorded like making");
}

#[test]
fn a_good_replacement_by_hand_is_taken_over_and_a_bad_one_is_not() {
    let (space, made) = (Space::new(), AtomicUsize::new(0));
    let graph = key("1", &space, &made);
    space.run(&graph);
    space.write("key", "good, by hand");
    assert_eq!(space.run(&graph).adopted, ["key"]);
    assert_eq!(space.read("key"), "good, by hand");
    space.write("key", "rubbish");
    let ran = space.run(&graph);
    assert_eq!((ran.adopted, ran.summary.done), (vec![], 1));
    assert_eq!(space.read("key"), "good 1");
    assert_eq!(space.read(".logs/key.log"), "what lies there is not taken over: it does not parse\n");
    space.remove("key");
    assert_eq!(space.run(&graph).summary.done, 1, "nothing there is nothing good");
}

#[test]
fn what_should_be_different_is_made_anew_however_good_it_looks() {
    let (space, made) = (Space::new(), AtomicUsize::new(0));
    space.run(&key("1", &space, &made));
    assert_eq!(space.run(&key("2", &space, &made)).reason("key"), "action version: 1 → 2");
    assert_eq!(space.read("key"), "good 1");
    let children = Children::default();
    let how = How { force: Force::Everything, ..How::plain(&children) };
    assert_eq!(space.run_with(&key("2", &space, &made), &how).unwrap().reason("key"), "forced");
    assert_eq!(space.read("key"), "good 2");
}
