//! An evaluated node as text that a person reads: units as systemd would, files as they lie there, the rest line by
//! line.
//!
//! Pure functions of the value that Nix gave. What ought to be in it is not known here.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The last page: every option that is neither a unit nor a file.
const REST: &str = "everything else";

/// A unit, a file, or all that is neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// `NAME.service`, the path of a file, or `everything else`.
    pub title: String,
    /// What it holds.
    pub text: String,
}

/// Everything that is defined for a node, page by page.
pub fn pages(value: &Value) -> Vec<Page> {
    let mut rest = value.clone();
    let mut pages = Vec::new();
    for (name, unit) in take(&mut rest, &["systemd", "services"]) {
        pages.push(Page { title: format!("{name}.service"), text: self::unit(&unit) });
    }
    for (name, mut file) in take(&mut rest, &["environment", "etc"]) {
        let text = file.as_object_mut().and_then(|file| file.remove("text"));
        let about = object(&file).map(|(key, value)| format!(" {key}={}", bare(value)));
        let title = format!("/etc/{name}{}", about.collect::<Vec<_>>().concat());
        let text = text.as_ref().and_then(Value::as_str).unwrap_or_default().to_string();
        pages.push(Page { title, text });
    }
    for (name, rules) in take(&mut rest, &["systemd", "tmpfiles", "settings"]) {
        pages.push(Page { title: format!("tmpfiles.d/{name}.conf"), text: tmpfiles(&rules) });
    }
    let mut text = String::new();
    flatten(&mut text, "", &rest);
    pages.push(Page { title: REST.to_string(), text });
    pages
}

/// All pages of a node as one text.
pub fn node(value: &Value) -> String {
    let pages = pages(value).into_iter();
    let texts: Vec<String> = pages.map(|page| format!("# {}\n{}", page.title, page.text)).collect();
    texts.join("\n")
}

/// Takes a set out of the value.
fn take(value: &mut Value, path: &[&str]) -> Map<String, Value> {
    let Some((last, parents)) = path.split_last() else { return Map::new() };
    let parent = parents.iter().try_fold(value, |value, name| value.get_mut(*name));
    let set = parent.and_then(|parent| parent.as_object_mut()?.remove(*last));
    set.and_then(|set| set.as_object().cloned()).unwrap_or_default()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Lines of tmpfiles.d.
fn tmpfiles(rules: &Value) -> String {
    let mut lines = String::new();
    for (path, kinds) in object(rules) {
        for (kind, rule) in object(kinds) {
            let field = |name: &str| rule.get(name).map_or_else(|| "-".to_string(), bare);
            let (mode, user, group) = (field("mode"), field("user"), field("group"));
            let _ = writeln!(lines, "{kind} {path} {mode} {user} {group} - {}", field("argument"));
        }
    }
    lines
}

/// A unit file. What NixOS puts in by itself is not in it.
fn unit(unit: &Value) -> String {
    let mut sections = [("Unit", Vec::new()), ("Service", Vec::new()), ("Install", Vec::new())];
    for (key, value) in object(unit) {
        let (section, directive) = match key.as_str() {
            "serviceConfig" => {
                sections[1].1.extend(object(value).flat_map(|(directive, value)| directives(directive, value)));
                continue;
            }
            "environment" => {
                let variables = object(value);
                sections[1].1.extend(variables.map(|(name, value)| format!("Environment=\"{name}={}\"", bare(value))));
                continue;
            }
            // NixOS makes PATH of it.
            "path" => (1, "# PATH"),
            // Only a comment in the unit, which changes with what they hold.
            "restartTriggers" => continue,
            "startLimitIntervalSec" => (0, "StartLimitIntervalSec"),
            "wantedBy" => (2, "WantedBy"),
            "requiredBy" => (2, "RequiredBy"),
            "description" => (0, "Description"),
            "documentation" => (0, "Documentation"),
            "after" => (0, "After"),
            "before" => (0, "Before"),
            "wants" => (0, "Wants"),
            "requires" => (0, "Requires"),
            // An option of NixOS that is no directive: shown as what it is.
            other => {
                sections[1].1.push(format!("# {other}: {value}"));
                continue;
            }
        };
        sections[section].1.push(format!("{directive}={}", words(value)));
    }
    let written = sections.iter().filter(|(_, lines)| !lines.is_empty());
    let sections: Vec<String> = written.map(|(name, lines)| format!("[{name}]\n{}\n", lines.join("\n"))).collect();
    sections.concat()
}

/// A directive; a list repeats it.
fn directives(name: &str, value: &Value) -> Vec<String> {
    let each = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    each.iter().map(|value| format!("{name}={}", bare(value))).collect()
}

fn words(value: &Value) -> String {
    value.as_array().map_or_else(|| bare(value), |list| list.iter().map(bare).collect::<Vec<_>>().join(" "))
}

/// A value as systemd writes it.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

/// Paths of options with their values.
fn flatten(out: &mut String, path: &str, value: &Value) {
    match value.as_object().filter(|set| !set.is_empty()) {
        None => {
            let _ = writeln!(out, "{path} = {value}");
        }
        Some(set) => {
            for (name, value) in set {
                let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
                let name = if plain { name.clone() } else { format!("\"{name}\"") };
                let inner = if path.is_empty() { name } else { format!("{path}.{name}") };
                flatten(out, &inner, value);
            }
        }
    }
}
