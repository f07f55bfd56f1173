//! Reading Rust without a parser: enough to tell code from text, to find functions and to see who imports whom.
//!
//! It knows the lexical grammar (comments, strings, lifetimes) and braces, and no rule of this house.

/// The same text with comments and the insides of string and character literals blanked; line breaks stay.
pub(crate) fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = token_end(&chars, at);
        let text = end != at + 1;
        out.extend(chars[at..end].iter().map(|&c| if text && c != '\n' { ' ' } else { c }));
        at = end;
    }
    out
}

/// Where the comment or literal that begins here ends; one further if none does.
fn token_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match (chars[at], next) {
        ('/', Some('/')) => find(chars, at, |c| c == '\n').unwrap_or(chars.len()),
        ('/', Some('*')) => block_comment_end(chars, at),
        ('"', _) => string_end(chars, at + 1),
        ('r', Some('"' | '#')) if !follows_word(chars, at) => raw_string_end(chars, at).unwrap_or(at + 1),
        ('b' | 'c', Some('r')) if !follows_word(chars, at) => raw_string_end(chars, at + 1).unwrap_or(at + 1),
        ('\'', _) => char_end(chars, at).unwrap_or(at + 1),
        _ => at + 1,
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> Option<usize> {
    (from..chars.len()).find(|&i| wanted(chars[i]))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn follows_word(chars: &[char], at: usize) -> bool {
    // `br"` and `cr"` reach the `r` from their own first letter, any other word before it is an identifier.
    at > 0 && is_word(chars[at - 1])
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) if depth == 1 => return i + 2,
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], mut i: usize) -> usize {
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

fn raw_string_end(chars: &[char], r: usize) -> Option<usize> {
    let quote = find(chars, r + 1, |c| c != '#')?;
    let hashes = quote - r - 1;
    let is_end =
        |i: usize| chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes;
    if chars[quote] != '"' {
        return None; // a raw identifier
    }
    (quote + 1..chars.len()).find(|&i| is_end(i)).map(|i| i + 1 + hashes)
}

/// `'x'` and `'\n'` are characters, `'x` is a lifetime.
fn char_end(chars: &[char], at: usize) -> Option<usize> {
    match (chars.get(at + 1)?, chars.get(at + 2)?) {
        ('\\', _) => find(chars, at + 3, |c| c == '\'').map(|i| i + 1),
        (_, '\'') => Some(at + 3),
        _ => None,
    }
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of its `fn`, from 1.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace.
    pub(crate) length: usize,
}

/// Every function with a body in text that went through [`code_only`].
pub(crate) fn functions(code: &str) -> Vec<Function> {
    words(code).filter(|(_, word)| *word == "fn").filter_map(|(at, _)| function(code, at)).collect()
}

fn function(code: &str, at: usize) -> Option<Function> {
    let rest = &code[at + 2..];
    let name: String = rest.trim_start().chars().take_while(|&c| is_word(c)).collect();
    let body = body_start(rest)?;
    let end = matching_brace(rest, body)?;
    let line = code[..at].matches('\n').count() + 1;
    let length = rest[..=end].matches('\n').count() + 1;
    // `fn(u8) -> u8` is a type.
    (!name.is_empty()).then_some(Function { name, line, length })
}

/// The brace that opens the body; none if the declaration ends before one.
fn body_start(rest: &str) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in rest.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(i),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn matching_brace(rest: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    rest[open..].char_indices().find_map(|(i, c)| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        (c == '}' && depth == 0).then_some(open + i)
    })
}

/// Words and where they begin.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(|word| {
        // Both are pieces of one text, so the difference of their addresses is an offset.
        (word.as_ptr() as usize - code.as_ptr() as usize, word)
    })
}

/// Modules of the crate's top level that the code names, with their lines: `crate::x`, `crate::{x, y::z}`, and
/// `super::super::x` where that many steps up from a file at `depth` leave its own top module.
pub(crate) fn top_modules(code: &str, depth: usize) -> Vec<(usize, String)> {
    let line = |at: usize| code[..at].matches('\n').count() + 1;
    let mut found = Vec::new();
    for (at, word) in words(code) {
        let preceded = code[..at].trim_end().ends_with("::");
        let start = match word {
            "crate" => at + word.len(),
            "super" if !preceded => match supers(&code[at..]) {
                (steps, length) if steps >= depth => at + length,
                _ => continue,
            },
            _ => continue,
        };
        found.extend(first_names(&code[start..]).into_iter().map(|name| (line(at), name)));
    }
    found
}

/// How many `super` are chained here, and how long the chain is.
fn supers(text: &str) -> (usize, usize) {
    let mut steps = 0;
    let mut rest = text;
    while let Some(after) = rest.strip_prefix("super") {
        steps += 1;
        match after.strip_prefix("::") {
            Some(next) if next.starts_with("super") => rest = next,
            _ => return (steps, text.len() - after.len()),
        }
    }
    (steps, text.len() - rest.len())
}

/// After `crate`: `::x` names x, `::{a, b::{c, d}}` names a and b.
fn first_names(text: &str) -> Vec<String> {
    let Some(path) = text.strip_prefix("::") else { return Vec::new() };
    let word = |text: &str| text.trim_start().chars().take_while(|&c| is_word(c)).collect::<String>();
    let names = match path.strip_prefix('{') {
        None => vec![word(path)],
        Some(group) => split_group(group).into_iter().map(word).collect(),
    };
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

/// The parts of a `{...}` group whose opening brace is gone, divided at the commas of its own level.
fn split_group(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..i]);
                return parts;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts
}

#[test]
fn comments_and_literals_are_not_code() {
    let source = "let a = \"fn { \\\" }\"; // fn x() {\n/* { /* { */ } */ let b = '{'; let c = '\\''; fn f<'a>() {}";
    let code = code_only(source);
    assert_eq!(code.len(), source.len());
    assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), "let a = ; let b = ; let c = ; fn f<'a>() {}");
    let raw = code_only("r#\"a \" { \"# br\"}\" r#type for\"\\\\\"{");
    assert_eq!(raw.split_whitespace().collect::<Vec<_>>().join(" "), "r#type for {");
    assert_eq!(code_only("\"a\nb\" '\u{fc}' x").matches('\n').count(), 1);
}

#[test]
fn functions_are_measured_from_fn_to_brace() {
    let source = "trait T { fn none(); }\nfn one() { {} }\nfn two(a: [u8; 2]) -> fn(u8)\n{\n  let s = \"}\";\n}\n";
    let found = functions(&code_only(source));
    let expected = [("one", 2, 1), ("two", 3, 4)].map(|(n, line, length)| Function { name: n.into(), line, length });
    assert_eq!(found, expected);
}

#[test]
fn imports_are_seen_in_every_form() {
    let source = "use crate::sys::fs;\nuse crate::{config::{A, B}, pki as p};\nlet x = crate::graph::Y; // crate::ui\n\
                  use super::super::plan::P;\nuse super::own;\npub(crate) fn f() {}\n";
    let names: Vec<(usize, String)> = top_modules(&code_only(source), 2);
    let names: Vec<(usize, &str)> = names.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(names, [(1, "sys"), (2, "config"), (2, "pki"), (3, "graph"), (4, "plan")]);
    assert_eq!(top_modules("use super::own;", 1), [(1, "own".to_string())], "in a top module's mod.rs");
}
