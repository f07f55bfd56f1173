//! An append-only file of checked frames: what survives a kill at any moment, a torn write, or garbage.
//!
//! Layout: a header (magic, version, an identity of 16 bytes), then frames of length, checksum, payload. Reading stops
//! at the first frame that does not check out; the next append cuts the rest off. It does not know what frames mean.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::sys::fs::{Access, write_atomic};

const MAGIC: &[u8; 8] = b"xtaskgr\n";
/// Change it when the meaning of a payload changes: older files are then forgotten, never misread.
const VERSION: u32 = 2;
const HEADER: usize = 8 + 4 + 16;
const FRAME: usize = 4 + 16;

/// An open journal, with everything in it that checked out.
pub(super) struct Journal {
    path: PathBuf,
    identity: [u8; 16],
    /// The good part of the file.
    raw: Vec<u8>,
    frames: Vec<Range<usize>>,
    file: Option<File>,
}

impl Journal {
    /// Reads what is there. A missing, foreign or damaged file is an empty one; `identity` tells foreign ones.
    pub(super) fn load(path: &Path, identity: [u8; 16]) -> Self {
        let mut raw = fs_err::read(path).unwrap_or_default();
        let frames = if raw.get(..HEADER) == Some(&header(identity)[..]) { frames(&raw) } else { Vec::new() };
        // Offsets into it are 32 bits wide.
        let good = frames.last().map_or(0, |frame| frame.end);
        raw.truncate(good);
        if good == 0 || u32::try_from(good).is_err() {
            return Journal {
                path: path.to_path_buf(),
                identity,
                raw: header(identity).to_vec(),
                frames: Vec::new(),
                file: None,
            };
        }
        Journal { path: path.to_path_buf(), identity, raw, frames, file: None }
    }

    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Where the payloads lie in [`Journal::raw`], oldest first.
    pub(super) fn frames(&self) -> &[Range<usize>] {
        &self.frames
    }

    /// Adds a frame and returns where it lies in [`Journal::raw`].
    pub(super) fn append(&mut self, payload: &[u8]) -> Result<Range<usize>> {
        let start = self.raw.len();
        push_frame(&mut self.raw, payload);
        let mut write = || -> std::io::Result<()> {
            if let Some(file) = &mut self.file {
                return file.write_all(&self.raw[start..]);
            }
            let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&self.path)?;
            if start == HEADER {
                file.set_len(0)?;
                file.write_all(&self.raw)?;
            } else {
                // What lies behind the good part is the torn end of a killed run.
                file.set_len(start as u64)?;
                file.seek(SeekFrom::End(0))?;
                file.write_all(&self.raw[start..])?;
            }
            self.file = Some(file);
            Ok(())
        };
        write().with_context(|| format!("cannot write `{}`", self.path.display()))?;
        let frame = start + FRAME..self.raw.len();
        self.frames.push(frame.clone());
        Ok(frame)
    }

    /// Replaces everything by one frame, in one step.
    pub(super) fn rewrite(&mut self, payload: &[u8]) -> Result<Range<usize>> {
        let mut raw = header(self.identity).to_vec();
        raw.reserve_exact(FRAME + payload.len());
        push_frame(&mut raw, payload);
        write_atomic(&self.path, &raw, Access::Secret)?;
        let frame = HEADER + FRAME..raw.len();
        (self.raw, self.frames, self.file) = (raw, vec![frame.clone()], None);
        Ok(frame)
    }

    /// Makes what was appended survive a power cut.
    pub(super) fn sync(&self) -> Result<()> {
        match &self.file {
            Some(file) => file.sync_data().with_context(|| format!("cannot write `{}`", self.path.display())),
            None => Ok(()),
        }
    }
}

fn header(identity: [u8; 16]) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..].copy_from_slice(&identity);
    bytes
}

fn checksum(payload: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(payload).as_bytes()[..16]);
    short
}

fn push_frame(raw: &mut Vec<u8>, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("BUG: a frame of more than 4 GiB");
    raw.extend_from_slice(&length.to_le_bytes());
    raw.extend_from_slice(&checksum(payload));
    raw.extend_from_slice(payload);
}

/// The payloads of all frames up to the first that is cut off or does not match its checksum.
fn frames(raw: &[u8]) -> Vec<Range<usize>> {
    let mut frames = Vec::new();
    let mut at = HEADER;
    while let Some(head) = raw.get(at..at + FRAME) {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let payload = at + FRAME..at + FRAME + length;
        match raw.get(payload.clone()) {
            Some(bytes) if checksum(bytes) == head[4..] => frames.push(payload.clone()),
            _ => break,
        }
        at = payload.end;
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(journal: &Journal) -> Vec<&[u8]> {
        journal.frames().iter().map(|f| &journal.raw()[f.clone()]).collect()
    }

    #[test]
    fn a_torn_or_damaged_tail_is_cut_off_and_the_rest_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let mut journal = Journal::load(&path, [7; 16]);
        journal.append(b"one").unwrap();
        journal.append(b"two").unwrap();
        let whole = fs_err::read(&path).unwrap();
        for keep in 0..whole.len() {
            std::fs::File::create(&path).unwrap().write_all(&whole[..keep]).unwrap();
            let mut cut = Journal::load(&path, [7; 16]);
            let count = payloads(&cut).len();
            assert!(count <= 1 && payloads(&cut).iter().all(|p| p == b"one"), "cut at {keep}");
            cut.append(b"three").unwrap();
            assert_eq!(payloads(&Journal::load(&path, [7; 16])).len(), count + 1, "cut at {keep}");
        }
        for flip in 0..whole.len() {
            let mut bad = whole.clone();
            bad[flip] ^= 0x40;
            std::fs::File::create(&path).unwrap().write_all(&bad).unwrap();
            assert!(payloads(&Journal::load(&path, [7; 16])).len() <= 1, "flipped {flip}");
        }
    }

    #[test]
    fn another_identity_forgets_everything() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        Journal::load(&path, [1; 16]).append(b"one").unwrap();
        let mut other = Journal::load(&path, [2; 16]);
        assert!(payloads(&other).is_empty());
        other.append(b"two").unwrap();
        assert_eq!(payloads(&Journal::load(&path, [2; 16])), [b"two"]);
        other.rewrite(b"three").unwrap();
        other.append(b"four").unwrap();
        assert_eq!(payloads(&Journal::load(&path, [2; 16])), [&b"three"[..], b"four"]);
    }
}
