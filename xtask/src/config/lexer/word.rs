//! The right-hand side of an assignment: quotes, escapes, `~`, and everything that is refused.
//!
//! It knows one word of the shell's grammar and where its bytes stand in the file, not whose value it is.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

use super::BLANKS;
use crate::config::diagnostic::Diagnostic;
use crate::config::url::mask_password;

/// A word, read.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub(super) text: String,
    /// For every byte of the text the byte of the file it came from.
    pub(super) origins: Vec<usize>,
    /// Bytes of the source that the word takes, quotes included.
    pub(super) length: usize,
}

/// What a word is read with, besides its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    /// Where the word begins in the file.
    pub(super) base: usize,
    /// Whether `export` stands before the key.
    pub(super) exported: bool,
    /// What `~` stands for.
    pub(super) home: Option<&'a str>,
}

/// Reads the word at the beginning of `source`, which ends with its line.
pub(super) fn read(source: &str, setting: Setting) -> Result<Word, Box<Diagnostic>> {
    Reader { source, setting, chars: source.char_indices().peekable(), word: Word::default() }.word()
}

struct Reader<'a> {
    source: &'a str,
    setting: Setting<'a>,
    chars: Peekable<CharIndices<'a>>,
    word: Word,
}

impl Reader<'_> {
    fn word(mut self) -> Result<Word, Box<Diagnostic>> {
        self.word.length = self.source.len();
        while let Some((at, c)) = self.chars.next() {
            match c {
                '\'' => self.single_quoted(at)?,
                '"' => self.double_quoted(at)?,
                '\\' => self.escaped(at)?,
                '~' if at == 0 || self.source[..at].ends_with(':') => self.tilde(at)?,
                '$' | '`' => return self.expansion(at, c).refuse(),
                ';' | '&' | '|' | '<' | '>' | '(' | ')' => return self.operator(at, c).refuse(),
                '*' | '?' | '[' | '{' if self.setting.exported => return self.pattern(at, c).refuse(),
                '‘' | '’' | '“' | '”' => return self.typographic_quote(at, c).refuse(),
                ' ' | '\t' => {
                    self.word.length = at;
                    self.end(at)?;
                    return Ok(self.word);
                }
                _ => self.take(at, c)?,
            }
        }
        Ok(self.word)
    }

    fn take(&mut self, at: usize, c: char) -> Result<(), Box<Diagnostic>> {
        if c.is_control() && c != '\t' {
            return Diagnostic::error(
                format!("there is a control character in a value: U+{:04X}", u32::from(c)),
                "delete it; it probably came in by copying from a terminal",
            )
            .at(self.span(at, c.len_utf8()), "invisible, but there")
            .refuse();
        }
        self.word.text.push(c);
        self.word.origins.extend((0..c.len_utf8()).map(|byte| self.setting.base + at + byte));
        Ok(())
    }

    fn single_quoted(&mut self, open: usize) -> Result<(), Box<Diagnostic>> {
        while let Some((at, c)) = self.chars.next() {
            match c {
                '\'' => return Ok(()),
                _ => self.take(at, c)?,
            }
        }
        self.unclosed(open, '\'').refuse()
    }

    fn double_quoted(&mut self, open: usize) -> Result<(), Box<Diagnostic>> {
        while let Some((at, c)) = self.chars.next() {
            match c {
                '"' => return Ok(()),
                '$' | '`' => return self.expansion(at, c).refuse(),
                '\\' => match self.chars.next_if(|(_, next)| matches!(next, '"' | '\\' | '$' | '`')) {
                    Some((at, escaped)) => self.take(at, escaped)?,
                    // Before anything else a backslash in double quotes is a backslash.
                    None => self.take(at, '\\')?,
                },
                _ => self.take(at, c)?,
            }
        }
        self.unclosed(open, '"').refuse()
    }

    fn escaped(&mut self, backslash: usize) -> Result<(), Box<Diagnostic>> {
        if let Some((at, c)) = self.chars.next() {
            return self.take(at, c);
        }
        Diagnostic::error("a value goes on after the end of its line", "delete the `\\`; a value is one line long")
            .at(self.span(backslash, 1), "joins this line with the next")
            .because("here every assignment is one line, so that a mistake in one cannot swallow another")
            .refuse()
    }

    /// A shell expands `~` at the beginning of a value and after a colon; only `~` and `~/...` at the beginning are
    /// read here, because what stands for the home of another user or in a list is nothing this file needs.
    fn tilde(&mut self, at: usize) -> Result<(), Box<Diagnostic>> {
        let next = self.chars.peek().map(|&(_, next)| next);
        let alone = matches!(next, None | Some('/' | ' ' | '\t'));
        match self.setting.home.filter(|home| !home.is_empty()) {
            Some(home) if alone && at == 0 => {
                self.word.text.push_str(home);
                self.word.origins.extend(home.bytes().map(|_| self.setting.base));
                Ok(())
            }
            None if alone && at == 0 => {
                Diagnostic::error("`~` stands for nothing: HOME is not set", "write the whole path")
                    .at(self.span(at, 1), "the home directory")
                    .refuse()
            }
            _ => Diagnostic::error(
                "a `~` is read only at the beginning of a value and before a `/`",
                "write the whole path, or put the value in single quotes if the `~` is meant as it stands",
            )
            .at(self.span(at, 1), "a shell may expand this")
            .refuse(),
        }
    }

    /// After the blank that ends the word only a comment may follow.
    fn end(&self, blank: usize) -> Result<(), Box<Diagnostic>> {
        let rest = self.source[blank..].trim_start_matches(BLANKS);
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(());
        }
        let code = rest.split(" #").next().unwrap_or(rest).trim_end();
        let span = self.span(self.source.len() - rest.len(), code.len());
        if blank == 0 {
            return Diagnostic::error(
                "there is a blank between the `=` and the value",
                format!("write `={}` without a blank", mask_password(code)),
            )
            .at(self.span(0, self.source.len() - rest.len()), "this blank")
            .because("a shell would leave the key empty and run the value as a command")
            .refuse();
        }
        let first = code.split(BLANKS).next().unwrap_or(code);
        if first.split_once('=').is_some_and(|(key, _)| super::is_name(key)) {
            return Diagnostic::error("there are two assignments in one line", "give each a line of its own")
                .at(span, "the second one")
                .refuse();
        }
        let whole = mask_password(&format!("{} {code}", &self.source[..blank]));
        let help = if whole.contains(['\'', '"', '\\']) {
            "put the whole value in one pair of quotes, or a `#` before what is a comment".to_string()
        } else {
            format!("put the value in quotes: `\"{whole}\"`; if the rest is a comment, put a `#` before it")
        };
        Diagnostic::error("a value with a blank in it is not in quotes", help)
            .at(span, "outside the value")
            .because(format!("a shell ends the value at the blank and would run `{first}` as a command"))
            .refuse()
    }

    fn expansion(&self, at: usize, c: char) -> Diagnostic {
        let (what, label) = match (c, self.source[at..].chars().nth(1)) {
            ('`', _) | ('$', Some('(')) => ("a command", "a shell would execute this and take its output"),
            _ => ("a variable", "a shell would put another value here"),
        };
        Diagnostic::error(
            format!("{what} in a value: nothing is expanded or executed here"),
            format!("write the value itself, or put it in single quotes if the `{c}` is meant as it stands"),
        )
        .at(self.span(at, 1), label)
    }

    fn operator(&self, at: usize, c: char) -> Diagnostic {
        Diagnostic::error(
            format!("there is a `{c}` in a value that is not in quotes"),
            "put the value in single quotes, or delete the rest of the line",
        )
        .at(self.span(at, 1), "ends the value")
        .because(format!("a shell reads `{c}` as an operator and what follows as something to run"))
    }

    /// After `export` shells disagree: some expand patterns of file names, some braces, some neither.
    fn pattern(&self, at: usize, c: char) -> Diagnostic {
        Diagnostic::error(
            format!("there is a `{c}` after `export` that is not in quotes"),
            "put the value in single quotes, or leave out `export`",
        )
        .at(self.span(at, 1), "some shells expand this after `export`, others do not")
    }

    fn typographic_quote(&self, at: usize, c: char) -> Diagnostic {
        Diagnostic::error(
            format!("`{c}` is a typographic quote, which a shell takes for a letter"),
            "write `'` or `\"`; this one probably came from a web page or a word processor",
        )
        .at(self.span(at, c.len_utf8()), "not a quote to a shell")
    }

    fn unclosed(&self, open: usize, quote: char) -> Diagnostic {
        Diagnostic::error(
            "a quote is never closed",
            format!("put a `{quote}` at the end of the value; a value is one line long"),
        )
        .at(self.span(open, 1), "opened here, and the line ends")
    }

    fn span(&self, at: usize, length: usize) -> Range<usize> {
        self.setting.base + at..self.setting.base + at + length
    }
}
