//! An evaluated node as text that a person reads: units as systemd would, files as they lie there, the rest line by line.
//!
//! A pure function of the value that Nix gave. It does not know what ought to be in it.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Everything that is defined for a node.
pub(crate) fn node(value: &Value) -> String {
    let mut out = String::new();
    let mut rest = value.clone();
    for (name, unit) in take(&mut rest, &["systemd", "services"]) {
        let _ = write!(out, "# {name}.service\n{}\n", self::unit(&unit));
    }
    for (name, mut file) in take(&mut rest, &["environment", "etc"]) {
        let text = file.as_object_mut().unwrap().remove("text");
        let about = file.as_object().unwrap().iter().map(|(key, value)| format!(" {key}={}", bare(value)));
        let text = text.as_ref().and_then(Value::as_str).unwrap_or_default();
        let _ = write!(out, "# /etc/{name}{}\n{text}\n", about.collect::<Vec<_>>().concat());
    }
    for (name, rules) in take(&mut rest, &["systemd", "tmpfiles", "settings"]) {
        let _ = write!(out, "# tmpfiles.d/{name}.conf\n{}\n", tmpfiles(&rules));
    }
    out.push_str("# everything else\n");
    flatten(&mut out, "", &rest);
    out
}

/// Takes a set out of the value.
fn take(value: &mut Value, path: &[&str]) -> Map<String, Value> {
    let (last, parents) = path.split_last().unwrap();
    let parent = parents.iter().try_fold(value, |value, name| value.get_mut(*name));
    let set = parent.and_then(|parent| parent.as_object_mut()?.remove(*last));
    set.and_then(|set| set.as_object().cloned()).unwrap_or_default()
}

/// Lines of tmpfiles.d.
fn tmpfiles(rules: &Value) -> String {
    let mut lines = String::new();
    for (path, kinds) in rules.as_object().unwrap() {
        for (kind, rule) in kinds.as_object().unwrap() {
            let field = |name: &str| rule.get(name).map_or_else(|| "-".to_string(), bare);
            let (mode, user, group) = (field("mode"), field("user"), field("group"));
            let _ = writeln!(lines, "{kind} {path} {mode} {user} {group} - {}", field("argument"));
        }
    }
    lines
}

/// A unit file. What NixOS puts in by itself is not in it.
pub(crate) fn unit(unit: &Value) -> String {
    let mut sections = [("Unit", Vec::new()), ("Service", Vec::new()), ("Install", Vec::new())];
    for (key, value) in unit.as_object().unwrap() {
        let (section, directive) = match key.as_str() {
            "serviceConfig" => {
                for (directive, value) in value.as_object().unwrap() {
                    sections[1].1.extend(directives(directive, value));
                }
                continue;
            }
            "environment" => {
                let variables = value.as_object().unwrap().iter();
                sections[1].1.extend(variables.map(|(name, value)| format!("Environment=\"{name}={}\"", bare(value))));
                continue;
            }
            // NixOS makes PATH of it.
            "path" => (1, "# PATH"),
            // Only a comment in the unit, which changes with what they hold.
            "restartTriggers" => continue,
            "startLimitIntervalSec" => (0, "StartLimitIntervalSec"),
            "wantedBy" => (2, "WantedBy"),
            "description" => (0, "Description"),
            "documentation" => (0, "Documentation"),
            "after" => (0, "After"),
            "before" => (0, "Before"),
            "wants" => (0, "Wants"),
            other => panic!("how does systemd spell `{other}`?"),
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
