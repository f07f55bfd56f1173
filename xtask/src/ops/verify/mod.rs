//! `test`: everything this machine can run to prove the source, as a list of steps.
//!
//! All steps run even if one fails; what they are is data, see [`steps`](fn@steps). It does not know what the tests
//! test, nor whether this is a build machine, where a step that cannot run is a failure: it is told.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use xshell::{Cmd, Shell};

mod steps;

pub use steps::{Step, steps};

use steps::selected;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It proved what it is for.
    Passed,
    /// It did not; its output has been shown.
    Failed,
    /// A program is missing: what, and how to get it.
    CouldNotRun(String),
    /// Something remote is out of reach: the last line of the attempt.
    OutOfReach(String),
}

/// How all of them ended.
#[derive(Debug, Clone)]
pub struct Summary {
    /// In the order in which they ran.
    pub results: Vec<(&'static str, Outcome, Duration)>,
    ci: bool,
}

impl Summary {
    /// Whether nothing failed; on a build machine also whether everything could run.
    pub fn ok(&self) -> bool {
        self.results.iter().all(|(_, outcome, _)| match outcome {
            Outcome::Passed | Outcome::OutOfReach(_) => true,
            Outcome::Failed => false,
            Outcome::CouldNotRun(_) => !self.ci,
        })
    }

    /// One sentence.
    pub fn sentence(&self) -> String {
        let named = |wanted: fn(&Outcome) -> bool| -> Vec<&str> {
            self.results.iter().filter(|(_, outcome, _)| wanted(outcome)).map(|(name, ..)| *name).collect()
        };
        let passed = named(|outcome| *outcome == Outcome::Passed).len();
        let mut sentence = format!("{passed} of {} steps passed", self.results.len());
        let rest = [
            ("failed", named(|outcome| *outcome == Outcome::Failed)),
            ("could not run", named(|outcome| matches!(outcome, Outcome::CouldNotRun(_)))),
            ("out of reach", named(|outcome| matches!(outcome, Outcome::OutOfReach(_)))),
        ];
        for (what, names) in rest.iter().filter(|(_, names)| !names.is_empty()) {
            sentence.push_str("; ");
            sentence.push_str(what);
            sentence.push_str(": ");
            sentence.push_str(&names.join(", "));
        }
        sentence
    }
}

/// Runs the steps that `select` names, or all. `ci`: a tool that is missing is a failure.
///
/// Prints a line for each step with its time.
pub fn run(root: &Path, select: &[String], ci: bool) -> Result<Summary> {
    run_steps(root, &selected(select)?, ci)
}

fn run_steps(root: &Path, steps: &[Step], ci: bool) -> Result<Summary> {
    let shell = Shell::new().context("cannot tell the current directory")?;
    shell.change_dir(root);
    let mut results = Vec::new();
    for step in steps {
        anstream::print!("{:<11} {} ... ", step.name, step.about);
        if step.live {
            anstream::println!();
        }
        // The line has no end yet, and the next thing may take minutes.
        std::io::stdout().flush().context("cannot write to the terminal")?;
        let start = Instant::now();
        let (outcome, output) = run_step(&shell, step);
        let time = start.elapsed();
        let again = if step.live { format!("{:<11} ", step.name) } else { String::new() };
        anstream::println!("{again}{}, {:.1} s", verdict(&outcome), time.as_secs_f32());
        if outcome == Outcome::Failed {
            anstream::println!("{}", output.trim_end());
        }
        results.push((step.name, outcome, time));
    }
    let summary = Summary { results, ci };
    anstream::println!("\n{}", summary.sentence());
    Ok(summary)
}

fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => "ok".to_string(),
        Outcome::Failed => "FAILED".to_string(),
        Outcome::CouldNotRun(why) => format!("could not run: {why}"),
        Outcome::OutOfReach(why) => format!("out of reach: {why}"),
    }
}

/// The outcome and, unless it was seen already, the output.
fn run_step(shell: &Shell, step: &Step) -> (Outcome, String) {
    if !capture(shell, step, step.tool.probe).0 {
        let command = step.tool.probe[..step.tool.probe.len() - 1].join(" ");
        return (
            Outcome::CouldNotRun(format!("there is no `{command}` here; get it with {}", step.tool.get)),
            String::new(),
        );
    }
    if let Some(reach) = step.reach {
        let (reached, output) = capture(shell, step, reach);
        if !reached {
            return (Outcome::OutOfReach(last_line(&output)), output);
        }
    }
    let (passed, output) = if step.live { watch(shell, step) } else { capture(shell, step, step.command) };
    (if passed { Outcome::Passed } else { Outcome::Failed }, output)
}

