//! Every node of every fixture as Nix evaluated it, and what is read of one.
//!
//! It does not know what ought to be in it.

use std::sync::OnceLock;

use serde_json::Value;
use xtask::config::{self, Role};

use crate::fixtures::{FIXTURES, Fixture};
use crate::instantiate::node;

/// A node of a fixture: its facts, and what Nix made of them.
pub(crate) struct Evaluated {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) facts: Value,
    pub(crate) node: Value,
}

/// Every node of every fixture, evaluated once.
pub(crate) fn nodes() -> &'static [Evaluated] {
    static NODES: OnceLock<Vec<Evaluated>> = OnceLock::new();
    NODES.get_or_init(|| FIXTURES.into_iter().flat_map(evaluated).collect())
}

fn evaluated(fixture: Fixture) -> Vec<Evaluated> {
    let machines = fixture.cluster().nodes.into_iter();
    let evaluate = |machine: config::Node| {
        let file = fixture.file(&machine.name);
        Evaluated {
            name: format!("{}/{}", fixture.name, machine.name),
            role: machine.role,
            facts: serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap(),
            node: node(&file).unwrap(),
        }
    };
    machines.map(evaluate).collect()
}

pub(crate) fn of(role: Role) -> impl Iterator<Item = &'static Evaluated> {
    nodes().iter().filter(move |node| node.role == role)
}

/// The flags of a unit's command line.
pub(crate) fn flags(node: &Value, unit: &str) -> Vec<String> {
    let command = node["systemd"]["services"][unit]["serviceConfig"]["ExecStart"].as_str().unwrap();
    command.split(" \\\n  ").skip(1).map(String::from).collect()
}

pub(crate) fn has_flag(node: &Value, unit: &str, flag: &str) -> bool {
    flags(node, unit).iter().any(|own| own == flag)
}

/// The text of a file below /etc.
pub(crate) fn etc(node: &Value, file: &str) -> Value {
    let text = node["environment"]["etc"][file]["text"].as_str().unwrap_or_else(|| panic!("no file `{file}`"));
    serde_json::from_str(text).unwrap()
}
