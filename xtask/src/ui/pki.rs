//! `pki --show` for people: who signed whom, what each certificate says, and where copies go.
//!
//! It arranges what [`crate::pki::show`] gathered. It reads no file and judges nothing.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use time::format_description::FormatItem;
use time::macros::format_description;

use super::table::{Cell, Table, paint};
use crate::pki::{Kind, Part, Shown, State};

const DAY: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]");
const HEADING: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const QUIET: Style = Style::new().dimmed();

/// The whole report, every line ended.
pub fn human(shown: &[Shown], width: usize) -> String {
    let mut out = String::new();
    let mut section = |title: &str, explanation: &str, body: &str| {
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = write!(out, "{gap}{}\n{}\n{body}", paint(title, HEADING), paint(explanation, QUIET));
    };
    section("Who signed whom", "An authority vouches for what hangs below it.", &tree(shown, width));
    section("What each says", "CN is the user and O the group that the API server sees.", &facts(shown, width));
    section(
        "What servers may be called",
        "A client refuses a server that it dialled by another name.",
        &names(shown, width),
    );
    section(
        "Where copies go",
        "This host keeps everything; nobody else is given more than this.",
        &copies(shown, width),
    );
    let troubles = troubles(shown, width);
    if !troubles.is_empty() {
        section("What is not as it should be", "`cargo xtask pki` mends it.", &troubles);
    }
    out
}

/// Authorities with what they signed below them, each with what it is for.
fn tree(shown: &[Shown], width: usize) -> String {
    let mut table = Table::new();
    for root in shown.iter().filter(|one| one.issuer.is_none()) {
        table.row([Cell::styled(&root.name, HEADING), root.purpose.as_str().into()]);
        let children: Vec<_> = shown.iter().filter(|one| one.issuer == Some(&root.name)).collect();
        for (position, child) in children.iter().enumerate() {
            let branch = if position + 1 == children.len() { "└─" } else { "├─" };
            table.row([format!("{branch} {}", child.name).into(), child.purpose.as_str().into()]);
        }
    }
    table.render(width)
}

fn facts(shown: &[Shown], width: usize) -> String {
    let mut table = Table::new().header(["NAME", "USE", "ENDS", "LEFT", "STATE", "SUBJECT"]);
    for one in shown {
        let end = one.not_after.and_then(|end| end.format(DAY).ok());
        let state = match one.state {
            State::Ok => Cell::styled("ok", GOOD),
            State::Missing => Cell::styled("missing", BAD),
            State::Differs(_) => Cell::styled("differs", BAD),
        };
        table.row([
            one.name.as_str().into(),
            usage(one).into(),
            end.unwrap_or_else(|| absent(one).to_string()).into(),
            one.days_left.map_or_else(|| absent(one).to_string(), |days| format!("{days} d")).into(),
            state,
            one.subject.as_deref().unwrap_or("(a bare key pair)").into(),
        ]);
    }
    table.render(width)
}

fn names(shown: &[Shown], width: usize) -> String {
    let mut table = Table::new();
    for one in shown.iter().filter(|one| !one.sans.is_empty()) {
        let bare: Vec<_> =
            one.sans.iter().map(|san| san.split_once(':').map_or(san.as_str(), |(_, bare)| bare)).collect();
        table.row([one.name.as_str().into(), bare.join(", ").into()]);
    }
    table.render(width)
}

fn copies(shown: &[Shown], width: usize) -> String {
    let mut table = Table::new();
    for one in shown {
        let places: Vec<_> = one.receivers.iter().map(|r| format!("{} ({})", r.to, part(one.kind, r.part))).collect();
        let text = if places.is_empty() { Cell::styled("stays here", QUIET) } else { places.join(", ").into() };
        table.row([one.name.as_str().into(), text]);
    }
    table.render(width)
}

fn troubles(shown: &[Shown], width: usize) -> String {
    let mut table = Table::new();
    let missing: Vec<_> = shown.iter().filter(|one| one.state == State::Missing).map(|one| one.name.as_str()).collect();
    if !missing.is_empty() {
        table.row([Cell::styled("missing", BAD), missing.join(", ").into()]);
    }
    for one in shown {
        if let State::Differs(why) = &one.state {
            table.row([Cell::styled(&one.name, BAD), why.as_str().into()]);
        }
    }
    table.render(width)
}

fn usage(one: &Shown) -> String {
    match one.kind {
        Kind::Authority => "signs".to_string(),
        Kind::KeyPair => "tokens".to_string(),
        Kind::Leaf => one.usages.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"),
    }
}

/// Nothing to read is not the same as nothing that could end.
fn absent(one: &Shown) -> &'static str {
    if one.kind == Kind::KeyPair { "never" } else { "-" }
}

fn part(kind: Kind, part: Part) -> &'static str {
    match (kind, part) {
        (Kind::KeyPair, Part::Public) => "public key",
        (Kind::KeyPair, Part::Pair) => "both keys",
        (_, Part::Public) => "certificate",
        (_, Part::Pair) => "certificate and key",
    }
}
