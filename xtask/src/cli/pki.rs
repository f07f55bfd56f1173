//! The verb `pki`: make, force, renew, show, and say what follows for nodes that run with the old credentials.

use std::process::ExitCode;

use anyhow::Result;
use time::OffsetDateTime;

use super::args::Renew;
use super::context::{Chosen, Context};
use super::execute::{execute, exit_code, shown};
use crate::graph::Force;
use crate::pki::{self, Kind, Renewal};
use crate::plan::certificate_task;
use crate::sys::fs::{Access, create_dir};
use crate::ui;

/// What follows when everything is new, authorities included.
const FORCED: &str = "nodes that run with the old credentials know nothing of the new ones: they must be reconfigured";
/// What follows when only leaves are new.
const RENEWED: &str =
    "nodes keep their old certificates until they are given the new ones; meanwhile both are believed";

/// Makes what is asked for, and afterwards warns of what ends soon.
pub(super) fn make(context: &Context, asked: &str, renew: Option<Renew>) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    // Closed even when somebody opened it, or made it by hand: names of files tell something, too.
    for dir in [chosen.layout.pki(), chosen.layout.kubeconfig(), chosen.layout.ssh()] {
        if !context.global.dry_run && dir.is_dir() {
            create_dir(&dir, Access::Secret)?;
        }
    }
    let force = force(context, &chosen, renew);
    let forced = force != Force::Nothing && force != Force::Only(Vec::new());
    let Some(summary) = execute(context, &chosen, asked, &[asked], force)? else { return Ok(ExitCode::SUCCESS) };
    if summary.is_success() && !context.global.quiet && !context.global.json {
        if forced && summary.done > 0 {
            anstream::eprintln!("{}", if renew.is_some() { RENEWED } else { FORCED });
        }
        if summary.done > 0 {
            tell_of_keys_aside(&chosen);
        }
        warn_of_ends(&chosen);
    }
    Ok(exit_code(&summary))
}

fn tell_of_keys_aside(chosen: &Chosen) {
    let keys = pki::keys_aside(&chosen.layout.pki());
    if !keys.is_empty() {
        let names: Vec<String> = keys.iter().map(|path| shown(path)).collect();
        anstream::eprintln!(
            "an authority was replaced, and what was there lies aside: {}; remove it once nothing needs it",
            names.join(", ")
        );
    }
}

fn force(context: &Context, chosen: &Chosen, renew: Option<Renew>) -> Force {
    let rows = pki::table(&chosen.loaded.cluster);
    let leaves = || rows.iter().filter(|row| row.kind == Kind::Leaf).map(|row| row.name.clone());
    let names: Vec<String> = match (context.global.force, renew) {
        (true, _) => return Force::Everything,
        (false, None) => return Force::Nothing,
        (false, Some(Renew::All)) => leaves().collect(),
        (false, Some(Renew::Ending)) => ending(chosen).into_iter().filter(Renewal::helps).map(|r| r.name).collect(),
    };
    Force::Only(names.iter().map(|name| certificate_task(name)).collect())
}

fn ending(chosen: &Chosen) -> Vec<Renewal> {
    let cluster = &chosen.loaded.cluster;
    let (rows, now) = (pki::table(cluster), OffsetDateTime::now_utc());
    pki::renewable(&rows, &chosen.layout.pki(), now, cluster.lifetimes.renew)
}

fn warn_of_ends(chosen: &Chosen) {
    let ending = ending(chosen);
    let (renewable, doomed): (Vec<&Renewal>, Vec<&Renewal>) = ending.iter().partition(|renewal| renewal.helps());
    if let Some(first) = renewable.iter().map(|renewal| renewal.days_left).min() {
        let names: Vec<&str> = renewable.iter().map(|renewal| renewal.name.as_str()).collect();
        let when = if first < 0 { "the first has ended".to_string() } else { format!("the first in {first} days") };
        anstream::eprintln!("ending soon, {when}: {}; renew with `cargo xtask pki --renew`", names.join(", "));
    }
    if let Some(authority) = doomed.iter().find_map(|renewal| renewal.ends_with) {
        anstream::eprintln!(
            "the authority `{authority}` itself ends soon, and all it signed with it: `cargo xtask pki --force` replaces it"
        );
    }
}

/// Shows every certificate.
pub(super) fn show(context: &Context) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let shown = pki::show(&chosen.loaded.cluster, &chosen.layout.pki(), OffsetDateTime::now_utc());
    if context.global.json {
        anstream::println!("{}", serde_json::to_string_pretty(&shown)?);
    } else {
        anstream::print!("{}", ui::pki::human(&shown, ui::table::terminal_width()));
    }
    Ok(ExitCode::SUCCESS)
}
