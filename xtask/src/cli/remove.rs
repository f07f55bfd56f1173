//! The verbs `clean` and `clobber`: what is removed is listed first, and only things of this cluster are touched.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use super::context::{Chosen, Context};
use super::execute::{shown, take_lock};
use crate::sys::fs::remove;
use crate::sys::lock;
use crate::ui::json::Line;

/// Removes everything generated, except disks and what belongs to running machines.
pub(super) fn clean(context: &Context) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let layout = &chosen.layout;
    let kept = [layout.disks(), layout.run(), layout.state()];
    let found = entries(&chosen)?.into_iter().filter(|path| !kept.contains(path));
    // The lock lies among the state and is held meanwhile: that directory is emptied around it.
    let state = fs_err::read_dir(layout.state()).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let lock = lock::path_in(&layout.state());
    let doomed: Vec<PathBuf> = found.chain(state.filter(|path| *path != lock)).collect();
    act(context, &chosen, "clean", &doomed, false)
}

/// Removes everything of this cluster.
pub(super) fn clobber(context: &Context) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let doomed = if chosen.layout.cluster().exists() { vec![chosen.layout.cluster()] } else { Vec::new() };
    act(context, &chosen, "clobber", &doomed, true)
}

fn act(context: &Context, chosen: &Chosen, verb: &str, doomed: &[PathBuf], ask: bool) -> Result<ExitCode> {
    let say = |text: &str| {
        if !context.global.quiet {
            anstream::eprintln!("{text}");
        }
    };
    if doomed.is_empty() {
        say(&format!("{verb}: nothing to remove"));
        return Ok(ExitCode::SUCCESS);
    }
    if context.global.dry_run {
        for path in doomed {
            if context.global.json {
                Line::WouldRemove { path }.print();
            } else {
                anstream::println!("would remove {}", shown(path));
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let question = format!("remove {} with every key and disk in it", shown(&chosen.layout.cluster()));
    if ask && !context.ask(&question)? {
        say("nothing was removed");
        return Ok(ExitCode::FAILURE);
    }
    let lock = take_lock(context, chosen, verb)?;
    for path in doomed {
        remove(path)?;
        if context.global.json {
            Line::Removed { path }.print();
        } else {
            say(&format!("removed {}", shown(path)));
        }
    }
    drop(lock);
    Ok(ExitCode::SUCCESS)
}

/// What lies in the cluster's directory.
fn entries(chosen: &Chosen) -> Result<Vec<PathBuf>> {
    let dir = chosen.layout.cluster();
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = fs_err::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
