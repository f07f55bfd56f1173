//! Just enough of Markdown: fenced blocks, code in sentences, headings. It knows nothing of what is written.

/// A fenced block: its language and its lines.
pub(crate) struct Fence<'t> {
    pub(crate) language: &'t str,
    pub(crate) lines: Vec<&'t str>,
}

/// Every fenced block.
pub(crate) fn fences(text: &str) -> Vec<Fence<'_>> {
    let (mut fences, mut open) = (Vec::new(), None);
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some(Fence { language: language.trim(), lines: Vec::new() }),
            (Some(_), Some(_)) => fences.extend(open.take()),
            (None, Some(fence)) => fence.lines.push(line),
            (None, None) => {}
        }
    }
    fences
}

/// Every `code` outside of fenced blocks; one that is broken over two lines is none.
pub(crate) fn spans(text: &str) -> Vec<&str> {
    let (mut fenced, mut spans) = (false, Vec::new());
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        if !fenced && !fence {
            spans.extend(line.split('`').skip(1).step_by(2));
        }
    }
    spans
}

/// What stands below a heading, up to the next one of its level.
pub(crate) fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let start = text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("there is no heading `{heading}`"));
    let body = &text[start + heading.len() + 2..];
    let level = heading.split(' ').next().unwrap_or_default();
    body.find(&format!("\n{level} ")).map_or(body, |end| &body[..end])
}

#[test]
fn blocks_spans_and_sections_are_found() {
    let text = "# T\n\n## One\na `b c` d `e`\n```console\n$ f `g`\n```\n### Deeper\n`h`\n## Two\n`i`\n";
    let [fence] = &fences(text)[..] else { panic!("one block") };
    assert_eq!((fence.language, &fence.lines[..]), ("console", &["$ f `g`"][..]));
    assert_eq!(spans(text), ["b c", "e", "h", "i"]);
    assert_eq!(spans(section(text, "## One")), ["b c", "e", "h"]);
}
