//! The syntax of an environment file: `KEY=VALUE`, read exactly as a POSIX shell would read it, or an error.
//!
//! A file may be sourced by a shell as well as read here, and both must see the same values; what only a shell can
//! do (expand, execute, continue on the next line) is refused, never guessed. It does not know which keys exist.

mod word;

use std::ops::Range;

use super::diagnostic::Diagnostic;

/// Blanks in the sense of the shell's grammar.
const BLANKS: [char; 2] = [' ', '\t'];

/// One `KEY=VALUE` of the file.
#[derive(Debug, Clone)]
pub(super) struct Assignment {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) value: String,
    /// The whole right-hand side, quotes included.
    pub(super) value_span: Range<usize>,
    /// From 1.
    pub(super) line: usize,
    /// For every byte of the value the byte of the file it came from.
    origins: Vec<usize>,
}

impl Assignment {
    /// Where a part of the value stands in the file; an empty part means all of it.
    pub(super) fn part(&self, range: &Range<usize>) -> Range<usize> {
        match (self.origins.get(range.start), range.end.checked_sub(1).and_then(|last| self.origins.get(last))) {
            (Some(&start), Some(&last)) if !range.is_empty() => start..last + 1,
            _ => self.value_span.clone(),
        }
    }
}

/// What a file holds: its assignments, and a mistake for every line that is none.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub(super) assignments: Vec<Assignment>,
    pub(super) mistakes: Vec<Diagnostic>,
}

/// Reads a whole file. `home` is what an unquoted leading `~` stands for.
pub(super) fn lex(text: &str, home: Option<&str>) -> Lexed {
    let mut lexed = Lexed::default();
    let mut start = 0;
    for (number, line) in (1..).zip(text.split('\n')) {
        match (Line { text: line, start, number, home }).assignment() {
            Ok(found) => lexed.assignments.extend(found),
            Err(mistake) => lexed.mistakes.push(*mistake),
        }
        start += line.len() + 1;
    }
    lexed
}

/// One line and where it begins in the file.
struct Line<'a> {
    text: &'a str,
    start: usize,
    number: usize,
    home: Option<&'a str>,
}

impl Line<'_> {
    fn assignment(&self) -> Result<Option<Assignment>, Box<Diagnostic>> {
        let mut rest = self.text.trim_start_matches(BLANKS);
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(None);
        }
        let exported = rest.strip_prefix("export").filter(|after| after.starts_with(BLANKS));
        if let Some(after) = exported {
            rest = after.trim_start_matches(BLANKS);
        }
        let key_at = self.text.len() - rest.len();
        let Some((key, value)) = rest.split_once('=') else {
            return self.no_assignment(key_at).refuse();
        };
        self.check_key(key, key_at)?;
        let value_at = key_at + key.len() + 1;
        let setting = word::Setting { base: self.start + value_at, exported: exported.is_some(), home: self.home };
        let word = word::read(value, setting).map_err(|mistake| Box::new(mistake.about(key)))?;
        Ok(Some(Assignment {
            key: key.to_string(),
            key_span: self.span(key_at, key.len()),
            value: word.text,
            value_span: self.span(value_at, word.length),
            line: self.number,
            origins: word.origins,
        }))
    }

    fn span(&self, at: usize, length: usize) -> Range<usize> {
        self.start + at..self.start + at + length
    }

    fn no_assignment(&self, at: usize) -> Diagnostic {
        let rest = self.text[at..].trim_end();
        Diagnostic::error(
            "a line is neither `KEY=VALUE` nor a comment",
            "write `KEY=VALUE`, begin the line with `#`, or delete it",
        )
        .at(self.span(at, rest.len()), "no `=` in it")
        .because("a shell that sources this file would run the line as a command")
    }

    fn check_key(&self, key: &str, at: usize) -> Result<(), Box<Diagnostic>> {
        let name = key.trim_end_matches(BLANKS);
        if name.is_empty() {
            return Diagnostic::error("there is no key before the `=`", "write the key, or delete the line")
                .at(self.span(at + name.len(), 1), "a key belongs here")
                .refuse();
        }
        if is_name(name) && name.len() < key.len() {
            return Diagnostic::error(
                format!("there is a blank between `{name}` and the `=`"),
                format!("write `{name}=` without a blank"),
            )
            .about(name)
            .at(self.span(at + name.len(), key.len() - name.len()), "this blank")
            .because(format!("a shell would run `{name}` as a command"))
            .refuse();
        }
        if name.contains(BLANKS) {
            return self.no_assignment(at).refuse();
        }
        if is_name(name) { Ok(()) } else { self.bad_key(name, at).refuse() }
    }

    fn bad_key(&self, key: &str, at: usize) -> Diagnostic {
        let bad = key.char_indices().find(|&(i, c)| !is_name_char(c) || (i == 0 && c.is_ascii_digit()));
        let (offset, bad) = bad.expect("BUG: a key is bad because of one of its characters");
        let mended: String = key.chars().map(|c| if is_name_char(c) { c } else { '_' }).collect();
        let help = match bad {
            '-' => format!("write `{mended}`: a `-` in a node's name becomes `_` in a key"),
            _ => "a key is made of letters, digits and `_`, and does not begin with a digit".into(),
        };
        Diagnostic::error(format!("`{key}` cannot be a key"), help)
            .about(key)
            .at(self.span(at + offset, bad.len_utf8()), format!("a key has no {bad:?} here"))
            .because("a shell variable cannot have that name")
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a shell could have a variable of that name.
fn is_name(text: &str) -> bool {
    text.chars().all(is_name_char) && !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
