//! Every key, misspelt in every way a single slip of the finger can, and arbitrary bytes.

use super::*;

use std::collections::BTreeSet;

use proptest::prelude::*;
use xtask::config::KEYS;

/// The word with one letter left out, replaced, put in, or two swapped.
fn misspelt(word: &str) -> BTreeSet<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut all = BTreeSet::new();
    for at in 0..letters.len() {
        let mut changed = letters.clone();
        changed.remove(at);
        all.insert(changed.iter().collect());
        let mut changed = letters.clone();
        changed[at] = if letters[at] == 'X' { 'Q' } else { 'X' };
        all.insert(changed.iter().collect());
        let mut changed = letters.clone();
        changed.insert(at, 'Q');
        all.insert(changed.iter().collect());
        let mut changed = letters.clone();
        changed.swap(at, (at + 1).min(letters.len() - 1));
        all.insert(changed.iter().collect());
    }
    all.insert(format!("{word}S"));
    all.insert(word.to_lowercase());
    all
}

#[test]
fn every_misspelt_key_gets_its_suggestion() {
    let nodes = "CONTROL_PLANE_NAMES=north\nWORKER_NAMES='south'\n";
    let keys: BTreeSet<String> = KEYS
        .iter()
        .flat_map(|key| {
            if key.is_global() { vec![key.name.into()] } else { vec![key.of_node("north"), key.of_node("south")] }
        })
        .filter(|key| !["API_PORT_south", "KUBELET_PORT_north"].contains(&key.as_str()))
        .collect();
    let mut count = 0;
    for key in &keys {
        let words: Vec<String> = misspelt(key).into_iter().filter(|word| !keys.contains(word)).collect();
        let report = bad(format!("{nodes}{}=1\n", words.join("=1\n")));
        for word in &words {
            let found = report.diagnostics().iter().find(|d| d.key.as_deref() == Some(word));
            let help = &found.unwrap_or_else(|| panic!("{word} passes for a key")).help;
            assert!(help.contains(&format!("`{key}`")), "{word} for {key}: {help}");
            count += 1;
        }
    }
    assert!(count > 2000, "{count}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_give_a_cluster_or_a_report(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Err(report) = Space::new(&bytes).load() {
            prop_assert!(report.has_errors());
            prop_assert!(!report.render().is_empty());
        }
    }

    #[test]
    fn arbitrary_values_of_known_keys_give_a_cluster_or_a_report(
        lines in prop::collection::vec((0..KEYS.len(), "[ -~äé'\"]{0,20}|[0-9a-f.:/]{0,20}"), 1..8),
    ) {
        let lines: Vec<String> = lines.iter().map(|(key, value)| {
            let key = &KEYS[*key];
            let name = if key.is_global() { key.name.to_string() } else { key.of_node("sigma") };
            format!("{name}={value}\n")
        }).collect();
        if let Err(report) = Space::new(lines.concat()).load() {
            prop_assert!(report.has_errors());
            prop_assert!(!report.render().is_empty());
        }
    }
}
