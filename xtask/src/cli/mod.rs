//! The command line: grammar and dispatch. Knows everything below and decides nothing itself.

mod args;
mod check;
mod context;
mod execute;
mod lifecycle;
mod nix;
mod pki;
mod remove;
mod sections;
mod slips;
mod tools;

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::Result;

use args::{Cli, Verb};
use context::{Chosen, Context, Refused};

use crate::graph::Force;
use crate::ui::table::terminal_width;

const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Wrong usage or configuration.
const REFUSED: u8 = 2;

/// Runs the command line of this process and returns its exit code.
pub fn main() -> ExitCode {
    dispatch(slips::parse()).unwrap_or_else(|error| fail(&error))
}

fn fail(error: &anyhow::Error) -> ExitCode {
    if let Some(Refused(text)) = error.downcast_ref() {
        // A report is a page of its own, with its own headings.
        let heading = if text.contains('\n') { String::new() } else { format!("{ERROR}error:{ERROR:#} ") };
        anstream::eprintln!("{heading}{}", text.trim_end());
        return ExitCode::from(REFUSED);
    }
    anstream::eprintln!("{ERROR}error:{ERROR:#} {error:#}");
    ExitCode::FAILURE
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    let Some(verb) = cli.verb else { return tools::list(&cli.global) };
    if let Verb::Completions { shell } = verb {
        return Ok(tools::completions(shell));
    }
    let context = Context::new(cli.global)?;
    match verb {
        Verb::All => lifecycle::all(&context),
        Verb::Check { fix } => lifecycle::check(&context, fix),
        Verb::Run { tasks } => run(&context, &tasks),
        Verb::Clean => remove::clean(&context),
        Verb::Clobber => remove::clobber(&context),
        Verb::Pki { show: true, .. } => pki::show(&context),
        Verb::Pki { renew, .. } => pki::make(&context, "pki", renew),
        Verb::Certs => pki::make(&context, "certs", None),
        Verb::Kubeconfigs => pki::make(&context, "kubeconfigs", None),
        Verb::Encryption => pki::make(&context, "encryption", None),
        Verb::SshKey => pki::make(&context, "ssh-key", None),
        Verb::Stage { nodes } => nix::stage(&context, &nodes),
        Verb::Nix(verb) => nix::verb(&context, &verb),
        Verb::Config => config(&context),
        Verb::Tasks => tools::tasks(&context),
        Verb::Graph { format, task } => tools::graph(&context, format, task.as_deref()),
        Verb::Explain { tasks } => tools::explain(&context, &tasks),
        Verb::Trace { output } => tools::trace(&context, output.as_deref()),
        Verb::Test { list, steps } => tools::test(&context, list, &steps),
        Verb::Completions { shell } => Ok(tools::completions(shell)),
    }
}

/// Tasks by their full names.
fn run(context: &Context, tasks: &[String]) -> Result<ExitCode> {
    let chosen = context.cluster()?;
    let targets: Vec<&str> = tasks.iter().map(String::as_str).collect();
    // Only what was named: `run pki/WORKER --force` must not replace the authority that signs it.
    let force = if context.global.force { Force::Only(tasks.to_vec()) } else { Force::Nothing };
    let summary = execute::execute(context, &chosen, &tasks.join(" "), &targets, force)?;
    Ok(summary.map_or(ExitCode::SUCCESS, |summary| execute::exit_code(&summary)))
}

/// The cluster as it follows from its description.
fn config(context: &Context) -> Result<ExitCode> {
    let Chosen { loaded, layout } = context.cluster()?;
    let names: Vec<String> = crate::pki::api_sans(&loaded.cluster).iter().map(ToString::to_string).collect();
    if context.global.json {
        let derived = crate::ui::config::Derived::new(&loaded, &layout, names);
        anstream::println!("{}", serde_json::to_string_pretty(&derived)?);
    } else {
        anstream::print!("{}", crate::ui::config::human(&loaded, &layout, &names, terminal_width()));
    }
    Ok(ExitCode::SUCCESS)
}
