//! Values that are words: names, choices, versions, digests.
//!
//! Knows the form of a name and which names are taken, not how many nodes there are.

use std::ops::Range;

use super::{Outcome, Problem, Value};
use crate::config::keys::OLDEST_RELEASE;
use crate::config::suggest;

/// The longest name of a cluster: sockets lie below its directory, and a socket's path has 104 bytes (macOS).
const LONGEST_CLUSTER_NAME: usize = 32;
/// The longest DNS label (RFC 1035).
const LONGEST_LABEL: usize = 63;
/// A common name of X.509 has at most 64 characters, and `system:node:` is part of a kubelet's.
const LONGEST_NODE_NAME: usize = 52;
const LONGEST_DOMAIN: usize = 253;
/// `artifacts/cache` is where the downloads of all clusters lie.
const SHARED_DIRECTORY: &str = "cache";

/// Certificates that every cluster has: a node's own is called after the node and would take their place.
const CERTIFICATES: [&str; 13] = [
    "ca",
    "etcd-ca",
    "front-proxy-ca",
    "kubernetes",
    "admin",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "service-account",
    "apiserver-kubelet-client",
    "apiserver-etcd-client",
    "etcd-client",
    "front-proxy-client",
];
/// Certificates of etcd's members begin so.
const CERTIFICATE_PREFIXES: [&str; 2] = ["etcd-server-", "etcd-peer-"];
/// Private keys end so.
const KEY_SUFFIX: &str = "-key";
/// Host names that mean something else.
const HOSTS: [(&str, &str); 2] =
    [("localhost", "every machine calls itself that"), ("nixos", "the installer's live system calls itself that")];

/// The name of the cluster.
pub(super) fn cluster_name(text: &str) -> Result<Value, Problem> {
    let help = "write a short name of `a`-`z`, `0`-`9` and `-`";
    if let Some((part, why)) = no_label(text) {
        return Err(Problem::new("is not a lower-case DNS label", why, help).part(part));
    }
    if text.len() > LONGEST_CLUSTER_NAME {
        let problem = Problem::new(
            format!("is longer than {LONGEST_CLUSTER_NAME} characters"),
            format!("{} characters", text.len()),
            help,
        );
        return Err(problem.because("sockets lie in a directory of that name, and the path of a socket is limited"));
    }
    if text == SHARED_DIRECTORY {
        return Err(Problem::new("is taken", "`artifacts/cache` holds the downloads of all clusters", help));
    }
    Ok(Value::Text(text.to_string()))
}

/// A list of node names. Bad names are reported one by one and stay in the list: the keys of these nodes exist.
pub(super) fn names(text: &str, required: bool) -> Outcome {
    let parts = split_list(text);
    let mut problems: Vec<Problem> =
        parts.iter().filter_map(|(at, name)| bad_name(name).map(|problem| problem.part(at.clone()))).collect();
    if parts.is_empty() && required {
        problems.push(Problem::new("names no node", "an empty list", "write at least one name"));
    }
    Outcome { value: Some(Value::List(parts.into_iter().map(|(_, name)| name.to_string()).collect())), problems }
}

/// The parts of a list that is separated by blanks or commas, each with where it stands.
pub(in crate::config) fn split_list(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut parts = Vec::new();
    let mut at = 0;
    for part in text.split([' ', '\t', ',']) {
        if !part.is_empty() {
            parts.push((at..at + part.len(), part));
        }
        at += part.len() + 1;
    }
    parts
}

fn bad_name(name: &str) -> Option<Problem> {
    let help = "write a name of `a`-`z`, `0`-`9` and `-`, such as `node-1`";
    if let Some((_, why)) = no_label(name) {
        return Some(Problem::new(format!("has a name that is no lower-case DNS label: `{name}`"), why, help));
    }
    if name.len() > LONGEST_NODE_NAME {
        let why = format!("{} characters, and {LONGEST_NODE_NAME} fit", name.len());
        let problem = Problem::new(format!("has a name that is too long: `{name}`"), why, "use a shorter name");
        return Some(problem.because("a kubelet's certificate names it `system:node:NAME`, in at most 64 characters"));
    }
    if name.bytes().all(|b| b.is_ascii_digit()) {
        let problem = Problem::new(format!("has a name of digits alone: `{name}`"), "looks like an address", help);
        return Some(problem.because("ssh and others take a number for an address in disguise"));
    }
    let why = taken(name)?;
    Some(Problem::new(format!("has a name that is taken: `{name}`"), why, "use another name for this node"))
}

