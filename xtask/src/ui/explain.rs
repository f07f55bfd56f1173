//! Why a task runs, in a few words and in full. It reads reasons and finds none of its own.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::table::paint;
use crate::graph::{Change, Reason};

const NAME: Style = Style::new().bold();
const OLD: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();
/// Two values longer than this together get a line each.
const SHORT: usize = 72;

/// Few enough words for the line of a running task.
pub fn brief(reason: &Reason) -> String {
    match reason {
        Reason::Changed(changes) if !changes.is_empty() => {
            let mut names: Vec<&str> = changes.iter().map(|change| change.key.as_str()).collect();
            let more = names.len().saturating_sub(3);
            names.truncate(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{more} changed", names.join(", "))
        }
        Reason::Output { path, new: None, .. } => format!("{path} is gone"),
        Reason::Output { path, .. } => format!("{path} was changed by somebody"),
        other => other.to_string(),
    }
}

/// Everything there is to say about one task, in lines.
pub fn full(task: &str, reason: Option<&Reason>) -> String {
    let mut out = paint(task, NAME);
    match reason {
        None => out.push_str("  up to date"),
        Some(Reason::Changed(changes)) if !changes.is_empty() => {
            for change in changes {
                let _ = write!(out, "\n    {}", change_lines(change));
            }
        }
        Some(reason) => {
            let _ = write!(out, "\n    {reason}");
        }
    }
    out + "\n"
}

fn change_lines(change: &Change) -> String {
    let (Some(old), Some(new)) = (&change.old, &change.new) else { return change.to_string() };
    let (old, new) = (old.to_string(), new.to_string());
    if old.len() + new.len() <= SHORT {
        return change.to_string();
    }
    format!("{} {}\n        was {}\n        is  {}", change.kind.word(), change.key, paint(&old, OLD), paint(&new, NEW))
}
