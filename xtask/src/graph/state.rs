//! What is remembered from run to run: the content of files by their stat, and what each task was last made of.
//!
//! Losing it costs hashing and work, never a wrong answer. It knows records, not what makes a task stale.

use std::hash::BuildHasher as _;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::Result;
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::files::{Digest, Known, Stat};
use super::journal::Journal;

const FILE: u8 = 1;
const TASK: u8 = 2;
/// Flags of a file's record.
const SETTLED: u8 = 1;
const SECRET: u8 = 2;
/// tag, flags, path length, stat, digest; then the path.
const FILE_HEAD: usize = 1 + 1 + 2 + 32 + 32;
/// tag, name length, number of outputs, milliseconds, fingerprint; then the outputs' digests and the name.
const TASK_HEAD: usize = 1 + 2 + 4 + 4 + 32;

/// Where a record lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct At(u32);

/// What a task was last made of.
pub(super) struct TaskRecord<'s> {
    /// Hash of the manifest it was made with.
    pub(super) fingerprint: Digest,
    /// How long it took.
    pub(super) millis: u32,
    outputs: &'s [u8],
}

impl TaskRecord<'_> {
    /// The recorded digest of each output, in declaration order.
    pub(super) fn outputs(&self) -> impl ExactSizeIterator<Item = Digest> + '_ {
        self.outputs.chunks_exact(32).map(|bytes| digest(bytes, 0))
    }
}

/// All records.
pub(super) struct State {
    journal: Journal,
    files: Index,
    tasks: Index,
}

impl State {
    pub(super) fn load(path: &Path, identity: [u8; 16]) -> Self {
        let journal = Journal::load(path, identity);
        let (mut files, mut tasks) = (Index::default(), Index::default());
        for (number, frame) in journal.frames().iter().enumerate() {
            index(journal.raw(), frame.clone(), number == 0, &mut files, &mut tasks);
        }
        State { journal, files, tasks }
    }

    /// The record of a file. Asking in the order of the last compaction is quickest: `cursor` starts at 0.
    pub(super) fn file(&self, path: &str, cursor: &mut usize) -> Option<At> {
        self.files.find(self.journal.raw(), path, cursor)
    }

    pub(super) fn known(&self, at: At) -> Known {
        let bytes = &self.journal.raw()[at.0 as usize..];
        let word = |n: usize| -> [u8; 8] { std::array::from_fn(|i| bytes[4 + n * 8 + i]) };
        Known {
            settled: bytes[1] & SETTLED != 0,
            secret: bytes[1] & SECRET != 0,
            stat: Stat {
                size: u64::from_le_bytes(word(0)),
                mtime: i64::from_le_bytes(word(1)),
                ctime: i64::from_le_bytes(word(2)),
                inode: u64::from_le_bytes(word(3)),
            },
            digest: digest(bytes, 4 + 32),
        }
    }

    /// The record of a task; the cursor as in [`State::file`].
    pub(super) fn task(&self, name: &str, cursor: &mut usize) -> Option<At> {
        self.tasks.find(self.journal.raw(), name, cursor)
    }

