//! The verbs `stage` and `nix`: what each node is installed from, looked at before any machine exists.
//!
//! It finds nodes and prints; what a node is made of is known below.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::args::NixVerb;
use super::context::{Chosen, Context, Refused};
use super::execute::{execute, exit_code};
use crate::config::Node;
use crate::graph::Force;
use crate::nix::{Difference, Nix, Page, compare, pages};
use crate::plan::{self, nodes_named, stage_task};
use crate::sys::fs::{Access, write_atomic};
use crate::ui::table::paint;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const TITLE: Style = Style::new().bold();

/// Linters of Nix that are used when they are there, with the argument that makes findings an error and how to get one.
const LINTERS: [(&str, &[&str], &str); 2] = [
    ("deadnix", &["--fail"], "cargo install deadnix --locked"),
    // Not by cargo: the crate of its name is another program.
    ("statix", &["check"], "nix-shell -p statix"),
];

/// Stages nodes.
pub(super) fn stage(context: &Context, names: &[String]) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let tasks: Vec<String> = nodes(&chosen, names)?.iter().map(|node| stage_task(&node.name)).collect();
    let targets: Vec<&str> = tasks.iter().map(String::as_str).collect();
    // Staging anew is no reason to make the authorities anew.
    let force = if context.global.force { Force::Only(tasks.clone()) } else { Force::Nothing };
    let summary = execute(context, &chosen, "stage", &targets, force)?;
    Ok(summary.map_or(ExitCode::SUCCESS, |summary| exit_code(&summary)))
}

/// The group of verbs around the evaluated configuration.
pub(super) fn verb(context: &Context, verb: &NixVerb) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let host = Host { nix: Nix::find()?, scratch: tempfile::tempdir()?, chosen };
    match verb {
        NixVerb::Check => Ok(check(context, &host)),
        NixVerb::Show { node, page } => show(context, &host, node, page.as_deref()),
        NixVerb::Diff { nodes } => diff(context, &host, nodes),
    }
}

/// What all of these verbs need.
struct Host {
    nix: Nix,
    /// Facts of nodes that are only looked at.
    scratch: tempfile::TempDir,
    chosen: Chosen,
}

impl Host {
    fn tree(&self) -> PathBuf {
        self.chosen.layout.nix()
    }

    /// The node as `cluster.env` and `nix/` describe it now.
    fn now(&self, node: &Node) -> Result<Vec<Page>> {
        let facts = self.scratch.path().join(format!("{}.json", node.name));
        write_atomic(&facts, plan::draft(&self.chosen.basis(), node)?.as_bytes(), Access::Public)?;
        self.evaluate(&facts, &self.tree())
    }

    fn evaluate(&self, facts: &Path, tree: &Path) -> Result<Vec<Page>> {
        let value = self.nix.call(&self.tree().join("harness"), &[("facts", facts), ("tree", tree)])?;
        Ok(pages(&value))
    }
}

fn nodes<'c>(chosen: &'c Chosen, names: &[String]) -> Result<Vec<&'c Node>> {
    nodes_named(&chosen.loaded.cluster, names).map_err(|why| Refused(why).into())
}

