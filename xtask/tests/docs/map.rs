//! `docs/architecture.md` is a map of what is there: every module and every file of tests is on it, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use super::markdown::{section, spans};
use super::{repository, root};

/// Rust files and directories with Rust files in them, below `under` and relative to it; a directory ends in `/`.
fn places(under: &str) -> BTreeSet<String> {
    let top = root().join(under);
    let walk = walkdir::WalkDir::new(&top).min_depth(1).into_iter().map(Result::unwrap);
    let relative = |path: &Path| path.strip_prefix(&top).unwrap().display().to_string();
    let entries = walk.filter(|entry| entry.path().extension().is_some_and(|e| e == "rs") || entry.path().is_dir());
    entries.map(|entry| relative(entry.path()) + if entry.path().is_dir() { "/" } else { "" }).collect()
}

/// Names of places in a section of the map.
fn named(heading: &str) -> BTreeSet<String> {
    let text = repository("docs/architecture.md");
    let spans = spans(section(&text, heading)).into_iter();
    let is_place = |span: &&str| Path::new(span).extension().is_some_and(|e| e == "rs") || span.ends_with('/');
    spans.filter(is_place).map(String::from).collect()
}

#[test]
fn every_module_is_on_the_map() {
    let (places, named) = (places("xtask/src"), named("## Code map"));
    // `x/mod.rs` is what `x/` means, and tests in a file of their own belong to the file beside them.
    let modules = places.iter().filter(|place| !place.ends_with("mod.rs") && !place.ends_with("/tests.rs"));
    let missing: Vec<_> = modules.filter(|place| !named.contains(*place)).collect();
    assert!(missing.is_empty(), "give these a line in `## Code map` of docs/architecture.md: {missing:?}");
    let gone: Vec<_> = named.difference(&places).collect();
    assert!(gone.is_empty(), "`## Code map` of docs/architecture.md still has {gone:?}");
}

#[test]
fn every_file_of_tests_is_on_the_map() {
    let (places, named) = (places("xtask/tests"), named("## What is tested where"));
    let top: Vec<_> = places.iter().filter(|place| !place.trim_end_matches('/').contains('/')).collect();
    let is_named = |place: &str| named.contains(&format!("tests/{place}"));
    // `x.rs` with helpers in `x/` needs one line only.
    let helper = |place: &str| places.contains(&format!("{}.rs", place.trim_end_matches('/')));
    let missing: Vec<_> = top.iter().filter(|place| !is_named(place) && !helper(place)).collect();
    assert!(missing.is_empty(), "give these a line in `## What is tested where` of docs/architecture.md: {missing:?}");
    let gone: Vec<_> = named.iter().filter(|name| !root().join("xtask").join(name).exists()).collect();
    assert!(gone.is_empty(), "`## What is tested where` of docs/architecture.md still has {gone:?}");
}
