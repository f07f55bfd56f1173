//! Starting programs for a moment: what they print within a time limit, and whether a guest runs under QEMU.
//!
//! Nothing outlives the call: a program that takes too long is killed, and only the process that was started here
//! is ever signalled. It does not know what the answers mean.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::accel::{self, Accelerator, Trial, Verdict};
use super::guest;
use super::host::{Arch, Host};
use crate::sys::fs::{Access, write_atomic};

/// Programs asked for their version answer in milliseconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// How a program ended.
struct Ending {
    code: Option<i32>,
    /// Both streams, in the order in which they were written.
    output: String,
}

/// What a program prints on both streams, whatever its exit status; `None` if it cannot be run or takes too long.
pub(super) fn output(program: &Path, arguments: &[&str]) -> Option<String> {
    let arguments = arguments.iter().map(OsString::from).collect();
    run(program, arguments, None, PATIENCE).ok().flatten().map(|ending| ending.output)
}

/// Tries the hardware of a host, then the translator if need be.
pub(super) fn accelerator(host: &Host, qemu: &Path) -> Verdict {
    let hardware = Accelerator::hardware(host.os);
    let first = trial(qemu, host.arch, hardware);
    let works = matches!(first, Trial::Works(_));
    let emulation = (!works).then(|| trial(qemu, host.arch, Accelerator::Tcg));
    Verdict { hardware: (hardware, first), emulation }
}

/// Starts the tiny guest of an architecture under one accelerator.
pub fn trial(qemu: &Path, arch: Arch, accelerator: Accelerator) -> Trial {
    start_guest(qemu, arch, accelerator).unwrap_or_else(|error| Trial::Failed(format!("{error:#}")))
}

fn start_guest(qemu: &Path, arch: Arch, accelerator: Accelerator) -> Result<Trial> {
    let dir = tempfile::tempdir().context("cannot make a temporary directory for the trial guest")?;
    let image = dir.path().join("guest");
    write_atomic(&image, &guest::image(arch), Access::Public)?;
    let (limit, start) = (accelerator.limit(), Instant::now());
    // In the temporary directory, because an emulator that aborts may leave its core where it stands.
    let ending = run(qemu, accel::argv(arch, accelerator, &image), Some(dir.path()), limit)?;
    Ok(match ending {
        None => Trial::Hung(limit),
        Some(ending) if ending.code == Some(guest::success(arch)) => Trial::Works(start.elapsed()),
        Some(ending) => Trial::Failed(complaint(&ending)),
    })
}

/// The line in which QEMU says why, less its own name; else how it ended.
fn complaint(ending: &Ending) -> String {
    let mut lines = ending.output.lines().map(str::trim).filter(|line| !line.is_empty());
    let last = lines.clone().next_back();
    match (lines.find(|line| !line.contains("warning:")).or(last), ending.code) {
        (Some(line), _) => {
            let own_name = line.strip_prefix("qemu-system-").and_then(|rest| rest.split_once(": "));
            let line = own_name.map_or(line, |(_, rest)| rest);
            line.strip_prefix("error: ").unwrap_or(line).to_string()
        }
        (None, Some(code)) => format!("exit status {code}"),
        (None, None) => "ended by a signal".to_string(),
    }
}

/// Runs a program to its end or to the limit; `None` means that it was killed there.
fn run(program: &Path, arguments: Vec<OsString>, dir: Option<&Path>, limit: Duration) -> Result<Option<Ending>> {
    let mut command = duct::cmd(program, arguments).stdin_null().stderr_to_stdout().stdout_capture().unchecked();
    if let Some(dir) = dir {
        command = command.dir(dir);
    }
    let name = || format!("cannot run `{}`", program.display());
    let handle = command.start().with_context(name)?;
    let answer = handle.wait_timeout(limit);
    if let Ok(Some(output)) = answer {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        return Ok(Some(Ending { code: output.status.code(), output: text }));
    }
    handle.kill().with_context(|| format!("cannot stop `{}`, which hangs", program.display()))?;
    handle.wait().with_context(name)?;
    answer.with_context(name)?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(code: Option<i32>, output: &str) -> Ending {
        Ending { code, output: output.to_string() }
    }

    #[test]
    fn a_complaint_is_the_first_line_that_is_no_warning() {
        let text = "qemu-system-x86_64: warning: host lacks a feature\nqemu-system-x86_64: error: failed to set MSR\n";
        assert_eq!(complaint(&ending(None, text)), "failed to set MSR");
        assert_eq!(complaint(&ending(Some(1), "\n")), "exit status 1");
        assert_eq!(complaint(&ending(None, "")), "ended by a signal");
        assert_eq!(complaint(&ending(Some(1), "odd words\n")), "odd words");
    }

    #[test]
    fn a_program_that_hangs_is_ended_in_time() {
        let start = Instant::now();
        let limit = Duration::from_millis(200);
        let ending = run(Path::new("/bin/sleep"), vec!["60".into()], None, limit).unwrap();
        assert!(ending.is_none());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }

    #[test]
    fn both_streams_are_read_and_failure_is_no_error() {
        let text = output(Path::new("/bin/sh"), &["-c", "echo out; echo err >&2; exit 3"]);
        assert_eq!(text.as_deref(), Some("out\nerr\n"));
        assert_eq!(output(Path::new("/nowhere/tool"), &[]), None);
    }
}
