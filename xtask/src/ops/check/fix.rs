//! `check --fix`: from what is missing to the exact commands that install it, shown and confirmed before they run.
//!
//! Privileges are raised by the `sudo` one sees in those commands, nowhere else. It does not know what the packages
//! are called (the table does) nor whether they helped: for that the host is examined again.

use std::io::{BufRead, IsTerminal as _, Write};

use anyhow::{Context as _, Result, bail};

use super::examine;
use super::finding::Finding;
use super::host::Host;
use super::packages::shown;
use crate::config::{Cluster, Layout};

/// What can be done about the findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The exact commands, in order; empty if no package helps.
    pub commands: Vec<Vec<String>>,
    /// What no package mends, as `title: what to do`.
    pub by_hand: Vec<String>,
}

/// Whom to ask and where to say it.
pub struct Dialogue<'a> {
    /// Where the answer comes from.
    pub input: &'a mut dyn BufRead,
    /// Whether a person is at the other end of `input`.
    pub interactive: bool,
    /// Where the commands are shown.
    pub output: &'a mut dyn Write,
}

/// What to do about needed things that are missing; `None` if nothing needed is.
///
/// Optional things are left to the person: the table says how to get them.
pub fn fix_command(findings: &[Finding], host: &Host) -> Option<Fix> {
    let (mut packages, mut by_hand) = (Vec::new(), Vec::new());
    for finding in findings.iter().filter(|finding| finding.is_fatal()) {
        match host.manager.and_then(|manager| manager.package(finding.id, host.arch)) {
            Some(package) if packages.contains(&package) => {}
            Some(package) => packages.push(package),
            None => by_hand.push(format!("{}: {}", finding.title, finding.mend.as_deref().unwrap_or(finding.why))),
        }
    }
    let commands = match host.manager {
        Some(manager) if !packages.is_empty() => manager.install(&packages, host.root),
        _ => Vec::new(),
    };
    (!commands.is_empty() || !by_hand.is_empty()).then_some(Fix { commands, by_hand })
}

/// Shows the commands, asks, runs them. `yes` answers for scripts; without it a person must be there to ask.
pub fn apply(
    fix: &Fix,
    yes: bool,
    dialogue: &mut Dialogue<'_>,
    run: &mut dyn FnMut(&[String]) -> Result<()>,
) -> Result<()> {
    let say = "cannot show the commands";
    for line in &fix.by_hand {
        writeln!(dialogue.output, "No package mends this. {line}").context(say)?;
    }
    if fix.commands.is_empty() {
        return Ok(());
    }
    writeln!(dialogue.output, "This will be run:").context(say)?;
    for command in &fix.commands {
        writeln!(dialogue.output, "  {}", shown(command)).context(say)?;
    }
    if !yes && !agreed(dialogue)? {
        bail!("nothing was installed; run the commands yourself, or say yes next time");
    }
    fix.commands.iter().try_for_each(|command| run(command))
}

