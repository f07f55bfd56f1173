//! The verbs `all` and `check`.

use std::process::ExitCode;

use anyhow::{Result, bail};

use super::check::table;
use super::context::{Chosen, Context, Refused};
use super::execute::{execute, exit_code};
use crate::graph::Force;
use crate::ops::check::fix::{self, Fix};
use crate::ops::check::{Finding, Host, examine, packages, ready};
use crate::ui::table::terminal_width;

/// Looks at this host, and with `fix` installs what is missing.
pub(super) fn check(context: &Context, fix_it: bool) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let host = Host::detect()?;
    let mut findings = examine(&host, &chosen.loaded.cluster, &chosen.layout);
    if fix_it && !context.global.dry_run {
        let yes = context.global.yes;
        findings = fix::run_fix(findings, &host, &chosen.loaded.cluster, &chosen.layout, yes)?;
    }
    show(context, &findings)?;
    if fix_it && context.global.dry_run {
        anstream::eprint!("{}", would_fix(&findings, &host));
    }
    Ok(if ready(&findings) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What `--fix` would do, in lines.
fn would_fix(findings: &[Finding], host: &Host) -> String {
    let Some(Fix { commands, by_hand }) = fix::fix_command(findings, host) else {
        return "nothing needed is missing\n".to_string();
    };
    let commands = commands.iter().map(|argv| format!("would run: {}\n", packages::shown(argv)));
    commands.chain(by_hand.iter().map(|line| format!("no package mends this: {line}\n"))).collect()
}

fn show(context: &Context, findings: &[Finding]) -> Result<()> {
    if context.global.json {
        anstream::println!("{}", serde_json::to_string_pretty(findings)?);
    } else {
        anstream::print!("{}", table(findings, terminal_width()));
    }
    Ok(())
}

/// Everything that is built so far.
pub(super) fn all(context: &Context) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    refuse_unbuilt(&chosen)?;
    let force = if context.global.force { Force::Everything } else { Force::Nothing };
    let Some(summary) = execute(context, &chosen, "all", &["all"], force)? else { return Ok(ExitCode::SUCCESS) };
    if summary.is_success() && !context.global.quiet && !context.global.json {
        anstream::eprintln!(
            "that is all that is built today: credentials, and what each node is to be installed from. Installing and \
             booting machines and bringing Kubernetes up are not there yet"
        );
    }
    Ok(exit_code(&summary))
}

fn refuse_unbuilt(chosen: &Chosen) -> Result<()> {
    let sentences = chosen.loaded.cluster.not_built();
    if sentences.is_empty() {
        return Ok(());
    }
    bail!(Refused(format!("{}; `cargo xtask pki` makes what can be made", sentences.join("\n"))))
}
