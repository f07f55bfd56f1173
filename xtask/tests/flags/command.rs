//! The command line of a unit, as data.
//!
//! It reads what Nix evaluated the way systemd would. It starts nothing.

use std::collections::BTreeMap;

use serde_json::Value;

/// A program, what it is told, and its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
}

impl Command {
    /// What the unit of a node starts; `None` if the node has no such unit.
    pub(crate) fn of(node: &Value, unit: &str) -> Option<Command> {
        let service = node["systemd"]["services"].get(unit)?;
        let line = service["serviceConfig"]["ExecStart"].as_str()?;
        // A backslash at the end of a line continues it; a doubled % or $ is a plain one.
        let words = line.split_whitespace().filter(|word| *word != "\\");
        let mut words = words.map(|word| word.replace("%%", "%").replace("$$", "$"));
        let program = words.next()?;
        let variables = service.get("environment").and_then(Value::as_object).into_iter().flatten();
        let environment = variables.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_string()));
        Some(Command { program, arguments: words.collect(), environment: environment.collect() })
    }

    /// The same with one more argument.
    pub(crate) fn and(mut self, argument: impl Into<String>) -> Command {
        self.arguments.push(argument.into());
        self
    }

    /// The name of the program, without its directory.
    pub(crate) fn name(&self) -> &str {
        self.program.rsplit('/').next().unwrap_or(&self.program)
    }
}

#[test]
fn a_command_line_is_read_as_systemd_reads_it() {
    let line = "/pkgs/x/bin/sailor \\\n  --rum=100%% \\\n  --price=$$5";
    let node = serde_json::json!({"systemd": {"services": {"ship": {
        "environment": {"SEA": "calm"},
        "serviceConfig": {"ExecStart": line},
    }}}});
    let command = Command::of(&node, "ship").unwrap().and("--last");
    assert_eq!(command.name(), "sailor");
    assert_eq!(command.arguments, ["--rum=100%", "--price=$5", "--last"]);
    assert_eq!(command.environment["SEA"], "calm");
    assert_eq!(Command::of(&node, "boat"), None);
}