fn agreed(dialogue: &mut Dialogue<'_>) -> Result<bool> {
    if !dialogue.interactive {
        bail!("nobody is there to ask; add `--yes` if these commands may run");
    }
    write!(dialogue.output, "Run it? [y/N] ").and_then(|()| dialogue.output.flush()).context("cannot ask")?;
    let mut answer = String::new();
    dialogue.input.read_line(&mut answer).context("cannot read the answer")?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Installs what is missing with the person's consent, and examines the host again.
pub fn run_fix(
    findings: Vec<Finding>,
    host: &Host,
    cluster: &Cluster,
    layout: &Layout,
    yes: bool,
) -> Result<Vec<Finding>> {
    let Some(fix) = fix_command(&findings, host) else { return Ok(findings) };
    let stdin = std::io::stdin();
    let interactive = stdin.is_terminal();
    // On stderr, so that `--json` keeps stdout to itself.
    let mut dialogue = Dialogue { input: &mut stdin.lock(), interactive, output: &mut std::io::stderr() };
    apply(&fix, yes, &mut dialogue, &mut execute)?;
    Ok(examine(host, cluster, layout))
}

/// Runs one command on the person's terminal: a password may be asked for.
fn execute(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("BUG: a command has a program")?;
    let line = shown(command);
    duct::cmd(program, arguments)
        .stdout_to_stderr()
        .run()
        .map(drop)
        .with_context(|| format!("`{line}` did not succeed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::Id;
    use crate::ops::check::finding::State;
    use crate::ops::check::host::{Arch, Os};
    use crate::ops::check::packages::Manager;

    fn host(manager: Option<Manager>) -> Host {
        let mut host = Host::bare(Os::Linux, Arch::X86_64);
        host.manager = manager;
        host
    }

    fn findings() -> Vec<Finding> {
        vec![
            Finding::new(Id::Qemu, State::Missing),
            Finding::new(Id::QemuImg, State::Unsuitable),
            Finding::new(Id::Firmware, State::Ok),
            Finding::new(Id::Memory, State::Unsuitable).mend("lower something".to_string()),
            Finding::new(Id::Kubectl, State::Missing),
        ]
    }

    fn talk(fix: &Fix, yes: bool, interactive: bool, answer: &str) -> (Result<()>, String, Vec<String>) {
        let (mut output, mut ran) = (Vec::new(), Vec::new());
        let mut input = answer.as_bytes();
        let mut dialogue = Dialogue { input: &mut input, interactive, output: &mut output };
        let result = apply(fix, yes, &mut dialogue, &mut |command| {
            ran.push(shown(command));
            Ok(())
        });
        (result, String::from_utf8(output).unwrap(), ran)
    }

    #[test]
    fn needed_things_become_packages_and_the_rest_is_said() {
        let fix = fix_command(&findings(), &host(Some(Manager::Apt))).unwrap();
        assert_eq!(fix.commands.last().unwrap()[5..], ["qemu-system-x86", "qemu-utils"]);
        assert_eq!(fix.by_hand, ["memory: lower something"]);
        let brew = fix_command(&findings(), &host(Some(Manager::Brew))).unwrap();
        assert_eq!(brew.commands, [["brew", "install", "qemu"]], "one package holds both");
        let none = fix_command(&findings(), &host(None)).unwrap();
        assert!(none.commands.is_empty() && none.by_hand.len() == 3, "{none:?}");
        assert_eq!(fix_command(&findings()[2..3], &host(None)), None);
        assert_eq!(fix_command(&findings()[4..], &host(Some(Manager::Nix))), None, "kubectl is optional");
    }

    #[test]
    fn nothing_runs_without_a_yes() {
        let fix = fix_command(&findings(), &host(Some(Manager::Dnf))).unwrap();
        let line = "sudo dnf install --assumeyes qemu-system-x86 qemu-img";
        for answer in ["y\n", "YES\n"] {
            let (result, said, ran) = talk(&fix, false, true, answer);
            assert!(result.is_ok() && ran == [line], "{answer}");
            assert!(said.contains("No package mends this. memory: lower something\n"), "{said}");
            assert!(said.contains(&format!("  {line}\n")), "{said}");
        }
        for answer in ["n\n", "\n", "", "yellow\n"] {
            let (result, _, ran) = talk(&fix, false, true, answer);
            assert!(result.is_err() && ran.is_empty(), "{answer}");
        }
        let (refused, said, ran) = talk(&fix, false, false, "y\n");
        assert!(refused.unwrap_err().to_string().contains("--yes") && ran.is_empty());
        assert!(said.contains(line), "it still shows what would have run");
        assert_eq!(talk(&fix, true, false, "").2, [line]);
    }

    #[test]
    fn a_command_that_fails_stops_the_rest() {
        let fix = fix_command(&findings(), &host(Some(Manager::Apt))).unwrap();
        let mut ran = 0;
        let mut dialogue = Dialogue { input: &mut &b""[..], interactive: false, output: &mut std::io::sink() };
        let result = apply(&fix, true, &mut dialogue, &mut |_| {
            ran += 1;
            bail!("no network")
        });
        assert!(result.is_err());
        assert_eq!(ran, 1);
        let missing = execute(&["/nowhere/manager".to_string(), "install".to_string()]).unwrap_err();
        assert!(missing.to_string().contains("`/nowhere/manager install`"), "{missing}");
    }
}