    pub(super) fn task_record(&self, at: At) -> TaskRecord<'_> {
        let bytes = &self.journal.raw()[at.0 as usize..];
        let outputs = u32_at(bytes, 3) as usize;
        TaskRecord {
            millis: u32_at(bytes, 7),
            fingerprint: digest(bytes, 11),
            outputs: &bytes[TASK_HEAD..TASK_HEAD + outputs * 32],
        }
    }

    /// Writes down files and, if given, the task that made them: all of it or nothing.
    pub(super) fn record(&mut self, payload: &Payload) -> Result<()> {
        if payload.0.is_empty() {
            return Ok(());
        }
        let frame = self.journal.append(&payload.0)?;
        index(self.journal.raw(), frame, false, &mut self.files, &mut self.tasks);
        Ok(())
    }

    /// Makes what was recorded survive a power cut.
    pub(super) fn sync(&self) -> Result<()> {
        self.journal.sync()
    }

    /// Whether much of the file is records that later ones replaced.
    pub(super) fn wants_compaction(&self) -> bool {
        let first = self.journal.frames().first().map_or(0, Range::len);
        // Replaced records cost more than their bytes: what was appended is looked up one by one. With half of 100,000
        // tasks in such records a run with nothing to do took 1.4 times as long.
        self.journal.raw().len() - first > (64 << 10) + first / 8
    }

    /// Keeps the records of these files and tasks, in this order, and forgets all others.
    pub(super) fn compact<'n>(
        &mut self,
        files: impl Iterator<Item = &'n str>,
        tasks: impl Iterator<Item = &'n str>,
    ) -> Result<()> {
        let mut payload = Vec::with_capacity(self.journal.raw().len());
        let raw = self.journal.raw();
        let mut cursor = 0;
        for at in files.filter_map(|path| self.file(path, &mut cursor)) {
            payload.extend_from_slice(&raw[entry(raw, at.0 as usize).1]);
        }
        cursor = 0;
        for at in tasks.filter_map(|name| self.task(name, &mut cursor)) {
            payload.extend_from_slice(&raw[entry(raw, at.0 as usize).1]);
        }
        let frame = self.journal.rewrite(&payload)?;
        (self.files, self.tasks) = (Index::default(), Index::default());
        index(self.journal.raw(), frame, true, &mut self.files, &mut self.tasks);
        Ok(())
    }
}

/// Records on their way to disk.
#[derive(Default)]
pub(super) struct Payload(Vec<u8>);

impl Payload {
    pub(super) fn file(&mut self, path: &str, known: &Known) {
        let length = u16::try_from(path.len()).expect("BUG: compile() refuses longer paths");
        let flags = (u8::from(known.settled) * SETTLED) | (u8::from(known.secret) * SECRET);
        self.0.extend_from_slice(&[FILE, flags]);
        self.0.extend_from_slice(&length.to_le_bytes());
        let Stat { size, mtime, ctime, inode } = known.stat;
        for word in [size.to_le_bytes(), mtime.to_le_bytes(), ctime.to_le_bytes(), inode.to_le_bytes()] {
            self.0.extend_from_slice(&word);
        }
        self.0.extend_from_slice(&known.digest.0);
        self.0.extend_from_slice(path.as_bytes());
    }

    pub(super) fn task(&mut self, name: &str, fingerprint: Digest, outputs: &[Digest], millis: u32) {
        let length = u16::try_from(name.len()).expect("BUG: compile() refuses longer names");
        let count = u32::try_from(outputs.len()).expect("BUG: a task with more than 4 thousand million outputs");
        self.0.push(TASK);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(&count.to_le_bytes());
        self.0.extend_from_slice(&millis.to_le_bytes());
        self.0.extend_from_slice(&fingerprint.0);
        for output in outputs {
            self.0.extend_from_slice(&output.0);
        }
        self.0.extend_from_slice(name.as_bytes());
    }
}

/// Where the records of one kind lie, by name.
#[derive(Default)]
struct Index {
    /// Those of the first frame, in its order.
    first: Vec<u32>,
    /// Positions in `first`, by name: made when somebody does not ask in order.
    by_name: OnceLock<HashTable<u32>>,
    /// Records appended since: they replace those of `first`.
    later: HashTable<u32>,
}

impl Index {
    fn find(&self, raw: &[u8], name: &str, cursor: &mut usize) -> Option<At> {
        let is = |at: u32| raw[entry(raw, at as usize).0] == *name.as_bytes();
        if !self.later.is_empty()
            && let Some(&at) = self.later.find(hash(name.as_bytes()), |&at| is(at))
        {
            // The record it replaces is passed over, or all that follow would be looked up the long way.
            if self.first.get(*cursor).is_some_and(|&at| is(at)) {
                *cursor += 1;
            }
            return Some(At(at));
        }
        let position = match self.first.get(*cursor) {
            None if self.first.is_empty() => return None,
            Some(&at) if is(at) => *cursor,
            _ => *self.by_name(raw).find(hash(name.as_bytes()), |&n| is(self.first[n as usize]))? as usize,
        };
        *cursor = position + 1;
        Some(At(self.first[position]))
    }

