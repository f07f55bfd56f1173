//! Whatever the documentation tells people to type after `cargo xtask` is something that the program understands.
//!
//! Commands are parsed, not run: `--help` behind them makes the program stop before it does anything.

use std::collections::BTreeSet;

use super::markdown::{fences, spans};
use super::{fresh, pages, program};

const START: &str = "cargo xtask";

/// The words behind `cargo xtask` in a line of code, without what belongs to the shell or to a remark behind it.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let (_, rest) = line.split_once(START)?;
    if !rest.is_empty() && !rest.starts_with([' ', '\'', '`', ')']) {
        return None;
    }
    let ends = ["  ", " #", "|", ")", "'", "`", ";", "&", ">", "("];
    let end = ends.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    Some(rest[..end].split_whitespace().collect())
}

/// A word such as TASK stands for something else, and `...` for anything.
fn is_placeholder(word: &str) -> bool {
    word.contains("...") || (word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

fn documented() -> BTreeSet<(String, Vec<String>)> {
    let mut all = BTreeSet::new();
    for (name, text) in pages() {
        let fences = fences(&text);
        let lines = fences.iter().flat_map(|fence| fence.lines.iter().copied()).chain(spans(&text));
        let commands = lines.filter_map(arguments).filter(|words| !words.iter().any(|word| is_placeholder(word)));
        all.extend(commands.map(|words| (name.clone(), words.into_iter().map(String::from).collect())));
    }
    all
}

#[test]
fn every_documented_command_is_understood() {
    let (space, commands) = (fresh(), documented());
    assert!(commands.len() > 20, "too few to prove anything: {commands:?}");
    let refused = commands.iter().filter_map(|(page, words)| {
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let output = program(space.path(), &words);
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then(|| format!("{page}: `{START} {}`\n{complaint}", words.join(" ")))
    });
    let refused: Vec<String> = refused.collect();
    assert!(refused.is_empty(), "the program does not understand:\n{}", refused.join("\n"));
}

#[test]
fn commands_are_found_in_what_surrounds_them() {
    let found = |line: &str| arguments(line).map(|words| words.join(" "));
    assert_eq!(found("$ API_PORT=7443 cargo xtask explain pki/ca | head").as_deref(), Some("explain pki/ca"));
    assert_eq!(found("cargo xtask config --json   # as data").as_deref(), Some("config --json"));
    assert_eq!(found("source <(cargo xtask completions bash)").as_deref(), Some("completions bash"));
    assert_eq!(found("alias xtask='cargo xtask'").as_deref(), Some(""));
    assert_eq!(found("cargo xtasks"), None);
    assert!(is_placeholder("TASK") && is_placeholder("...") && !is_placeholder("-j") && !is_placeholder("pki"));
}

#[test]
fn a_command_that_does_not_exist_would_be_noticed() {
    let space = fresh();
    for words in [&["pkii", "--help"][..], &["pki", "--shwo", "--help"], &["graph", "--format=svg", "--help"]] {
        assert_eq!(program(space.path(), words).status.code(), Some(2), "{words:?}");
    }
}
