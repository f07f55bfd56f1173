//! The state may be lost, cut off, or overwritten with anything: work is done again, a wrong answer is never given.

use std::path::Path;

use xtask::graph::{Graph, Task};

use crate::space::{Space, cat, graph, put};

fn tasks<'a>() -> Graph<'a> {
    graph([
        cat("a", &["x"], "a.out"),
        cat("b", &["a.out", "y"], "b.out"),
        Task::build("c").tree("src").output("c.out").action(|run| {
            let count = fs_err::read_dir(run.root().join("src"))?.count();
            put(&run.root().join("c.out"), count.to_string().as_bytes());
            Ok(())
        }),
    ])
}

fn built() -> (Space, Graph<'static>) {
    let (space, graph) = (Space::new(), tasks());
    for (name, text) in [("x", "1"), ("y", "2"), ("src/f", "3")] {
        space.write(name, text);
    }
    space.run(&graph);
    (space, graph)
}

/// Damage the state, edit one input, run: everything must be as if made from nothing, and then rest.
fn survives(space: &Space, graph: &Graph<'_>, n: usize, damage: impl FnOnce(&Path)) {
    damage(&space.state());
    let text = format!("{n:05}");
    space.write("x", &text);
    let ran = space.run(graph);
    assert!(ran.summary.is_success(), "damage {n}: {ran:?}");
    assert_eq!(space.read("b.out"), format!("{text}2"), "damage {n}");
    assert_eq!(space.read("c.out"), "1");
    assert_eq!(space.run(graph).names(), [""; 0], "damage {n}");
}

#[test]
fn deleted_whole_or_in_parts() {
    let (space, graph) = built();
    for (n, name) in ["records", "manifests", "key", "trace.json"].into_iter().enumerate() {
        survives(&space, &graph, n, |state| fs_err::remove_file(state.join(name)).unwrap());
    }
    survives(&space, &graph, 9, |state| fs_err::remove_dir_all(state).unwrap());
}

#[test]
fn a_lost_manifest_costs_the_explanation_only() {
    let (space, graph) = built();
    fs_err::remove_file(space.state().join("manifests")).unwrap();
    space.write("x", "other");
    assert_eq!(space.explain(&graph)[0], "a: it is made of other things than before");
    assert_eq!(space.run(&graph).names(), ["a", "b"]);
}

#[test]
fn cut_off_at_every_place() {
    let (space, graph) = built();
    let records = fs_err::read(space.state().join("records")).unwrap();
    let manifests = fs_err::read(space.state().join("manifests")).unwrap();
    for keep in (0..records.len()).step_by(7) {
        survives(&space, &graph, keep, |state| {
            put(&state.join("records"), &records[..keep]);
            put(&state.join("manifests"), &manifests[..keep.min(manifests.len())]);
        });
    }
}

#[test]
fn a_flipped_bit_and_plain_garbage() {
    let (space, graph) = built();
    let records = fs_err::read(space.state().join("records")).unwrap();
    for at in (0..records.len()).step_by(11) {
        survives(&space, &graph, at, |state| {
            let mut bad = records.clone();
            bad[at] ^= 1 << (at % 8);
            put(&state.join("records"), &bad);
        });
    }
    let garbage: Vec<u8> = (0..5000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    for (n, bytes) in [&b""[..], b"\0", b"{}", &garbage].into_iter().enumerate() {
        survives(&space, &graph, 50_000 + n, |state| {
            for name in ["records", "manifests", "key"] {
                put(&state.join(name), bytes);
            }
        });
    }
}

#[test]
fn an_older_or_newer_version_is_forgotten() {
    let (space, graph) = built();
    for (n, version) in [0_u32, 1, 999].into_iter().enumerate() {
        survives(&space, &graph, n, |state| {
            let mut records = fs_err::read(state.join("records")).unwrap();
            records[8..12].copy_from_slice(&version.to_le_bytes());
            put(&state.join("records"), &records);
        });
    }
}

#[test]
fn the_state_of_another_directory_is_worth_nothing() {
    let ((one, graph), (two, _)) = (built(), built());
    for name in ["records", "manifests"] {
        fs_err::copy(two.state().join(name), one.state().join(name)).unwrap();
    }
    assert_eq!(one.explain(&graph).len(), 3, "it belongs to another key");
    survives(&one, &graph, 1, |_| {});
}

#[test]
fn the_state_stays_small_however_often_something_changes() {
    let (space, graph) = built();
    for n in 0..1500 {
        space.write("x", &format!("{n}"));
        space.run(&graph);
    }
    let size = |name: &str| fs_err::metadata(space.state().join(name)).unwrap().len();
    assert!(size("records") < 200_000 && size("manifests") < 1_000_000, "{} {}", size("records"), size("manifests"));
    assert_eq!(space.run(&graph).names(), [""; 0]);
}