    fn by_name(&self, raw: &[u8]) -> &HashTable<u32> {
        self.by_name.get_or_init(|| {
            let key = |&n: &u32| hash(&raw[entry(raw, self.first[n as usize] as usize).0]);
            let mut table = HashTable::with_capacity(self.first.len());
            for position in 0..u32::try_from(self.first.len()).unwrap_or(u32::MAX) {
                table.insert_unique(key(&position), position, key);
            }
            table
        })
    }

    fn add_later(&mut self, raw: &[u8], at: u32) {
        let name = |at: u32| &raw[entry(raw, at as usize).0];
        let hasher = |&at: &u32| hash(name(at));
        match self.later.find_mut(hasher(&at), |&other| name(other) == name(at)) {
            Some(older) => *older = at,
            None => {
                self.later.insert_unique(hasher(&at), at, hasher);
            }
        }
    }
}

fn index(raw: &[u8], frame: Range<usize>, first: bool, files: &mut Index, tasks: &mut Index) {
    let mut at = frame.start;
    while at < frame.end {
        let offset = u32::try_from(at).expect("BUG: the journal is refused when it is larger");
        let kind = if raw[at] == FILE { &mut *files } else { &mut *tasks };
        if first {
            kind.first.push(offset);
        } else {
            kind.add_later(raw, offset);
        }
        at = entry(raw, at).1.end;
    }
}

/// Where the name of the record at `at` lies, and the whole record. Frames are checksummed: what is in them is ours.
fn entry(raw: &[u8], at: usize) -> (Range<usize>, Range<usize>) {
    let bytes = &raw[at..];
    let (head, length) = if bytes[0] == FILE {
        (FILE_HEAD, u16::from_le_bytes([bytes[2], bytes[3]]))
    } else {
        (TASK_HEAD + u32_at(bytes, 3) as usize * 32, u16::from_le_bytes([bytes[1], bytes[2]]))
    };
    let end = at + head + usize::from(length);
    (at + head..end, at..end)
}

fn digest(bytes: &[u8], at: usize) -> Digest {
    Digest(std::array::from_fn(|i| bytes[at + i]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn hash(name: &[u8]) -> u64 {
    FxBuildHasher.hash_one(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(byte: u8) -> Known {
        let stat = Stat { size: u64::from(byte), mtime: -1, ctime: 2, inode: 3 };
        Known { stat, digest: Digest([byte; 32]), settled: byte.is_multiple_of(2), secret: byte == 3 }
    }

    fn file(state: &State, path: &str) -> Option<Known> {
        state.file(path, &mut 0).map(|at| state.known(at))
    }

    #[test]
    fn the_last_record_wins_before_and_after_compaction() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let mut state = State::load(&path, [0; 16]);
        for byte in 1..=3 {
            let mut payload = Payload::default();
            payload.file("a", &known(byte));
            payload.file(&format!("b{byte}"), &known(byte));
            payload.task("t", Digest([byte; 32]), &[Digest([9; 32]), Digest([byte; 32])], 5);
            state.record(&payload).unwrap();
        }
        let look = |state: &State| {
            assert_eq!(file(state, "a"), Some(known(3)));
            assert_eq!(file(state, "b1"), Some(known(1)));
            assert_eq!(file(state, "c"), None);
            let task = state.task_record(state.task("t", &mut 0).unwrap());
            assert_eq!((task.fingerprint, task.millis), (Digest([3; 32]), 5));
            assert_eq!(task.outputs().collect::<Vec<_>>(), [Digest([9; 32]), Digest([3; 32])]);
        };
        look(&state);
        look(&State::load(&path, [0; 16]));
        state.compact(["b1", "a", "nobody"].into_iter(), ["t"].into_iter()).unwrap();
        look(&state);
        let again = State::load(&path, [0; 16]);
        look(&again);
        assert_eq!(file(&again, "b2"), None, "not among what was kept");
    }
}
