//! The table of prerequisites: a line for each, with what to do below the ones that need it.
//!
//! It knows marks and colours, not how a host is examined: the roof turns findings into [`Line`]s.

use anstyle::{AnsiColor, Style};

use super::table::{Cell, Table, paint};

/// How a prerequisite stands, as far as the eye is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing to do.
    Good,
    /// It will do.
    Warning,
    /// Missing, and one can do without it.
    Absent,
    /// Nothing works before it is mended.
    Bad,
}

/// One prerequisite.
#[derive(Debug, Clone)]
pub struct Line {
    /// How it stands.
    pub mark: Mark,
    /// Its title.
    pub title: String,
    /// One word on how it stands.
    pub state: &'static str,
    /// What was found, where, which version; empty if nothing was.
    pub found: String,
    /// What it is for.
    pub why: &'static str,
    /// What to do about it.
    pub mend: Option<String>,
}

impl Mark {
    fn symbol(self) -> &'static str {
        match self {
            Mark::Good => "✓",
            Mark::Warning => "!",
            Mark::Absent => "-",
            Mark::Bad => "✗",
        }
    }

    fn style(self) -> Style {
        match self {
            Mark::Good => AnsiColor::Green.on_default(),
            Mark::Warning => AnsiColor::Yellow.on_default(),
            Mark::Absent => Style::new().dimmed(),
            Mark::Bad => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// The table and a closing sentence.
pub fn render(lines: &[Line], width: usize) -> String {
    let mut table = Table::new().header(["", "PREREQUISITE", "STATE", "FOUND, AND WHAT IT IS FOR"]);
    for line in lines {
        let style = line.mark.style();
        let cell = |text: &str| Cell::styled(text, style);
        let blank = || Cell::from("");
        let first = if line.found.is_empty() { line.why } else { &line.found };
        table.row([cell(line.mark.symbol()), line.title.as_str().into(), cell(line.state), first.into()]);
        if !line.found.is_empty() {
            let why = Cell::styled(line.why, Style::new().dimmed());
            table.row([blank(), blank(), blank(), why]);
        }
        if let Some(mend) = &line.mend {
            table.row([blank(), blank(), blank(), format!("→ {mend}").into()]);
        }
    }
    format!("{}\n{}\n", table.render(width), summary(lines))
}

fn summary(lines: &[Line]) -> String {
    let count = |mark| lines.iter().filter(|line| line.mark == mark).count();
    let (bad, warnings) = (count(Mark::Bad), count(Mark::Warning));
    match (bad, warnings) {
        (0, 0) => paint("This host can run the cluster.", Mark::Good.style()),
        (0, n) => paint(&format!("This host can run the cluster, with {}.", many(n, "warning")), Mark::Warning.style()),
        (n, _) => {
            paint(&format!("This host cannot run the cluster yet: {} to mend.", many(n, "thing")), Mark::Bad.style())
        }
    }
}

fn many(n: usize, word: &str) -> String {
    if n == 1 { format!("{n} {word}") } else { format!("{n} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(mark: Mark, state: &'static str, found: &str, mend: Option<&str>) -> Line {
        let why = "Runs the virtual machines.";
        Line { mark, title: "QEMU".into(), state, found: found.into(), why, mend: mend.map(String::from) }
    }

    fn plain(lines: &[Line]) -> String {
        anstream::adapter::strip_str(&render(lines, 70)).to_string()
    }

    #[test]
    fn found_why_and_mend_stand_below_each_other() {
        let lines = [
            line(Mark::Good, "ok", "8.2.2, /usr/bin/qemu", None),
            line(Mark::Bad, "missing", "", Some("install it: `brew install qemu`")),
        ];
        insta::assert_snapshot!(plain(&lines), @r"
           PREREQUISITE  STATE    FOUND, AND WHAT IT IS FOR
        ✓  QEMU          ok       8.2.2, /usr/bin/qemu
                                  Runs the virtual machines.
        ✗  QEMU          missing  Runs the virtual machines.
                                  → install it: `brew install qemu`

        This host cannot run the cluster yet: 1 thing to mend.
        ");
    }

    #[test]
    fn the_last_line_counts() {
        let last = |mark| plain(&[line(mark, "x", "", None)]).lines().last().unwrap().to_string();
        assert_eq!(last(Mark::Good), "This host can run the cluster.");
        assert_eq!(last(Mark::Absent), "This host can run the cluster.");
        assert_eq!(last(Mark::Warning), "This host can run the cluster, with 1 warning.");
        assert_eq!(last(Mark::Bad), "This host cannot run the cluster yet: 1 thing to mend.");
    }
}
