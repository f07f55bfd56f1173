//! Verbs about the tool itself: lists, pictures, reasons, traces, completions.

use std::process::ExitCode;

use anstyle::Style;
use anyhow::{Context as _, Result, bail};
use clap::CommandFactory as _;
use serde_json::json;

use super::args::{Cli, Format, Global, Shell};
use super::context::{Context, Refused};
use super::execute::{known, look, shown};
use super::sections::{Section, verbs};
use crate::graph::{Force, trace_in};
use crate::ops::verify;
use crate::sys::fs::{Access, write_atomic};
use crate::ui::table::{Cell, Table, paint, terminal_width};

const HEADING: Style = Style::new().bold();
const NAME: Style = anstyle::AnsiColor::Cyan.on_default();

/// Every verb, for people or for programs.
pub(super) fn list(global: &Global) -> Result<ExitCode> {
    if global.json {
        anstream::println!("{}", serde_json::to_string_pretty(&json!({"verbs": verbs_as_data()}))?);
    } else {
        anstream::print!("{}", overview());
    }
    Ok(ExitCode::SUCCESS)
}

fn verbs_as_data() -> Vec<serde_json::Value> {
    let data = |(name, section, about): (String, Section, String)| json!({"name": name, "section": section.title(), "doc": about});
    verbs().into_iter().map(data).collect()
}

/// Every verb, in its section, one line each.
fn overview() -> String {
    let width = terminal_width();
    let verbs = verbs();
    let longest = verbs.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let mut out = format!("{}\n", paint("cargo xtask TASK [OPTIONS]", HEADING));
    for section in Section::ALL {
        let mut table = Table::new().indent(2);
        for (name, _, about) in verbs.iter().filter(|(_, of, _)| *of == section) {
            table.row([Cell::styled(format!("{name:longest$}"), NAME), about.clone().into()]);
        }
        let mut lines = table.render(width);
        if lines.is_empty() {
            lines = format!("  {}\n", paint("not built yet", Style::new().dimmed()));
        }
        out = format!("{out}\n{}\n{lines}", paint(section.title(), HEADING));
    }
    out + "\n`cargo xtask help TASK` says more about one of them,\n`cargo xtask --help` lists the options that all of them take\n"
}

/// Verbs, and the tasks of the graph behind them.
pub(super) fn tasks(context: &Context) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let graph = chosen.graph()?;
    let tasks = graph.tasks().map(|id| graph.export(id));
    if context.global.json {
        let document = json!({"verbs": verbs_as_data(), "tasks": tasks.collect::<Vec<_>>()});
        anstream::println!("{}", serde_json::to_string_pretty(&document)?);
        return Ok(ExitCode::SUCCESS);
    }
    anstream::print!("{}", overview());
    let mut table = Table::new().indent(2);
    for task in tasks.filter(|task| task.kind != "group") {
        table.row([Cell::styled(task.name, NAME), task.doc.into()]);
    }
    anstream::print!(
        "\n{}\n{}",
        paint("Tasks of the graph (`cargo xtask run TASK`)", HEADING),
        table.render(terminal_width())
    );
    Ok(ExitCode::SUCCESS)
}

/// Draws the graph.
pub(super) fn graph(context: &Context, format: Format, task: Option<&str>) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let graph = chosen.graph()?;
    let ids = match task {
        Some(task) => {
            known(&graph, &[task])?;
            graph.closure(&[task])
        }
        None => graph.tasks().collect(),
    };
    let format = if context.global.json { Format::Json } else { format };
    let text = match format {
        Format::Dot => graph.dot(&ids),
        Format::Mermaid => graph.mermaid(&ids),
        Format::Json => {
            serde_json::to_string_pretty(&ids.iter().map(|&id| graph.export(id)).collect::<Vec<_>>())? + "\n"
        }
    };
    anstream::print!("{text}");
    Ok(ExitCode::SUCCESS)
}

/// Says why tasks would run.
pub(super) fn explain(context: &Context, tasks: &[String]) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let targets: Vec<&str> = tasks.iter().map(String::as_str).collect();
    let mut global = context.global.clone();
    global.explain = true;
    let context = Context { global, root: context.root.clone() };
    let force = if context.global.force { Force::Everything } else { Force::Nothing };
    look(&context, &chosen, &chosen.graph()?, &targets, force)?;
    Ok(ExitCode::SUCCESS)
}

/// Hands out the trace of the last run that did something.
pub(super) fn trace(context: &Context, output: Option<&std::path::Path>) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let path = trace_in(&chosen.layout.state());
    if !path.is_file() {
        bail!("there is no trace yet: no run of this cluster has done anything");
    }
    let text = fs_err::read(&path)?;
    if context.global.json {
        anstream::println!("{}", String::from_utf8_lossy(&text));
        return Ok(ExitCode::SUCCESS);
    }
    let file = match output {
        Some(output) => {
            write_atomic(output, &text, Access::Public)?;
            output
        }
        None => &path,
    };
    anstream::println!("{}: open it in https://ui.perfetto.dev or chrome://tracing", shown(file));
    Ok(ExitCode::SUCCESS)
}

/// Prints completions. They are for a command called `xtask`: `alias xtask='cargo xtask'` makes it one.
pub(super) fn completions(shell: Shell) -> ExitCode {
    let mut grammar = Cli::command().name("xtask").bin_name("xtask");
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    clap_complete::generate(shell, &mut grammar, "xtask", &mut std::io::stdout());
    ExitCode::SUCCESS
}

/// Runs the proof of the project.
pub(super) fn test(context: &Context, list: bool, steps: &[String]) -> Result<ExitCode> {
    if list && context.global.json {
        let steps: Vec<_> = verify::steps().iter().map(|step| json!({"name": step.name, "doc": step.about})).collect();
        anstream::println!("{}", serde_json::to_string_pretty(&steps)?);
        return Ok(ExitCode::SUCCESS);
    }
    if list {
        let mut table = Table::new();
        for step in verify::steps() {
            table.row([Cell::styled(step.name, NAME), step.about.into()]);
        }
        anstream::print!("{}", table.render(terminal_width()));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = steps.iter().find(|name| verify::steps().iter().all(|step| step.name != **name)) {
        bail!(Refused(format!("there is no step `{unknown}`: `cargo xtask test --list` shows them")));
    }
    let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    let summary = verify::run(&context.root, steps, ci).context("cannot run the tests")?;
    Ok(if summary.ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
