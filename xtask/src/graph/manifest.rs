//! What a task is made of, as one list of fields: its hash is the fingerprint, its text the explanation.
//!
//! The explanation is read out of the very bytes that were hashed, so the two cannot drift. Every field carries its
//! length. It does not know where manifests are kept or when they are compared.

use std::collections::VecDeque;
use std::fmt;

use super::files::Digest;
use super::task::FieldKind;

const TEXT: u8 = 0;
const HASH: u8 = 1;
const MISSING: u8 = 2;

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// As it was declared.
    Text(String),
    /// The content of a file.
    Content(Digest),
    /// No such file.
    Missing,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) if text.is_empty() => f.write_str("(empty)"),
            Value::Text(text) => f.write_str(text),
            Value::Content(digest) => f.write_str(&digest.short()),
            Value::Missing => f.write_str("(not there)"),
        }
    }
}

/// A difference between the last time and now; `None` on a side where there was no such field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which part of the manifest.
    pub kind: FieldKind,
    /// Name of the field: a configuration key, a path.
    pub key: String,
    /// Before.
    pub old: Option<Value>,
    /// Now.
    pub new: Option<Value>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.key)?;
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => write!(f, ": {old} → {new}"),
            (None, Some(new)) if self.kind != FieldKind::Output => write!(f, " is new: {new}"),
            (None, _) => write!(f, " is new"),
            (Some(_), None) => write!(f, " is no longer declared"),
        }
    }
}

/// Collects the fields of one task into bytes.
pub(super) struct Writer<'b>(pub(super) &'b mut Vec<u8>);

impl Writer<'_> {
    pub(super) fn text(&mut self, kind: FieldKind, key: &str, value: &str) {
        self.field(kind, key, TEXT, value.as_bytes());
    }

    pub(super) fn content(&mut self, kind: FieldKind, key: &str, digest: Digest) {
        self.field(kind, key, HASH, &digest.0);
    }

    pub(super) fn missing(&mut self, kind: FieldKind, key: &str) {
        self.field(kind, key, MISSING, &[]);
    }

    fn field(&mut self, kind: FieldKind, key: &str, tag: u8, value: &[u8]) {
        let length = |n: usize| u32::try_from(n).expect("BUG: a field of more than 4 GiB").to_le_bytes();
        self.0.push(kind as u8);
        self.0.push(tag);
        self.0.extend_from_slice(&length(key.len()));
        self.0.extend_from_slice(&length(value.len()));
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(value);
    }
}

/// The fingerprint of a manifest.
pub(super) fn fingerprint(manifest: &[u8]) -> Digest {
    Digest(blake3::hash(manifest).into())
}

type Entry = (FieldKind, String, Value);

/// What changed between two manifests, in the order of the new one; fields that are gone come last.
pub(super) fn diff(old: &[u8], new: &[u8]) -> Vec<Change> {
    let (old, new) = (decode(old), decode(new));
    let changes = changed_fields(old.clone(), &new);
    // The same fields with the same values, and yet another manifest: an action may well care for the order.
    if changes.is_empty() && old != new { vec![reordered(&old, &new)] } else { changes }
}

fn reordered(old: &[Entry], new: &[Entry]) -> Change {
    let moved = |entries: &[Entry], others: &[Entry]| {
        let keys = entries.iter().zip(others).filter(|(one, other)| one != other).map(|((_, key, _), _)| key.as_str());
        Some(Value::Text(keys.collect::<Vec<_>>().join(", ")))
    };
    let kind = old.iter().zip(new).find(|(one, other)| one != other).map_or(FieldKind::Input, |((kind, ..), _)| *kind);
    Change { kind, key: "order".to_string(), old: moved(old, new), new: moved(new, old) }
}

fn changed_fields(old: Vec<Entry>, new: &[Entry]) -> Vec<Change> {
    let mut old = VecDeque::from(old);
    let mut changes = Vec::new();
    for (kind, key, value) in new {
        // Nearly always the next one, so that a tree of many files is compared in one pass.
        let at = old.iter().position(|(k, n, _)| (k, n) == (kind, key));
        let before = at.and_then(|at| old.remove(at)).map(|(.., value)| value);
        if before.as_ref() != Some(value) {
            changes.push(Change { kind: *kind, key: key.clone(), old: before, new: Some(value.clone()) });
        }
    }
    changes.extend(old.into_iter().map(|(kind, key, value)| Change { kind, key, old: Some(value), new: None }));
    changes
}

/// Bytes that are no manifest (an older format) decode to what could be read.
fn decode(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((entry, tail)) = decode_one(rest) {
        entries.push(entry);
        rest = tail;
    }
    entries
}

fn decode_one(bytes: &[u8]) -> Option<(Entry, &[u8])> {
    let (head, rest) = bytes.split_at_checked(10)?;
    let kind = match head[0] {
        1 => FieldKind::Action,
        2 => FieldKind::Config,
        3 => FieldKind::Env,
        4 => FieldKind::Tool,
        5 => FieldKind::Input,
        6 => FieldKind::Output,
        _ => return None,
    };
    let length = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
    let (key, rest) = rest.split_at_checked(length(2))?;
    let (value, rest) = rest.split_at_checked(length(6))?;
    let value = match head[1] {
        TEXT => Value::Text(String::from_utf8_lossy(value).into_owned()),
        HASH => Value::Content(Digest(value.try_into().ok()?)),
        _ => Value::Missing,
    };
    Some(((kind, String::from_utf8_lossy(key).into_owned(), value), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(fields: &[(FieldKind, &str, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, key, value) in fields {
            Writer(&mut bytes).text(*kind, key, value);
        }
        bytes
    }

    #[test]
    fn a_difference_names_the_field_and_both_values() {
        let old = manifest(&[
            (FieldKind::Config, "sans", "a"),
            (FieldKind::Env, "PATH", "/bin"),
            (FieldKind::Tool, "nix", "2.8"),
        ]);
        let mut new = manifest(&[(FieldKind::Config, "sans", "a b"), (FieldKind::Tool, "nix", "2.8")]);
        Writer(&mut new).content(FieldKind::Input, "ca.pem", Digest([0xab; 32]));
        let text: Vec<String> = diff(&old, &new).iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            ["config sans: a → a b", "input ca.pem is new: abababababab", "environment PATH is no longer declared"]
        );
        assert!(diff(&new, &new).is_empty());
    }

    #[test]
    fn a_new_order_is_a_difference_too() {
        let fields = [(FieldKind::Config, "v", "1"), (FieldKind::Input, "a", "x"), (FieldKind::Input, "b", "y")];
        let (old, new) = (manifest(&fields), manifest(&[fields[0], fields[2], fields[1]]));
        assert_eq!(diff(&old, &new)[0].to_string(), "input order: a, b → b, a");
    }

    #[test]
    fn lengths_keep_neighbours_apart() {
        let one = manifest(&[(FieldKind::Config, "a", "bc"), (FieldKind::Config, "d", "")]);
        let two = manifest(&[(FieldKind::Config, "a", "b"), (FieldKind::Config, "cd", "")]);
        assert_ne!(fingerprint(&one), fingerprint(&two));
    }

    #[test]
    fn garbage_decodes_to_nothing() {
        assert!(decode(&[1, 0, 255, 255, 255, 255, 0, 0, 0, 0]).is_empty());
        assert!(decode(b"not a manifest at all").is_empty());
    }
}
