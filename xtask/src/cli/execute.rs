//! Runs tasks of the plan for a verb: the lock, signals, the listener, the exit code.
//!
//! It does not know what the tasks do.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use time::OffsetDateTime;

use super::context::{Chosen, Context, Refused};
use crate::graph::{Explained, Force, Graph, Memory, Observer, Options, Reason, Session, Summary};
use crate::sys::children::Children;
use crate::sys::fs::{Access, create_dir, sweep};
use crate::sys::lock::{self, Holder, Lock, Patience};
use crate::sys::signals;
use crate::ui;

/// What a killed run left behind may go on for so long before we give up waiting for it.
const LEFTOVERS: Duration = Duration::from_secs(30);

/// Exit code of a run.
pub(super) fn exit_code(summary: &Summary) -> ExitCode {
    match (summary.interrupted, summary.is_success()) {
        (true, _) => ExitCode::from(u8::try_from(signals::INTERRUPTED).unwrap_or(u8::MAX)),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    }
}

/// Runs these tasks and what they depend on, or only tells about it, as the options say. `None` when nothing was run.
pub(super) fn execute(
    context: &Context,
    chosen: &Chosen,
    asked: &str,
    targets: &[&str],
    force: Force,
) -> Result<Option<Summary>> {
    let graph = chosen.graph()?;
    known(&graph, targets)?;
    if context.global.dry_run {
        look(context, chosen, &graph, targets, force)?;
        return Ok(None);
    }
    let lock = take_lock(context, chosen, asked)?;
    let layout = &chosen.layout;
    for dir in [layout.pki(), layout.kubeconfig(), layout.ssh(), layout.facts(), layout.stage(), layout.state()] {
        sweep(&dir)?;
    }
    let children = Arc::new(Children::default());
    signals::listen(Arc::clone(&children))?;
    let leash = lock.leash()?;
    let memory = Memory::load(&chosen.layout.state())?;
    let mut session = Session::new(&graph, memory, &context.root, &chosen.layout.logs())?;
    let survey = session.survey(targets, force)?;
    if context.global.explain {
        tell(context, &graph, &session.explain(&survey), false);
    }
    let jobs = context.global.jobs.map_or_else(cores, usize::from);
    let options = Options {
        jobs,
        keep_going: context.global.keep_going,
        pools: &[("console", 1)],
        children: &children,
        leash: Some(&leash),
    };
    let observer: Box<dyn Observer> = if context.global.json {
        Box::new(ui::json::Lines)
    } else {
        Box::new(ui::run::Human::new(asked, context.verbosity(), std::io::stderr().is_terminal()))
    };
    session.run(survey, &options, &*observer).map(Some)
}

/// Tells what would run and why, without a lock and without changing anything.
pub(super) fn look(
    context: &Context,
    chosen: &Chosen,
    graph: &Graph<'_>,
    targets: &[&str],
    force: Force,
) -> Result<Vec<Explained>> {
    known(graph, targets)?;
    let memory = Memory::peek(&chosen.layout.state());
    let session = Session::new(graph, memory, &context.root, &chosen.layout.logs())?;
    let survey = session.survey(targets, force)?;
    let explained = session.explain(&survey);
    tell(context, graph, &explained, !context.global.explain);
    Ok(explained)
}

/// Refuses names that no task has, with the nearest one that a task does have.
pub(super) fn known(graph: &Graph<'_>, targets: &[&str]) -> Result<()> {
    for target in targets {
        if graph.find(target).is_none() {
            let near =
                graph.tasks().map(|id| graph.name(id)).min_by_key(|name| strsim::damerau_levenshtein(name, target));
            let near = near.filter(|name| strsim::damerau_levenshtein(name, target) <= 3);
            let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            bail!(Refused(format!("there is no task `{target}`{hint} (`cargo xtask tasks` lists them)")));
        }
    }
    Ok(())
}

fn tell(context: &Context, graph: &Graph<'_>, explained: &[Explained], stale_only: bool) {
    if context.global.json {
        for Explained { task, reason } in explained {
            let reason = reason.as_ref().map(ui::json::Why::of);
            ui::json::Line::Explained { task: graph.name(*task), reason }.print();
        }
        return;
    }
    let is_group = |explained: &&Explained| graph.export(explained.task).kind != "group";
    let tasks: Vec<&Explained> = explained.iter().filter(is_group).collect();
    let stale = tasks.iter().filter(|explained| explained.reason.is_some()).count();
    for Explained { task, reason } in tasks.iter().filter(|e| !stale_only || e.reason.is_some()) {
        let reason = reason.as_ref().map(|reason| upstream_tasks(graph, reason));
        anstream::print!("{}", ui::explain::full(graph.name(*task), reason.as_ref()));
    }
    let perhaps = tasks.iter().filter(|e| matches!(e.reason, Some(Reason::After(_)))).count();
    let perhaps =
        if perhaps > 0 { format!(" ({perhaps} of them only if what they read changes)") } else { String::new() };
    anstream::println!("{stale} of {} tasks would run{perhaps}", tasks.len());
}

/// Groups say nothing to a reader who wants to know what makes something new.
fn upstream_tasks(graph: &Graph<'_>, reason: &Reason) -> Reason {
    let Reason::After(names) = reason else { return reason.clone() };
    let makes = |name: &&String| graph.find(name).is_none_or(|id| graph.export(id).kind != "group");
    let kept: Vec<String> = names.iter().filter(makes).cloned().collect();
    Reason::After(if kept.is_empty() { names.clone() } else { kept })
}

/// One run at a time for each cluster.
pub(super) fn take_lock(context: &Context, chosen: &Chosen, asked: &str) -> Result<Lock> {
    let state = chosen.layout.state();
    create_dir(&state, Access::Secret)?;
    let patience = if context.global.wait { Patience::Forever } else { Patience::ForLeftovers(LEFTOVERS) };
    let waiting = |refused: &lock::Refused| anstream::eprintln!("waiting: {}", busy(refused));
    Lock::acquire(&lock::path_in(&state), asked, patience, waiting).map_err(|refused| match refused {
        lock::Refused::Error(error) => error,
        other => anyhow::anyhow!("{}", busy(&other)),
    })
}

fn busy(refused: &lock::Refused) -> String {
    let who = |holder: &Option<Holder>| match holder {
        Some(Holder { process, task, since }) => {
            let now = OffsetDateTime::now_utc().unix_timestamp();
            let ago = now.saturating_sub(i64::try_from(*since).unwrap_or(now)).max(0);
            format!("pid {}, `{task}`, since {ago} s", process.pid)
        }
        None => "it did not say who it is".to_string(),
    };
    match refused {
        lock::Refused::Held(holder) => {
            format!("another run of this cluster is at work ({}); --wait waits for it", who(holder))
        }
        lock::Refused::Leftovers(holder) => {
            format!(
                "a run that was killed ({}) left commands that are still at work; --wait waits for them",
                who(holder)
            )
        }
        lock::Refused::Error(error) => format!("{error:#}"),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The current directory's view of a path, for messages.
pub(super) fn shown(path: &std::path::Path) -> String {
    let here = std::env::current_dir().context("no current directory").unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}
