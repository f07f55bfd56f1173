//! A run as a person watches it: a line for each task that did something, spinners while it does, one sentence at the
//! end.
//!
//! Everything goes to stderr, so that stdout stays free for results. It decides nothing about the run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::explain::brief;
use super::table::paint;
use crate::graph::{Event, Observer, Outcome, Summary};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures only.
    Quiet,
    /// What was done.
    Normal,
    /// Also what was up to date, and what tasks wrote to their logs.
    Verbose,
}

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const CARE: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();
/// Names of tasks are padded to this, so that times line up.
const NAME: usize = 36;

/// Prints a run.
pub struct Human {
    verbosity: Verbosity,
    /// What the user asked for, for the last sentence.
    asked: String,
    /// Only on a terminal.
    screen: Option<MultiProgress>,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

impl Human {
    /// `live` draws spinners: only where stderr is a terminal.
    pub fn new(asked: impl Into<String>, verbosity: Verbosity, live: bool) -> Self {
        let screen = (live && verbosity > Verbosity::Quiet).then(MultiProgress::new);
        Human { verbosity, asked: asked.into(), screen, bars: Mutex::new(HashMap::new()) }
    }

    fn line(&self, text: &str) {
        match &self.screen {
            Some(screen) => screen.suspend(|| anstream::eprintln!("{text}")),
            None => anstream::eprintln!("{text}"),
        }
    }

    fn normal(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.line(text);
        }
    }

    fn start_bar(&self, task: &str, reason: &str) {
        if let Some(screen) = &self.screen {
            let bar = screen.add(ProgressBar::new_spinner().with_message(format!("{task}  {reason}")));
            bar.enable_steady_tick(Duration::from_millis(100));
            self.bars().insert(task.to_string(), bar);
        }
    }

    fn end_bar(&self, task: &str) {
        if let Some(bar) = self.bars().remove(task) {
            bar.finish_and_clear();
        }
    }

    fn progress(&self, task: &str, done: u64, total: u64, message: &str) {
        if let Some(bar) = self.bars().get(task) {
            if total > 0 && bar.length() != Some(total) {
                bar.set_length(total);
                let style = ProgressStyle::with_template("{spinner} {msg} [{bar:24}] {pos}/{len} {elapsed} left {eta}");
                if let Ok(style) = style {
                    bar.set_style(style);
                }
            }
            bar.set_position(done);
            bar.set_message(format!("{task}  {message}"));
        }
    }

    fn bars(&self) -> std::sync::MutexGuard<'_, HashMap<String, ProgressBar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finished(&self, task: &str, outcome: Outcome, millis: u64, log: Option<&std::path::Path>) {
        self.end_bar(task);
        let took = paint(&span(millis), DIM);
        let name = format!("{task:NAME$}");
        match outcome {
            Outcome::Done => self.normal(&format!("{}    {name} {took}", paint("made", GOOD))),
            Outcome::Adopted => {
                self.normal(&format!("{}    {name} {took}  what lay there is good", paint("kept", GOOD)));
            }
            Outcome::UpToDate | Outcome::AsWanted if self.verbosity == Verbosity::Verbose => {
                self.line(&format!("{} {task}", paint(outcome.word(), DIM)));
            }
            Outcome::UpToDate | Outcome::AsWanted => {}
        }
        if let (Verbosity::Verbose, Some(log)) = (self.verbosity, log) {
            let text = fs_err::read(log).unwrap_or_default();
            for line in String::from_utf8_lossy(&text).lines() {
                self.line(&format!("        {}", paint(line, DIM)));
            }
        }
    }

    fn ended(&self, summary: &Summary) {
        let color = if summary.is_success() { GOOD } else { BAD };
        let text = format!("{}: {}", self.asked, sentence(summary));
        if self.verbosity >= Verbosity::Normal || !summary.is_success() {
            self.line(&paint(&text, color));
        }
    }
}

impl Observer for Human {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Started { task, reason, .. } => {
                let reason = brief(reason);
                if self.verbosity == Verbosity::Verbose {
                    self.line(&format!("{}   {task:NAME$} {reason}", paint("start", DIM)));
                }
                self.start_bar(task, &reason);
            }
            Event::Progress { task, done, total, message } => self.progress(task, *done, *total, message),
            Event::Finished { task, outcome, millis, log } => self.finished(task, *outcome, *millis, *log),
            Event::Failed { task, error, millis, log } => {
                self.end_bar(task);
                self.line(&format!("{}  {task:NAME$} {}", paint("failed", BAD), paint(&span(*millis), DIM)));
                self.line(&format!("        {error:#}"));
                if let Some(log) = log {
                    self.line(&format!("        the whole log: {}", log.display()));
                }
            }
            // One failure can keep everything else from starting: the last line counts them.
            Event::Skipped { task, because } if self.verbosity == Verbosity::Verbose => {
                self.line(&format!("{} {task:NAME$} {because}", paint("skipped", CARE)));
            }
            Event::Skipped { .. } | Event::Planned { .. } => {}
            Event::Warning { message } => self.line(&format!("{} {message}", paint("warning:", CARE))),
            Event::Ended { summary } => self.ended(summary),
        }
    }
}

/// What came of a run, in one sentence.
fn sentence(summary: &Summary) -> String {
    let mut parts = Vec::new();
    let mut part = |count: usize, what: &str| {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    };
    part(summary.done, "made");
    part(summary.adopted, "kept as found");
    part(summary.failed.len(), "failed");
    part(summary.skipped, "not started");
    part(summary.up_to_date, "up to date");
    let interrupted = if summary.interrupted { "interrupted; " } else { "" };
    let nothing = summary.is_success() && summary.done == 0 && summary.adopted == 0;
    let nothing = if nothing { "nothing to do, " } else { "" };
    format!("{interrupted}{nothing}{} ({})", parts.join(", "), span(summary.millis))
}

/// A time as people say it.
fn span(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sentence_says_what_happened() {
        let quiet = Summary { up_to_date: 23, millis: 12, ..Summary::default() };
        assert_eq!(sentence(&quiet), "nothing to do, 23 up to date (12 ms)");
        let made = Summary { done: 2, up_to_date: 21, millis: 1234, ..Summary::default() };
        assert_eq!(sentence(&made), "2 made, 21 up to date (1.2 s)");
        let failed = Summary { failed: vec!["a".into()], skipped: 3, millis: 61_000, ..Summary::default() };
        assert_eq!(sentence(&failed), "1 failed, 3 not started (1 min 1 s)");
        let stopped = Summary { interrupted: true, done: 1, ..Summary::default() };
        assert_eq!(sentence(&stopped), "interrupted; 1 made (0 ms)");
    }
}
