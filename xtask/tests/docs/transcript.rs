//! The README's first five minutes, typed again: every line that it shows must come, in a fresh repository.
//!
//! Times, dates and fingerprints differ from run to run and count as equal, and so does the order of lines, because
//! tasks run at the same time. A line of three dots stands for whatever was left out.

use std::path::Path;

use super::markdown::{fences, section};
use super::{PROGRAM, fresh, repository};

/// A command and the lines that the README shows below it.
struct Step<'t> {
    command: &'t str,
    shown: Vec<&'t str>,
}

fn steps(readme: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let fences = fences(section(readme, "## The first five minutes")).into_iter();
    for line in fences.filter(|fence| fence.language == "console").flat_map(|fence| fence.lines) {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command, shown: Vec::new() }),
            (None, Some(step)) => step.shown.push(line),
            (None, None) => panic!("a transcript begins with a command, not with `{line}`"),
        }
    }
    steps
}

/// What each command prints, on both streams, when one shell runs all of them.
fn replay(steps: &[Step<'_>]) -> Vec<String> {
    const MARK: &str = "=-=-=";
    let space = fresh();
    let bin = space.path().join("bin");
    fs_err::create_dir(&bin).unwrap();
    // `cargo xtask` would build and find the real repository.
    let shim = format!("#!/bin/sh\n[ \"$1\" = xtask ] || exit 97\nshift\nexec '{PROGRAM}' \"$@\"\n");
    executable(&bin.join("cargo"), &shim);
    let commands: Vec<String> = steps.iter().map(|step| format!("{}\necho '{MARK}'\n", step.command)).collect();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let shell = duct::cmd("sh", ["-c", &commands.concat()]).dir(space.path());
    let shell = shell.full_env([("PATH", path), ("XTASK_ROOT", space.path().display().to_string())]);
    let all = shell.stdin_null().stderr_to_stdout().stdout_capture().unchecked().read().unwrap();
    let printed: Vec<String> = all.split(MARK).take(steps.len()).map(String::from).collect();
    assert_eq!(printed.len(), steps.len(), "the shell gave up:\n{all}");
    printed
}

fn executable(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    xtask::sys::fs::write_atomic(path, text.as_bytes(), xtask::sys::fs::Access::Public).unwrap();
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A line without what differs from run to run: dates, numbers before a unit of time, fingerprints, widths of columns.
fn normal(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_unit = |word: Option<&&str>| word.is_some_and(|word| matches!(word.trim_end_matches(')'), "ms" | "s" | "d"));
    let differs = |(index, word): (usize, &&str)| {
        let bare = word.trim_matches(['(', ')', ':', ',']);
        let digits = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'));
        let fingerprint = bare.len() == 12 && bare.bytes().all(|b| b.is_ascii_hexdigit());
        fingerprint || (digits && (bare.matches('-').count() == 2 || is_unit(words.get(index + 1))))
    };
    let normal = words.iter().enumerate().map(|at| if differs(at) { "N" } else { *at.1 });
    normal.collect::<Vec<_>>().join(" ")
}

/// What is wrong with what the README shows for one command.
fn lies(step: &Step<'_>, printed: &str) -> Vec<String> {
    let mut left: Vec<String> = printed.lines().map(normal).filter(|line| !line.is_empty()).collect();
    let mut lies = Vec::new();
    for line in step.shown.iter().filter(|line| !line.trim().is_empty() && line.trim() != "...") {
        match left.iter().position(|real| *real == normal(line)) {
            Some(at) => drop(left.remove(at)),
            None => lies.push(format!("does not come: {line}")),
        }
    }
    if !step.shown.iter().any(|line| line.trim() == "...") {
        lies.extend(left.into_iter().map(|line| format!("is not shown: {line}")));
    }
    lies
}

#[test]
fn the_first_five_minutes_are_as_the_readme_shows_them() {
    let readme = repository("README.md");
    let steps = steps(&readme);
    assert!(steps.len() >= 5, "the README shows {} commands", steps.len());
    for (step, printed) in steps.iter().zip(replay(&steps)) {
        let lies = lies(step, &printed);
        assert!(lies.is_empty(), "`{}` in the README:\n{}\nit printed:\n{printed}", step.command, lies.join("\n"));
    }
}

#[test]
fn a_transcript_that_lies_is_noticed() {
    let step = |shown: &[&'static str]| Step { command: "c", shown: shown.to_vec() };
    let printed = "made    a   17 ms\nmade    b   4 ms\nc: 2 made (30 ms)\n";
    assert_eq!(lies(&step(&["made    b   1 ms", "made    a   1 ms", "c: 2 made (9 ms)"]), printed), [""; 0]);
    assert_eq!(lies(&step(&["...", "c: 2 made (9 ms)"]), printed), [""; 0]);
    assert_eq!(lies(&step(&["c: 2 made (9 ms)"]), printed).len(), 2);
    assert_eq!(lies(&step(&["...", "c: 3 made (9 ms)"]), printed), ["does not come: c: 3 made (9 ms)"]);
    assert_eq!(normal("ca  signs  2036-11-17  3649 d  ok"), "ca signs N N d ok");
    assert_eq!(normal("changed: 5874a240fc84 → 783624a3c9f7"), "changed: N → N");
}