fn taken(name: &str) -> Option<String> {
    if let Some((_, why)) = HOSTS.iter().find(|(host, _)| *host == name) {
        return Some((*why).to_string());
    }
    let certificate = CERTIFICATES.contains(&name) || CERTIFICATE_PREFIXES.iter().any(|p| name.starts_with(p));
    if certificate {
        return Some(format!("`{name}.pem` is another certificate of the cluster"));
    }
    name.strip_suffix(KEY_SUFFIX).map(|owner| format!("`{name}.pem` would be the private key of `{owner}`"))
}

/// Why a text is no lower-case DNS label, and which part of it shows.
fn no_label(text: &str) -> Option<(Range<usize>, String)> {
    let bad = text.char_indices().find(|(_, c)| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-'));
    if let Some((at, c)) = bad {
        let why = if c.is_uppercase() { "upper case".to_string() } else { format!("{c:?} cannot be in it") };
        return Some((at..at + c.len_utf8(), why));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Some((0..text.len(), "begins or ends with `-`".into()));
    }
    if text.is_empty() {
        return Some((0..0, "empty".into()));
    }
    (text.len() > LONGEST_LABEL).then(|| (0..text.len(), format!("{} characters, and {LONGEST_LABEL} fit", text.len())))
}

/// One of a few words.
pub(super) fn choice(text: &str, words: &[&str]) -> Result<Value, Problem> {
    if words.contains(&text) {
        return Ok(Value::Text(text.to_string()));
    }
    let help = match suggest::closest(text, words.iter().copied()).as_slice() {
        [] => format!("write {}", suggest::either(words)),
        near => format!("did you mean {}?", suggest::either(near)),
    };
    let neither = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" nor ");
    Err(Problem::new(format!("is neither {neither}"), "unknown", help))
}

/// A DNS domain.
pub(super) fn domain(text: &str) -> Result<Value, Problem> {
    let help = "write labels of `a`-`z`, `0`-`9` and `-` with dots between, without a dot at the end";
    let problem = |why: String| Problem::new("is not a lower-case DNS domain", why, help);
    if text.len() > LONGEST_DOMAIN {
        return Err(problem(format!("{} characters, and {LONGEST_DOMAIN} fit", text.len())));
    }
    match text.split('.').find_map(no_label) {
        Some((_, why)) => Err(problem(why)),
        None => Ok(Value::Text(text.to_string())),
    }
}

/// A NixOS release: two a year, in May and November.
pub(super) fn release(text: &str) -> Result<Value, Problem> {
    let (year, month) = OLDEST_RELEASE;
    let help =
        format!("write a release such as `{year}.{month:02}` or newer; they come in May (.05) and November (.11)");
    let form = |text: &str| {
        text.len() == 5
            && text.bytes().enumerate().all(|(i, b)| (i == 2) == (b == b'.') && (i == 2 || b.is_ascii_digit()))
    };
    if !form(text) {
        return Err(Problem::new("is not a NixOS release", "not of the form YY.MM", help));
    }
    let parts = (text[..2].parse().unwrap_or(0), text[3..].parse().unwrap_or(0));
    match parts {
        (_, 5 | 11) if parts >= OLDEST_RELEASE => Ok(Value::Text(text.to_string())),
        (_, 5 | 11) => Err(Problem::new("is a NixOS release that is too old", "no longer maintained", help)),
        _ => Err(Problem::new("is not a NixOS release", "no release comes in that month", help)),
    }
}