/// Parses, lints and evaluates.
fn check(context: &Context, host: &Host) -> ExitCode {
    let mut failures = 0;
    let mut report = |what: String, result: Result<String>| {
        let (good, text) = match &result {
            Ok(text) => (true, text.clone()),
            Err(error) => (false, format!("{error:#}")),
        };
        failures += usize::from(!good);
        if context.global.json {
            anstream::println!("{}", json!({"check": what, "ok": good, "text": text}));
        } else if !good || !context.global.quiet {
            let mark = if good { paint("ok", GOOD) } else { paint("no", BAD) };
            anstream::println!("{mark}  {what}: {}", text.replace('\n', "\n    "));
        }
    };
    report("parse".into(), parse_all(host));
    for (linter, arguments, get) in LINTERS {
        report(format!("lint with {linter}"), lint(&host.tree(), linter, arguments, get));
    }
    for node in &host.chosen.loaded.cluster.nodes {
        let pages = host.now(node).map(|pages| format!("{} units and files", pages.len() - 1));
        report(format!("evaluate {}", node.name), pages);
    }
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse_all(host: &Host) -> Result<String> {
    let mut count = 0;
    for entry in walkdir::WalkDir::new(host.tree()).sort_by_file_name() {
        let entry = entry?;
        if entry.path().extension().is_some_and(|kind| kind == "nix") {
            host.nix.parse(entry.path())?;
            count += 1;
        }
    }
    if count == 0 {
        bail!("there is no Nix file in `{}`", host.tree().display());
    }
    Ok(format!("{count} files, by {}", host.nix.version))
}

fn lint(tree: &Path, linter: &str, arguments: &[&str], get: &str) -> Result<String> {
    let arguments = arguments.iter().map(std::ffi::OsString::from).chain([tree.into()]);
    let command = duct::cmd(linter, arguments).stdin_null().stderr_to_stdout().stdout_capture().unchecked();
    match command.run() {
        Ok(output) if output.status.success() => Ok("clean".to_string()),
        Ok(output) => bail!("{}", String::from_utf8_lossy(&output.stdout).trim_end()),
        Err(_) => Ok(format!("not installed, so it had no say (`{get}`)")),
    }
}

/// Shows one unit or file of a node, or the list of them.
fn show(context: &Context, host: &Host, node: &str, wanted: Option<&str>) -> Result<ExitCode> {
    let nodes = nodes(&host.chosen, &[node.to_string()])?;
    let node = nodes.first().context("BUG: one name is one node")?;
    let pages = host.now(node).with_context(|| format!("evaluating `{}`", node.name))?;
    let fits = |page: &&Page| wanted.is_none_or(|wanted| is_called(&page.title, wanted));
    let found: Vec<&Page> = pages.iter().filter(fits).collect();
    if context.global.json {
        let pages: Vec<_> = found.iter().map(|page| json!({"title": page.title, "text": page.text})).collect();
        anstream::println!("{}", serde_json::to_string_pretty(&pages)?);
        return Ok(ExitCode::SUCCESS);
    }
    match (wanted, found.as_slice()) {
        (None, pages) => pages.iter().for_each(|page| anstream::println!("{}", page.title)),
        (Some(wanted), []) => {
            let titles: Vec<&str> = pages.iter().map(|page| page.title.as_str()).collect();
            let list = titles.join("\n    ");
            bail!(Refused(format!("`{}` has no unit or file `{wanted}`; it has\n    {list}", node.name)));
        }
        (Some(_), found) => {
            for page in found {
                anstream::println!("{}\n{}", paint(&format!("# {}", page.title), TITLE), page.text);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a page is meant: by its whole title, or without the kind of a unit and what is said of a file.
fn is_called(title: &str, wanted: &str) -> bool {
    let path = title.split(' ').next().unwrap_or(title);
    [title, path].contains(&wanted) || title.strip_suffix(".service") == Some(wanted)
}

/// What became different since the nodes were staged.
fn diff(context: &Context, host: &Host, names: &[String]) -> Result<ExitCode> {
    let mut found = Vec::new();
    for node in nodes(&host.chosen, names)? {
        let staged = host.chosen.layout.stage().join(&node.name).join("nixos");
        if !staged.is_dir() {
            bail!("`{}` was never staged, so there is nothing to compare with: `cargo xtask stage` first", node.name);
        }
        let before = host.evaluate(&staged.join("facts.json"), &staged)?;
        found.extend(compare(&before, &host.now(node)?).into_iter().map(|difference| (node.name.clone(), difference)));
    }
    if context.global.json {
        let json = found.iter().map(|(node, d)| json!({"node": node, "title": d.title, "lines": d.lines}));
        anstream::println!("{}", serde_json::to_string_pretty(&json.collect::<Vec<_>>())?);
        return Ok(ExitCode::SUCCESS);
    }
    for (node, Difference { title, lines }) in &found {
        anstream::println!("{}", paint(&format!("{node}: {title}"), TITLE));
        for line in lines {
            let style = match line.as_bytes().first() {
                Some(b'-') => BAD,
                Some(b'+') => GOOD,
                _ => Style::new(),
            };
            anstream::println!("  {}", paint(line, style));
        }
    }
    if found.is_empty() && !context.global.quiet {
        anstream::println!("every node is staged as it is described");
    }
    Ok(ExitCode::SUCCESS)
}
