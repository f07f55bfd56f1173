//! The lexer beside a real `sh`: whatever it accepts, the shell must read in the same way.

use proptest::prelude::*;

use super::*;

const HOME: &str = "/home/ada";

fn value(line: &str) -> Option<String> {
    let mut lexed = lex(line, Some(HOME));
    if lexed.mistakes.is_empty() { lexed.assignments.pop().map(|a| a.value) } else { None }
}

fn mistake(line: &str) -> (String, Range<usize>) {
    let lexed = lex(line, Some(HOME));
    let [mistake] = lexed.mistakes.as_slice() else { panic!("one mistake in `{line}`, not {:?}", lexed.mistakes) };
    let crate::config::Place::File(span) = &mistake.place else { panic!("no place: {mistake:?}") };
    (mistake.message.clone(), span.clone())
}

/// What a shell that sources the text has in `KEY` afterwards. It runs in an empty directory, without a `PATH`.
fn by_shell(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut file = fs_err::File::create(dir.path().join("file")).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    duct::cmd!("/bin/sh", "-c", "set -a; . ./file; printf %sx \"$KEY\"")
        .dir(dir.path())
        .full_env([("HOME", HOME), ("PATH", "")])
        .stderr_to_stdout()
        .read()
        .map_or_else(|error| format!("sh failed: {error}"), |out| out.strip_suffix('x').unwrap_or(&out).to_string())
}