/// A version of something that is pinned.
pub(super) fn version(text: &str) -> Result<Value, Problem> {
    let is_version = |text: &str| {
        let parts: Vec<&str> = text.split('.').collect();
        parts.len() == 3 && parts.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    };
    if is_version(text) {
        return Ok(Value::Text(text.to_string()));
    }
    let bare = text.trim_start_matches(['v', 'V']);
    let (label, help) = if is_version(bare) {
        ("a `v` in front", format!("write `{bare}`"))
    } else {
        ("not of the form x.y.z", "write three numbers with dots between; ranges and `latest` pin nothing".into())
    };
    Err(Problem::new("is not a version", label, help))
}

/// A container image that cannot become another one by itself: with a tag or a digest.
pub(super) fn image(text: &str) -> Result<Value, Problem> {
    let help = "write it as `registry.example/name:tag`, or with `@sha256:` and its digest";
    let good = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    if !text.chars().all(good) || text.starts_with('/') || text.ends_with(['/', ':', '@']) || text.contains("//") {
        return Err(Problem::new("is not a container image", "not a name of one", help));
    }
    // A colon before the last slash belongs to the registry's port.
    let name = text.rsplit('/').next().unwrap_or(text);
    match name.split_once([':', '@']) {
        None => Err(Problem::new("is an image without a tag", "nothing pins it", help)),
        Some((_, "latest")) => Err(Problem::new("is an image that changes by itself", "`latest` pins nothing", help)),
        Some(_) => Ok(Value::Text(text.to_string())),
    }
}

/// A SHA-256 digest, kept in lower case.
pub(super) fn digest(text: &str) -> Result<Value, Problem> {
    let digits = text.bytes().all(|b| b.is_ascii_hexdigit());
    if digits && text.len() == 64 {
        return Ok(Value::Text(text.to_ascii_lowercase()));
    }
    let label = if digits { format!("{} digits", text.len()) } else { "not hex digits alone".into() };
    Err(Problem::new(
        "is not a SHA-256 digest",
        label,
        "write the 64 hex digits that `sha256sum` prints, and nothing else",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_know_where_their_parts_stand() {
        let text = "one, two\tthree,,four ";
        let parts = split_list(text);
        assert_eq!(parts.iter().map(|(_, p)| *p).collect::<Vec<_>>(), ["one", "two", "three", "four"]);
        assert!(parts.iter().all(|(at, p)| &text[at.clone()] == *p));
        assert!(split_list(" ,\t").is_empty());
    }

    #[test]
    fn names_that_would_overwrite_another_certificate_are_taken() {
        for name in ["ca", "front-proxy-client", "etcd-server-one", "etcd-peer-", "one-key", "localhost", "nixos"] {
            assert!(bad_name(name).is_some(), "{name}");
        }
        for name in ["one", "ca1", "etcd", "key", "node-1", "a"] {
            assert!(bad_name(name).is_none(), "{name}");
        }
    }

    #[test]
    fn labels_are_lower_case_and_short() {
        for name in ["Upper", "under_score", "dot.ted", "-a", "a-", "ä", "", &"x".repeat(64)] {
            assert!(no_label(name).is_some(), "{name}");
        }
        assert!(no_label(&"x".repeat(63)).is_none());
        assert!(bad_name("007").is_some());
    }

    #[test]
    fn releases_are_two_a_year() {
        for (text, fine) in [("25.05", true), ("25.11", true), ("31.11", true), ("24.11", false), ("25.10", false)] {
            assert_eq!(release(text).is_ok(), fine, "{text}");
        }
        for text in ["25.5", "2505", "unstable", "25.05 ", "a5.05", "25.05.1"] {
            assert!(release(text).is_err(), "{text}");
        }
    }

    #[test]
    fn images_are_pinned() {
        for good in ["registry.example/pause:3.10", "registry.example:5000/a/b:1", "pause@sha256:ab12"] {
            assert!(image(good).is_ok(), "{good}");
        }
        for bad in ["pause", "registry.example:5000/pause", "pause:latest", "a b:1", "/pause:1", "pause:", "a//b:1"] {
            assert!(image(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn versions_pin() {
        assert!(version("2.30.4").is_ok());
        assert_eq!(version("v2.30.4").unwrap_err().help, "write `2.30.4`");
        for text in ["2.30", "latest", "2.30.x", "2..4", "^2.30.4", "2.30.4-rc.1"] {
            assert!(version(text).is_err(), "{text}");
        }
    }
}
