//! Two evaluated nodes side by side: which units and files differ, and in which lines.
//!
//! Works on pages of text. It does not know which of the two is right.

use similar::{ChangeTag, TextDiff};

use super::render::Page;

/// What became of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The page: a unit, a file.
    pub title: String,
    /// Its lines, those that are gone with `-` before them, new ones with `+`, and their neighbours with a blank.
    pub lines: Vec<String>,
}

/// Neighbours that are shown around a change.
const AROUND: usize = 2;

/// The pages that differ, in the order of the new ones; pages that are gone come last.
pub fn compare(old: &[Page], new: &[Page]) -> Vec<Difference> {
    let text =
        |pages: &[Page], title: &str| pages.iter().find(|page| page.title == title).map(|page| page.text.clone());
    let gone = old.iter().filter(|page| new.iter().all(|other| other.title != page.title));
    let titles = new.iter().chain(gone).map(|page| page.title.as_str());
    titles
        .filter_map(|title| {
            let (before, after) = (text(old, title).unwrap_or_default(), text(new, title).unwrap_or_default());
            (before != after).then(|| Difference { title: title.to_string(), lines: lines(&before, &after) })
        })
        .collect()
}

fn lines(before: &str, after: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(format!("{mark} {}", change.value().trim_end_matches('\n')));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(title: &str, text: &str) -> Page {
        Page { title: title.to_string(), text: text.to_string() }
    }

    #[test]
    fn what_changed_came_and_went_is_told_apart() {
        let old = [page("etcd.service", "a\nb\nc\n"), page("gone", "x\n"), page("same", "1\n")];
        let new = [page("etcd.service", "a\nB\nc\n"), page("same", "1\n"), page("new", "y\n")];
        let found = compare(&old, &new);
        let text: Vec<String> = found.iter().map(|d| format!("{}: {}", d.title, d.lines.join("|"))).collect();
        assert_eq!(text, ["etcd.service:   a|- b|+ B|  c", "new: + y", "gone: - x"]);
    }
}
