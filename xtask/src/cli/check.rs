//! From the findings of `ops::check` to the lines of `ui::check`, neither of which knows the other.

use crate::ops::check::{Finding, Found, Need, State};
use crate::ui::check::{Line, Mark, render};

/// The table of findings, no wider than `width` where that is possible.
pub(super) fn table(findings: &[Finding], width: usize) -> String {
    render(&findings.iter().map(line).collect::<Vec<_>>(), width)
}

fn line(finding: &Finding) -> Line {
    let (mark, state) = match (finding.state, finding.need) {
        (State::Ok, _) => (Mark::Good, "ok"),
        (State::Warning, _) => (Mark::Warning, "warning"),
        (State::Missing, Need::Optional) => (Mark::Absent, "optional"),
        (State::Missing, Need::Needed) => (Mark::Bad, "missing"),
        (State::Unsuitable, Need::Optional) => (Mark::Warning, "unsuitable"),
        (State::Unsuitable, Need::Needed) => (Mark::Bad, "unsuitable"),
    };
    let found = finding.found.as_ref().map(found).unwrap_or_default();
    Line { mark, title: finding.title.clone(), state, found, why: finding.why, mend: finding.mend.clone() }
}

fn found(found: &Found) -> String {
    let path = found.path.as_ref().map(|path| path.display().to_string());
    [found.version.clone(), found.detail.clone(), path].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
