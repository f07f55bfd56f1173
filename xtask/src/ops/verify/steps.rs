//! The steps of `test` as data: what is run, what it needs, what of it is worth seeing.
//!
//! It starts nothing, and does not know how a step ended.

use anyhow::{Result, bail};

/// One thing to prove.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The word that selects it.
    pub name: &'static str,
    /// What it proves, in half a line.
    pub about: &'static str,
    pub(super) command: &'static [&'static str],
    pub(super) environment: &'static [(&'static str, &'static str)],
    /// Whether its output is worth seeing while it runs; else it is shown only if the step fails.
    pub(super) live: bool,
    pub(super) tool: Tool,
    /// Must succeed for the step to mean anything: something remote that may be out of reach. Where it fails the
    /// step is reported and not held against anybody, on a build machine neither.
    pub(super) reach: Option<&'static [&'static str]>,
}

/// A program that a step needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool {
    /// Succeeds if it is there.
    pub(super) probe: &'static [&'static str],
    /// How to get it.
    pub(super) get: &'static str,
}

const CARGO: Tool = Tool { probe: &["cargo", "--version"], get: "see https://rustup.rs" };
const RUSTFMT: Tool = Tool { probe: &["cargo", "fmt", "--version"], get: "`rustup component add rustfmt`" };
const CLIPPY: Tool = Tool { probe: &["cargo", "clippy", "--version"], get: "`rustup component add clippy`" };
const DENY: Tool = Tool { probe: &["cargo", "deny", "--version"], get: "`cargo install cargo-deny --locked`" };

const STEPS: [Step; 6] = [
    Step {
        name: "fmt",
        about: "the source is formatted",
        command: &["cargo", "fmt", "--all", "--check"],
        tool: RUSTFMT,
        ..Step::PLAIN
    },
    Step {
        name: "deny",
        about: "licences, banned crates and sources of the dependencies",
        command: &["cargo", "deny", "--locked", "check", "licenses", "bans", "sources"],
        tool: DENY,
        ..Step::PLAIN
    },
    Step {
        name: "advisories",
        about: "no known vulnerability in the dependencies",
        command: &["cargo", "deny", "--locked", "check", "advisories"],
        // The database is a git repository: without this git may sit there asking for a password.
        environment: &[("GIT_TERMINAL_PROMPT", "0")],
        tool: DENY,
        reach: Some(&["cargo", "deny", "fetch", "db"]),
        ..Step::PLAIN
    },
    Step {
        name: "clippy",
        about: "lints, warnings being errors",
        command: &["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        tool: CLIPPY,
        ..Step::PLAIN
    },
    Step {
        name: "doc",
        about: "the documentation builds, warnings being errors",
        command: &["cargo", "doc", "--workspace", "--no-deps", "--locked"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        ..Step::PLAIN
    },
    // Last, so that the runner's own summary stands at the end.
    Step {
        name: "test",
        about: "unit and integration tests",
        command: &["cargo", "test", "--workspace", "--locked", "--no-fail-fast"],
        live: true,
        ..Step::PLAIN
    },
];

impl Step {
    pub(super) const PLAIN: Step =
        Step { name: "", about: "", command: &[], environment: &[], live: false, tool: CARGO, reach: None };
}

/// All steps, in the order in which they run.
pub fn steps() -> &'static [Step] {
    &STEPS
}

/// The named steps in their own order, or all.
pub(super) fn selected(names: &[String]) -> Result<Vec<Step>> {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known = STEPS.map(|step| step.name).join(", ");
        bail!("there is no step `{unknown}`; name some of {known}");
    }
    Ok(STEPS.into_iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selection_keeps_the_order_and_refuses_strangers() {
        let names = |select: &[&str]| -> Result<Vec<&str>> {
            let select: Vec<String> = select.iter().map(ToString::to_string).collect();
            Ok(selected(&select)?.iter().map(|step| step.name).collect())
        };
        assert_eq!(names(&["test", "fmt"]).unwrap(), ["fmt", "test"]);
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        let error = names(&["lint"]).unwrap_err().to_string();
        assert_eq!(error, "there is no step `lint`; name some of fmt, deny, advisories, clippy, doc, test");
    }
}
