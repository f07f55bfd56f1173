//! Every kind of difference in exact words, before the run and in it; and looking changes nothing.

use xtask::graph::{Graph, Task};

use crate::space::{Space, graph, put};

#[derive(Clone)]
struct Made {
    version: &'static str,
    config: &'static str,
    env: &'static str,
    tool: &'static str,
    inputs: [&'static str; 2],
}

const FIRST: Made = Made { version: "1", config: "a.example", env: "C", tool: "2.8", inputs: ["x", "y"] };

fn task(made: &Made) -> Graph<'static> {
    let [one, two] = made.inputs;
    let task = Task::build("cert").version(made.version).config("sans", made.config).env("LC_ALL", made.env);
    graph([task.tool("openssl", made.tool).input(one).input(two).output("cert.pem").action(|run| {
        put(&run.root().join("cert.pem"), b"certificate");
        Ok(())
    })])
}

#[test]
fn old_and_new_of_every_kind() {
    let space = Space::new();
    space.write("x", "");
    space.write("y", "");
    assert_eq!(space.explain(&task(&FIRST)), ["cert: nothing is recorded of it"]);
    space.run(&task(&FIRST));
    let cases = [
        (Made { version: "2", ..FIRST }, "action version: 1 → 2"),
        (Made { config: "b.example", ..FIRST }, "config sans: a.example → b.example"),
        (Made { env: "", ..FIRST }, "environment LC_ALL: C → (empty)"),
        (Made { tool: "2.9", ..FIRST }, "tool openssl: 2.8 → 2.9"),
        (Made { inputs: ["y", "x"], ..FIRST }, "input order: x, y → y, x"),
        (Made { inputs: ["x", "x"], ..FIRST }, "input x is new: af1349b9f5f9; input y is no longer declared"),
        (Made { version: "2", tool: "3", ..FIRST }, "action version: 1 → 2; tool openssl: 2.8 → 3"),
    ];
    for (made, reason) in cases {
        let changed = task(&made);
        assert_eq!(space.explain(&changed), [format!("cert: {reason}")]);
        assert_eq!(space.run(&changed).reason("cert"), reason);
        assert_eq!(space.explain(&changed), [""; 0]);
        space.run(&task(&FIRST));
    }
    space.write("y", "text");
    let [why] = &space.explain(&task(&FIRST))[..] else { panic!("one task, one reason") };
    assert!(why.starts_with("cert: input y: af1349b9f5f9 → "), "{why}");
}

#[test]
fn what_hangs_on_others_says_on_whom() {
    let copy = |name: &'static str, from: &'static str, to: &'static str| crate::space::cat(name, pair(from), to);
    let graph = graph([copy("a", "x", "a.out"), copy("b", "a.out", "b.out"), copy("c", "b.out", "c.out")]);
    let space = Space::new();
    space.write("x", "1");
    space.run(&graph);
    space.write("x", "2");
    let explained = space.explain(&graph);
    assert!(explained[0].starts_with("a: input x: "));
    assert_eq!(explained[1..], ["b: only if a makes something new", "c: only if b makes something new"]);
}

fn pair(from: &'static str) -> &'static [&'static str] {
    Box::leak(Box::new([from]))
}

#[test]
fn looking_changes_nothing_on_disk() {
    let (space, graph) = (Space::new(), task(&FIRST));
    space.write("x", "");
    space.write("y", "");
    space.explain(&graph);
    assert!(!space.state().exists(), "not even the directory is made");
    space.run(&graph);
    space.write("x", "changed");
    space.touch("y");
    let snapshot = || -> Vec<(std::path::PathBuf, Option<std::time::SystemTime>, Vec<u8>)> {
        let entries = walkdir::WalkDir::new(space.root()).sort_by_file_name().into_iter().map(Result::unwrap);
        let entries = entries.map(|entry| {
            let bytes = if entry.file_type().is_file() { fs_err::read(entry.path()).unwrap() } else { Vec::new() };
            (entry.path().to_path_buf(), entry.metadata().unwrap().modified().ok(), bytes)
        });
        entries.collect()
    };
    let before = snapshot();
    assert_eq!(space.explain(&graph).len(), 1);
    assert!(snapshot() == before, "a look left a trace");
}
