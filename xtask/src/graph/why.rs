//! The last manifest of every task, kept only to explain: the state holds its hash, which is all that decides.
//!
//! Read when somebody asks why. A manifest that does not hash to the recorded fingerprint is not believed.

use std::cell::OnceCell;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::journal::Journal;

/// Manifests by task name.
pub(super) struct Why {
    journal: Journal,
    /// Made when the first question is asked.
    index: OnceCell<FxHashMap<String, Range<usize>>>,
}

impl Why {
    pub(super) fn load(path: &Path, identity: [u8; 16]) -> Self {
        Why { journal: Journal::load(path, identity), index: OnceCell::new() }
    }

    /// The last recorded manifest of a task.
    pub(super) fn manifest(&self, task: &str) -> Option<&[u8]> {
        let index = self.index.get_or_init(|| {
            let entries = self.journal.frames().iter().flat_map(|frame| entries(self.journal.raw(), frame.clone()));
            entries.collect()
        });
        index.get(task).map(|at| &self.journal.raw()[at.clone()])
    }

    pub(super) fn record(&mut self, task: &str, manifest: &[u8]) -> Result<()> {
        let mut payload = Vec::with_capacity(8 + task.len() + manifest.len());
        push(&mut payload, task, manifest);
        let frame = self.journal.append(&payload)?;
        if let Some(index) = self.index.get_mut() {
            index.extend(entries(self.journal.raw(), frame));
        }
        Ok(())
    }

    /// Forgets what was replaced, and tasks that are not among these, once that is most of the file.
    pub(super) fn compact<'n>(&mut self, tasks: impl Iterator<Item = &'n str>) -> Result<()> {
        let mut payload = Vec::new();
        for task in tasks {
            if let Some(manifest) = self.manifest(task) {
                push(&mut payload, task, manifest);
            }
        }
        if self.journal.raw().len() > 2 * payload.len() + (64 << 10) {
            self.journal.rewrite(&payload)?;
            self.index = OnceCell::new();
        }
        Ok(())
    }
}

fn push(payload: &mut Vec<u8>, task: &str, manifest: &[u8]) {
    let length = |n: usize| u32::try_from(n).expect("BUG: a manifest of more than 4 GiB").to_le_bytes();
    payload.extend_from_slice(&length(task.len()));
    payload.extend_from_slice(&length(manifest.len()));
    payload.extend_from_slice(task.as_bytes());
    payload.extend_from_slice(manifest);
}

/// Names, and where their manifests lie.
fn entries(raw: &[u8], frame: Range<usize>) -> Vec<(String, Range<usize>)> {
    let mut entries = Vec::new();
    let mut at = frame.start;
    let word = |at: usize| Some(u32::from_le_bytes(raw.get(at..at + 4)?.try_into().ok()?) as usize);
    while at < frame.end {
        let (Some(name), Some(manifest)) = (word(at), word(at + 4)) else { break };
        let start = at + 8 + name;
        let Some(bytes) = raw.get(at + 8..start) else { break };
        at = start + manifest;
        entries.push((String::from_utf8_lossy(bytes).into_owned(), start..at));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_manifest_is_found_before_and_after_a_reload() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("why");
        let mut why = Why::load(&path, [0; 16]);
        why.record("a", b"one").unwrap();
        assert_eq!(why.manifest("a"), Some(&b"one"[..]));
        for _ in 0..2000 {
            why.record("a", &[7; 100]).unwrap();
        }
        why.record("b", b"").unwrap();
        for _ in 0..2 {
            assert_eq!(why.manifest("a"), Some(&[7; 100][..]));
            assert_eq!((why.manifest("b"), why.manifest("c")), (Some(&b""[..]), None));
            why.compact(["a", "b"].into_iter()).unwrap();
            assert!(fs_err::metadata(&path).unwrap().len() < 1000, "2000 manifests that nobody wants any more");
            why = Why::load(&path, [0; 16]);
        }
    }
}
