//! The README's table of targets and of options is what the program itself lists.

use std::fmt::Write as _;

use super::markdown::section;
use super::{fresh, printed, repository};

/// The table as it should stand in the README: every group in order, every verb in it with its one line.
fn expected() -> String {
    let space = fresh();
    let document: serde_json::Value = serde_json::from_str(&printed(space.path(), &["tasks", "--json"])).unwrap();
    let verbs = document["verbs"].as_array().unwrap();
    let overview = printed(space.path(), &[]);
    // Headings of the overview stand at the left edge, between the usage and the last sentence.
    let groups = overview.lines().filter(|line| line.starts_with(char::is_alphabetic) && !line.contains("cargo xtask"));
    let mut table = String::from("| group | target | what it does |\n|---|---|---|\n");
    for group in groups {
        let mut label = format!("**{group}**");
        let verbs: Vec<_> = verbs.iter().filter(|verb| verb["section"] == group).collect();
        for verb in &verbs {
            let (name, doc) = (verb["name"].as_str().unwrap(), verb["doc"].as_str().unwrap());
            writeln!(table, "| {} | `{name}` | {doc} |", std::mem::take(&mut label)).unwrap();
        }
        if verbs.is_empty() {
            writeln!(table, "| {label} | | not built yet |").unwrap();
        }
    }
    table.replace("|  |", "| |")
}

#[test]
fn the_table_of_targets_is_what_the_program_lists() {
    let (readme, expected) = (repository("README.md"), expected());
    assert!(expected.lines().count() > 15, "hardly anything was listed:\n{expected}");
    let found = section(&readme, "## Targets");
    assert!(found.contains(&expected), "put this table into the README, below `## Targets`:\n\n{expected}");
}

#[test]
fn every_option_that_all_targets_take_is_explained() {
    let readme = repository("README.md");
    let explained = section(&readme, "## Options and exit codes");
    let help = printed(fresh().path(), &["--help"]);
    let (_, options) = help.split_once("Options for every task:").unwrap();
    let options: Vec<&str> = options
        .split([' ', ',', '\n', '.'])
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .filter(|word| word[2..].starts_with(char::is_alphabetic))
        .collect();
    assert!(options.len() > 8, "{options:?}");
    for option in options {
        assert!(explained.contains(&format!("`{option}")), "`{option}` is not explained in the README");
    }
}