/// Runs a command with the terminal as its output.
fn watch(shell: &Shell, step: &Step) -> (bool, String) {
    match prepare(shell, step, step.command).run() {
        Ok(()) => (true, String::new()),
        Err(error) => (false, error.to_string()),
    }
}

/// Runs a command and keeps both of its streams.
fn capture(shell: &Shell, step: &Step, command: &[&str]) -> (bool, String) {
    match prepare(shell, step, command).ignore_status().output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            (output.status.success(), String::from_utf8_lossy(&text).into_owned())
        }
        Err(error) => (false, error.to_string()),
    }
}

fn prepare<'a>(shell: &'a Shell, step: &Step, command: &[&str]) -> Cmd<'a> {
    let (program, arguments) = command.split_first().expect("BUG: a step has a command");
    let mut prepared = shell.cmd(program).args(arguments).quiet();
    for name in std::env::vars_os().map(|(name, _)| name).filter(about_this_package) {
        prepared = prepared.env_remove(name);
    }
    prepared.envs(step.environment.iter().copied())
}

/// What cargo tells the programs it runs about their package. Handed on to another cargo, build scripts that watch
/// these variables would run again, and again in the next plain `cargo build`.
fn about_this_package(name: &OsString) -> bool {
    let told = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"];
    name.to_str().is_some_and(|name| told.iter().any(|prefix| name.starts_with(prefix)))
}

fn last_line(output: &str) -> String {
    output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("no reason given").to_string()
}

#[cfg(test)]
mod tests {
    use super::steps::Tool;
    use super::*;

    const SH: Tool = Tool { probe: &["sh", "-c", "true"], get: "nothing" };
    const NONE: Tool = Tool { probe: &["no-such-tool-anywhere", "--version"], get: "a miracle" };

    fn step(name: &'static str, command: &'static [&'static str], tool: Tool) -> Step {
        Step { name, command, tool, ..Step::PLAIN }
    }

    fn outcomes(steps: &[Step], ci: bool) -> (Vec<Outcome>, bool, String) {
        let summary = run_steps(Path::new("/"), steps, ci).unwrap();
        let ok = summary.ok();
        let sentence = summary.sentence();
        (summary.results.into_iter().map(|(_, outcome, _)| outcome).collect(), ok, sentence)
    }

    #[test]
    fn every_step_runs_and_every_failure_counts() {
        let steps = [step("bad", &["sh", "-c", "exit 3"], SH), step("good", &["true"], SH)];
        let (all, ok, sentence) = outcomes(&steps, false);
        assert_eq!(all, [Outcome::Failed, Outcome::Passed]);
        assert!(!ok);
        assert_eq!(sentence, "1 of 2 steps passed; failed: bad");
        let live = Step { live: true, ..step("live", &["false"], SH) };
        assert_eq!(outcomes(&[live], false).0, [Outcome::Failed]);
    }

    #[test]
    fn a_missing_tool_fails_the_build_machine_only() {
        let steps = [step("bare", &["true"], NONE)];
        let (all, ok, _) = outcomes(&steps, false);
        let why = "there is no `no-such-tool-anywhere` here; get it with a miracle";
        assert_eq!(all, [Outcome::CouldNotRun(why.into())]);
        assert!(ok && !outcomes(&steps, true).1);
    }

    #[test]
    fn out_of_reach_is_reported_and_within_reach_is_strict() {
        let away: &[&str] = &["sh", "-c", "echo trying; echo no route >&2; exit 1"];
        let out = Step { reach: Some(away), ..step("remote", &["false"], SH) };
        let (all, ok, sentence) = outcomes(&[out], true);
        assert_eq!(all, [Outcome::OutOfReach("no route".into())]);
        assert!(ok);
        assert_eq!(sentence, "0 of 1 steps passed; out of reach: remote");
        let within = Step { reach: Some(&["true"]), ..out };
        assert_eq!(outcomes(&[within], false).0, [Outcome::Failed]);
    }

    #[test]
    fn cargo_is_not_told_about_the_package_that_runs_it() {
        for (name, told) in
            [("CARGO_PKG_NAME", true), ("CARGO_MANIFEST_DIR", true), ("CARGO_HOME", false), ("CI", false)]
        {
            assert_eq!(about_this_package(&name.into()), told, "{name}");
        }
    }
}
