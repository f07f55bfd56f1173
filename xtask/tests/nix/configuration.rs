//! What every fixture node is configured to be: in full for the default cluster, as a difference to it for the others.
//!
//! It does not say what is right: whoever accepts a snapshot does.

use std::time::{Duration, Instant};

use similar::TextDiff;

use crate::fixtures::{FIXTURES, Fixture};
use crate::instantiate::{have_nix, node};

fn rendered(fixture: &str, name: &str) -> String {
    xtask::nix::node(&node(&Fixture::named(fixture).file(name)).unwrap())
}

/// What is otherwise, without the numbers of lines: they would move with every line above.
fn difference(before: &str, after: &str) -> String {
    let difference = TextDiff::from_lines(before, after).unified_diff().context_radius(0).to_string();
    let lines = difference.lines().map(|line| if line.starts_with("@@ ") { "@@" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_cluster_in_full() {
    if !have_nix() {
        return;
    }
    insta::assert_snapshot!("control-plane", rendered("default", "alpha"));
    insta::assert_snapshot!("worker", rendered("default", "sigma"));
}

#[test]
fn the_other_clusters_as_a_difference_to_it() {
    if !have_nix() {
        return;
    }
    for fixture in FIXTURES.into_iter().filter(|fixture| fixture.name != "default") {
        let cluster = fixture.cluster();
        let worker = cluster.workers().next().unwrap();
        for (machine, model) in [(cluster.first_control_plane(), "alpha"), (worker, "sigma")] {
            let difference = difference(&rendered("default", model), &rendered(fixture.name, &machine.name));
            insta::assert_snapshot!(format!("{}-{}", fixture.name, machine.role), difference);
        }
    }
}

#[test]
fn a_whole_node_is_evaluated_in_well_under_a_second() {
    if !have_nix() {
        return;
    }
    let file = Fixture::named("default").file("alpha");
    let took = (0..3).map(|_| {
        let start = Instant::now();
        node(&file).unwrap();
        start.elapsed()
    });
    let best = took.min().unwrap();
    assert!(best < Duration::from_secs(1), "{best:?}");
}
