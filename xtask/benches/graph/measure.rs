//! Times and memory of commands, medians and rows of a table. It does not know what is measured.

use std::path::Path;
use std::time::Instant;

/// Milliseconds that a command takes; what it prints is shown only if it fails.
pub(crate) fn time(command: &duct::Expression, dir: &Path) -> f64 {
    let command = command.dir(dir).stdin_null().stdout_null().stderr_capture().unchecked();
    let started = Instant::now();
    let output = command.run().unwrap_or_else(|error| panic!("{command:?} in `{}`: {error}", dir.display()));
    let millis = started.elapsed().as_secs_f64() * 1000.0;
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    millis
}

/// The peak of the resident memory of one run in MiB, if GNU time is there to tell.
pub(crate) fn memory(program: &Path, args: &[String], dir: &Path) -> Option<f64> {
    let time = crate::tools::find("time")?;
    let report = dir.join(".memory");
    let mut words = vec!["-f".into(), "%M".into(), "-o".into(), report.clone().into_os_string(), program.into()];
    words.extend(args.iter().map(Into::into));
    duct::cmd(time, words).dir(dir).stdin_null().stdout_null().stderr_null().run().ok()?;
    let kibibytes: f64 = std::fs::read_to_string(report).ok()?.trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// The one in the middle.
pub(crate) fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A tool, its number, and ours over it.
pub(crate) fn row(name: &str, unit: &str, theirs: f64, ours: f64) -> String {
    format!("{name:<10} {theirs:>9.1} {unit}   ours/theirs {:.2}", ours / theirs)
}
