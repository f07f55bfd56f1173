//! Directories and patterns as inputs and as outputs.

use std::sync::atomic::{AtomicUsize, Ordering};

use xtask::graph::{Graph, Run, Task};

use crate::space::{Space, cat, graph, put};

/// Writes the names and texts of the files directly in a directory.
fn list(run: &Run<'_>, dir: &str, output: &str) -> anyhow::Result<()> {
    let mut lines: Vec<String> = Vec::new();
    for entry in fs_err::read_dir(run.root().join(dir))? {
        let path = entry?.path();
        if path.is_file() {
            lines.push(format!("{}={}", path.file_name().unwrap().to_string_lossy(), fs_err::read_to_string(&path)?));
        }
    }
    lines.sort();
    put(&run.root().join(output), lines.join(",").as_bytes());
    Ok(())
}

fn lister<'a>(name: &'a str, dir: &'a str, output: &'a str) -> Task<'a> {
    Task::build(name).tree(dir).output(output).action(move |run| list(run, dir, output))
}

#[test]
fn files_come_go_and_change_their_names() {
    let (space, graph) = (Space::new(), graph([lister("list", "src", "list.out")]));
    space.write("src/a", "1");
    space.run(&graph);
    space.write("src/b", "2");
    assert_eq!(space.run(&graph).reason("list").split(": ").next(), Some("input src/b is new"));
    fs_err::rename(space.path("src/b"), space.path("src/c")).unwrap();
    let ran = space.run(&graph);
    assert!(ran.reason("list").ends_with("; input src/b is no longer declared"), "{ran:?}");
    assert_eq!(space.read("list.out"), "a=1,c=2");
    space.remove("src/a");
    assert_eq!(space.run(&graph).reason("list"), "input src/a is no longer declared");
    space.write("src/deep/d", "3");
    assert_eq!(space.run(&graph).names(), ["list"]);
    space.touch("src/c");
    assert_eq!(space.run(&graph).names(), [""; 0]);
}

#[test]
fn a_pattern_picks_what_counts() {
    let pattern = glob::Pattern::new("*.txt").unwrap();
    let task = Task::build("list").glob("src", pattern).output("list.out").action(|run| list(run, "src", "list.out"));
    let (space, graph) = (Space::new(), graph([task]));
    space.write("src/a.txt", "1");
    space.run(&graph);
    space.write("src/b.md", "2");
    space.write("src/deep/c.txt", "3");
    assert_eq!(space.run(&graph).names(), [""; 0], "another suffix, another directory");
    space.write("src/d.txt", "4");
    assert_eq!(space.run(&graph).names(), ["list"]);
}

#[test]
fn a_tree_that_is_not_there_names_its_reader() {
    let (space, graph) = (Space::new(), graph([lister("list", "src", "list.out")]));
    let children = xtask::sys::children::Children::default();
    let error = space.run_with(&graph, &crate::space::How::plain(&children)).unwrap_err().to_string();
    assert!(error.starts_with("`src` does not exist and no task makes it; `list` reads it ("), "{error}");
}

/// A directory made as a whole out of `names.txt`, and one reader of each kind: of all, of a part, of one file.
fn unpacked(readers: &AtomicUsize) -> Graph<'_> {
    let unpack = Task::build("unpack").input("names.txt").output_dir("gen").action(|run| {
        let dir = run.root().join("gen");
        let _ = std::fs::remove_dir_all(&dir);
        fs_err::create_dir_all(dir.join("part"))?;
        for word in fs_err::read_to_string(run.root().join("names.txt"))?.split_whitespace() {
            let (name, text) = word.split_once('=').unwrap();
            put(&dir.join(name), text.as_bytes());
        }
        Ok(())
    });
    let counted = |name, dir, output| {
        Task::build(name).tree(dir).output(output).action(move |run| {
            readers.fetch_add(1, Ordering::Relaxed);
            list(run, dir, output)
        })
    };
    graph([
        unpack,
        counted("all", "gen", "all.out"),
        counted("part", "gen/part", "part.out"),
        cat("one", &["gen/one"], "one.out"),
    ])
}

#[test]
fn readers_of_a_made_directory_follow_it_within_one_run() {
    let readers = AtomicUsize::new(0);
    let (space, graph) = (Space::new(), unpacked(&readers));
    space.write("names.txt", "one=1 two=2 part/p=3");
    assert_eq!(space.run(&graph).names().len(), 4);
    assert_eq!((space.read("all.out"), space.read("one.out")), ("one=1,two=2".to_string(), "1".to_string()));
    assert_eq!(space.run(&graph).names(), [""; 0]);
    space.write("names.txt", "one=1 two=22 part/p=3");
    let ran = space.run(&graph);
    assert_eq!(ran.names(), ["unpack", "all"], "the part and the one file came out the same");
    assert_eq!(ran.warnings, [""; 0]);
    assert_eq!(space.read("all.out"), "one=1,two=22");
    space.write("names.txt", "one=4 two=22 part/q=3");
    let mut names: Vec<String> = space.run(&graph).names().iter().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, ["all", "one", "part", "unpack"]);
    assert_eq!((space.read("part.out"), space.read("one.out")), ("q=3".to_string(), "4".to_string()));
    assert_eq!(space.run(&graph).names(), [""; 0]);
}

#[test]
fn a_directory_without_the_file_that_somebody_reads() {
    let readers = AtomicUsize::new(0);
    let (space, graph) = (Space::new(), unpacked(&readers));
    space.write("names.txt", "two=2 part/p=3");
    for _ in 0..2 {
        let ran = space.run(&graph);
        assert!(ran.error().starts_with("`gen/one` is not among what `unpack` ("), "{ran:?}");
        assert!(!ran.names().contains(&"one"));
    }
    space.write("names.txt", "one=1 part/p=3");
    space.run(&graph);
    assert_eq!(space.read("one.out"), "1");
}

#[test]
fn a_reader_of_a_directory_sees_what_single_tasks_put_there() {
    let graph = graph([cat("a", &["a.txt"], "gen/a"), lister("all", "gen", "all.out")]);
    let space = Space::new();
    space.write("a.txt", "1");
    assert_eq!(space.run(&graph).names(), ["a", "all"]);
    space.write("a.txt", "2");
    assert_eq!(space.run(&graph).names(), ["a", "all"]);
    assert_eq!(space.read("all.out"), "a=2");
    assert_eq!(space.run(&graph).names(), [""; 0]);
}

#[test]
fn meddling_with_a_made_directory_is_noticed() {
    let readers = AtomicUsize::new(0);
    let (space, graph) = (Space::new(), unpacked(&readers));
    space.write("names.txt", "one=1 part/p=3");
    space.run(&graph);
    let before = readers.load(Ordering::Relaxed);
    for meddle in [
        |s: &Space| s.write("gen/more", "x"),
        |s: &Space| s.write("gen/one", "2"),
        |s: &Space| {
            fs_err::remove_dir_all(s.path("gen")).unwrap();
        },
    ] {
        meddle(&space);
        let ran = space.run(&graph);
        assert_eq!(ran.names(), ["unpack"], "its readers find what they read before");
        assert!(!space.exists("gen/more"));
    }
    assert_eq!(readers.load(Ordering::Relaxed), before);
}
