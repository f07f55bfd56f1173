//! The table of keys, the defaults, the teaching `cluster.env` and the documentation say the same.

use super::*;

use std::collections::{BTreeMap, BTreeSet};

use xtask::config::{KEYS, Scope};

fn repository(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs_err::read_to_string(root.join(path)).unwrap()
}

/// `KEY=value` lines, without those that are commented out.
fn assignments(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect()
}

#[test]
fn the_teaching_file_sets_every_default_and_nothing_else() {
    let (teaching, defaults) = (repository("cluster.env"), repository("xtask/src/config/defaults.env"));
    assert_eq!(assignments(&teaching), assignments(&defaults));
    let loaded = good(&teaching);
    assert!(loaded.warnings.is_empty());
    assert!(loaded.settings.iter().all(|setting| !setting.is_changed()));
}

#[test]
fn the_teaching_file_names_every_key() {
    let text = repository("cluster.env");
    for key in KEYS {
        let name = if key.is_global() { format!("{}=", key.name) } else { format!("#{}_", key.name) };
        assert!(
            text.lines().any(|line| line.trim_start_matches('#').starts_with(name.trim_start_matches('#'))),
            "{}",
            key.name
        );
    }
}

/// Whoever takes the `#` off an example must get something that works, but for files that are theirs.
#[test]
fn the_examples_in_the_teaching_file_are_fine() {
    let text = repository("cluster.env");
    let lines: Vec<&str> = text
        .lines()
        .map(|line| {
            let example = line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
            example.filter(|rest| rest.contains('=') && !rest.starts_with("ISO_PATH")).unwrap_or(line)
        })
        .collect();
    let space = Space::new(lines.join("\n"));
    space.write("corporate-ca.pem", "-----BEGIN CERTIFICATE-----\n");
    let loaded = space.load().unwrap_or_else(|report| panic!("{}", plain(&report)));
    assert!(loaded.warnings.is_empty(), "{}", plain(&loaded.warnings));
}

#[test]
fn the_documentation_has_every_key_with_its_default() {
    let text = repository("docs/configuration.md");
    let defaults = repository("xtask/src/config/defaults.env");
    let defaults = assignments(&defaults);
    let rows: BTreeSet<(String, String)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(key, rest)| (key.to_string(), rest.split(" |").next().unwrap_or_default().trim_matches('`').to_string()))
        .collect();
    for key in KEYS {
        let expected = match key.scope {
            Scope::Cluster => (key.name.to_string(), defaults[key.name].trim_matches('"').to_string()),
            Scope::Optional => (key.name.to_string(), "-".to_string()),
            Scope::Node(_) => {
                let name = format!("{}_<node>", key.name);
                assert!(rows.iter().any(|(row, _)| *row == name), "no row for {name}");
                continue;
            }
        };
        assert!(rows.contains(&expected), "no row {expected:?}");
    }
}