#[test]
fn values_that_are_accepted_are_what_a_shell_reads() {
    for (line, expected) in [
        ("KEY=plain", "plain"),
        ("  export \t KEY=plain  ", "plain"),
        ("KEY=", ""),
        ("KEY=   # nothing", ""),
        ("KEY=a#b", "a#b"),
        ("KEY=#b", "#b"),
        ("KEY=a # b", "a"),
        ("KEY='a  b'", "a  b"),
        (r#"KEY="a 'b' \" \\ \$ \` \n""#, r#"a 'b' " \ $ ` \n"#),
        (r"KEY='it'\''s'", "it's"),
        (r#"KEY=a'b'"c"d\ e"#, "abcd e"),
        ("KEY=a=b", "a=b"),
        ("KEY=*?[a]{b,c}", "*?[a]{b,c}"),
        ("KEY=~/x", "/home/ada/x"),
        ("KEY=~", "/home/ada"),
        ("KEY='~/x'", "~/x"),
        (r"KEY=\~/x", "~/x"),
        ("KEY=a~b", "a~b"),
        ("KEY=ä€😀", "ä€😀"),
        ("KEY=a!b%c^d@e,f", "a!b%c^d@e,f"),
    ] {
        assert_eq!(value(line).as_deref(), Some(expected), "{line}");
        assert_eq!(by_shell(line), expected, "sh on {line}");
    }
}

#[test]
fn what_only_a_shell_can_do_is_refused_at_its_place() {
    for (line, message, at) in [
        ("KEY=$HOME", "a variable in a value", 4..5),
        ("KEY=\"a ${B}\"", "a variable in a value", 7..8),
        ("KEY=$(reboot)", "a command in a value", 4..5),
        ("KEY=`reboot`", "a command in a value", 4..5),
        ("KEY=\"`reboot`\"", "a command in a value", 5..6),
        ("KEY=a b # c", "a value with a blank", 6..7),
        ("KEY=a B=c", "two assignments", 6..9),
        ("KEY= a", "a blank between the `=`", 4..5),
        ("KEY =a", "a blank between `KEY`", 3..4),
        ("KEY=a;reboot", "a `;` in a value", 5..6),
        ("KEY=a&", "a `&` in a value", 5..6),
        ("KEY=a|b", "a `|` in a value", 5..6),
        ("KEY=<a", "a `<` in a value", 4..5),
        ("KEY=>a", "a `>` in a value", 4..5),
        ("KEY=(a)", "a `(` in a value", 4..5),
        ("KEY='a", "a quote is never closed", 4..5),
        ("KEY=a\"b", "a quote is never closed", 5..6),
        ("KEY=a\\", "goes on after the end", 5..6),
        ("KEY=~bob/x", "a `~` is read only", 4..5),
        ("KEY=~'/x'", "a `~` is read only", 4..5),
        ("KEY=a:~/x", "a `~` is read only", 6..7),
        ("KEY=“a”", "typographic quote", 4..7),
        ("KEY=a\u{1b}b", "control character in a value: U+001B", 5..6),
        ("KEY=a\r", "control character in a value: U+000D", 5..6),
        ("export KEY=a*", "a `*` after `export`", 12..13),
        ("export KEY=a{b,c}", "a `{` after `export`", 12..13),
        ("  KEY", "neither `KEY=VALUE` nor", 2..5),
        ("export KEY", "neither `KEY=VALUE` nor", 7..10),
        ("echo a=b", "neither `KEY=VALUE` nor", 0..8),
        ("=a", "no key before", 0..1),
        ("9KEY=a", "`9KEY` cannot be a key", 0..1),
        ("KEY-A=a", "`KEY-A` cannot be a key", 3..4),
        ("KEY+=a", "`KEY+` cannot be a key", 3..4),
    ] {
        let (text, span) = mistake(line);
        assert!(text.contains(message), "{line}: {text}");
        assert_eq!(span, at, "{line}: {text}");
    }
}

#[test]
fn a_home_that_is_not_set_stands_for_nothing() {
    assert!(lex("KEY=~/x", None).mistakes[0].message.contains("HOME is not set"));
    assert!(lex("KEY=~", Some("")).mistakes[0].message.contains("HOME is not set"));
}

#[test]
fn a_mistake_in_one_line_does_not_hide_the_next() {
    let lexed = lex("A=$x\nB=1\nC='\nD=2\n", None);
    assert_eq!(lexed.mistakes.len(), 2);
    assert_eq!(lexed.assignments.iter().map(|a| (a.key.as_str(), a.line)).collect::<Vec<_>>(), [("B", 2), ("D", 4)]);
}

#[test]
fn parts_of_a_value_are_found_in_the_file() {
    let text = "# first\nKEY='one 'tw\\o\" three\"\n";
    let lexed = lex(text, None);
    let assignment = &lexed.assignments[0];
    assert_eq!(assignment.value, "one two three");
    assert_eq!(&text[assignment.part(&(0..3))], "one");
    assert_eq!(&text[assignment.part(&(4..7))], "tw\\o");
    assert_eq!(&text[assignment.part(&(8..13))], "three");
    assert_eq!(&text[assignment.part(&(0..0))], "'one 'tw\\o\" three\"");
    assert_eq!(&text[assignment.key_span.clone()], "KEY");
}

fn quoted(value: &str) -> String {
    format!("KEY='{}'\n", value.replace('\'', r"'\''"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_single_quotes_is_itself(text in r"[^\p{C}]{0,40}") {
        let line = quoted(&text);
        prop_assert_eq!(value(&line), Some(text.clone()));
        prop_assert_eq!(by_shell(&line), text);
    }

    /// The characters that mean something to a shell, in any order: an error, or what the shell reads. No letter but
    /// `a` is among them, so nothing that a mistake of ours would let through is a command.
    #[test]
    fn what_is_accepted_is_what_a_shell_reads(export in prop::bool::ANY, text in "[a'\"\\\\$`~# \t;&|<>(){}*?!=:/,\\[\\]-]{0,12}") {
        let line = format!("{}KEY={text}\n", if export { "export " } else { "" });
        if let Some(ours) = value(&line) {
            prop_assert_eq!(by_shell(&line), ours, "{}", line);
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in r"(?s).{0,200}") {
        let lexed = lex(&text, Some(HOME));
        for assignment in lexed.assignments {
            prop_assert!(text.get(assignment.part(&(0..assignment.value.len()))).is_some());
            prop_assert!(text.get(assignment.value_span).is_some());
        }
    }
}
