//! The files of a graph: interned paths, and what is on disk right now.
//!
//! A stat that equals the recorded one stands for the recorded content; anything else is read and hashed. It does not
//! know tasks, nor where records are kept.

use std::borrow::Cow;
use std::fs::File;
use std::hash::BuildHasher as _;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat as RawStat};

/// A blake3 hash; keyed for secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Enough hex digits to tell two apart in a message.
    pub fn short(&self) -> String {
        let hex = blake3::Hash::from_bytes(self.0).to_hex();
        hex[..12].to_string()
    }
}

/// Index of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct FileId(pub(super) u32);

/// What tells a file from its earlier self without reading it. Times in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stat {
    pub(super) size: u64,
    pub(super) mtime: i64,
    pub(super) ctime: i64,
    pub(super) inode: u64,
}

/// A file whose content is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) stat: Stat,
    pub(super) digest: Digest,
    /// False while the file could still change within the clock tick of its last change without any trace in its
    /// stat: such a record is not trusted, the content is read again.
    pub(super) settled: bool,
    /// Whether the digest is a keyed one.
    pub(super) secret: bool,
}

/// What is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Now {
    /// Not looked at yet.
    #[default]
    Unknown,
    /// Nothing there.
    Missing,
    /// There, and this is its content.
    Present(Known),
}

/// File systems stamp files with a clock that ticks this coarsely (a kernel tick is at most 10 ms).
const TICK: Duration = Duration::from_millis(20);
/// ... and some keep only (two) seconds: there the nanoseconds are always zero.
const COARSE_TICK: Duration = Duration::from_secs(2);
/// From this size on all cores hash one file, out of a memory map.
const LARGE: u64 = 1 << 20;
const BUFFER: usize = 64 << 10;
/// A file that changes while it is read is read again, but not for ever.
const PATIENCE: usize = 5;

/// Every path that a graph mentions.
#[derive(Default)]
pub(super) struct Files<'a> {
    paths: Vec<Cow<'a, str>>,
    secret: Vec<bool>,
    ids: HashTable<u32>,
}

impl<'a> Files<'a> {
    pub(super) fn len(&self) -> usize {
        self.paths.len()
    }

    pub(super) fn path(&self, id: FileId) -> &str {
        &self.paths[id.0 as usize]
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(|path| &**path)
    }

    pub(super) fn is_secret(&self, id: FileId) -> bool {
        self.secret[id.0 as usize]
    }

    pub(super) fn mark_secret(&mut self, id: FileId) {
        self.secret[id.0 as usize] = true;
    }

    pub(super) fn find(&self, path: &str) -> Option<FileId> {
        self.ids.find(hash(path), |&id| self.paths[id as usize] == path).map(|&id| FileId(id))
    }

    /// Makes room; only before anything is in it.
    pub(super) fn reserve(&mut self, paths: usize) {
        if self.paths.is_empty() {
            self.ids.reserve(paths, |_| unreachable!("BUG: there is nothing in it yet"));
        }
    }

    pub(super) fn intern(&mut self, path: Cow<'a, str>) -> FileId {
        if let Some(id) = self.find(&path) {
            return id;
        }
        let id = u32::try_from(self.paths.len()).expect("BUG: more than four thousand million files");
        let paths = &self.paths;
        self.ids.insert_unique(hash(&path), id, |&other| hash(&paths[other as usize]));
        self.paths.push(path);
        self.secret.push(false);
        FileId(id)
    }
}

fn hash(path: &str) -> u64 {
    FxBuildHasher.hash_one(path)
}

/// The directory that relative paths start from, and the key for secrets.
pub(super) struct Disk {
    root: PathBuf,
    dir: OwnedFd,
    key: [u8; 32],
}

impl Disk {
    pub(super) fn open(root: &Path, key: [u8; 32]) -> Result<Self> {
        // Paths are resolved from here: short relative look-ups cost half of absolute ones.
        let dir = rustix::fs::open(root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .with_context(|| format!("cannot open the directory `{}`", root.display()))?;
        Ok(Disk { root: root.to_path_buf(), dir, key })
    }

    pub(super) fn absolute(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// `None` when nothing is there.
    fn stat(&self, path: &str) -> Result<Option<RawStat>> {
        match rustix::fs::statat(&self.dir, path, AtFlags::empty()) {
            Ok(raw) => Ok(Some(raw)),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot look at `{path}`")),
        }
    }

    /// Looks at a file, and reads it unless its stat is the one that `known` was recorded with.
    ///
    /// # Errors
    /// When it is there but cannot be read, is no regular file, or keeps changing.
    pub(super) fn look(&self, path: &str, secret: bool, known: Option<Known>) -> Result<Now> {
        let Some(raw) = self.stat(path)? else { return Ok(Now::Missing) };
        if let Some(known) = known
            && known.settled
            && known.secret == secret
            && known.stat == signature(&raw)
        {
            return Ok(Now::Present(known));
        }
        self.read(path, secret)
    }

    /// Permission bits, or `None` when nothing is there.
    pub(super) fn mode(&self, path: &str) -> Result<Option<u32>> {
        Ok(self.stat(path)?.map(|raw| u32::try_from(int(raw.st_mode)).unwrap_or_default() & 0o7777))
    }

    /// Whether the stat is still the one of `now` (a missing file is still missing).
    pub(super) fn unchanged(&self, path: &str, now: Now) -> Result<bool> {
        Ok(match (self.stat(path)?, now) {
            (Some(raw), Now::Present(known)) => signature(&raw) == known.stat,
            (None, Now::Missing | Now::Unknown) => true,
            _ => false,
        })
    }

    fn read(&self, path: &str, secret: bool) -> Result<Now> {
        for _ in 0..PATIENCE {
            let before = SystemTime::now();
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK; // a FIFO must not hang us
            let fd = match rustix::fs::openat(&self.dir, path, flags, Mode::empty()) {
                Ok(fd) => fd,
                Err(rustix::io::Errno::NOENT) => return Ok(Now::Missing),
                Err(error) => return Err(error).with_context(|| format!("cannot read `{path}`")),
            };
            let opened = rustix::fs::fstat(&fd).with_context(|| format!("cannot look at `{path}`"))?;
            match FileType::from_raw_mode(opened.st_mode) {
                FileType::RegularFile => {}
                FileType::Directory => bail!("`{path}` is a directory, and was declared as a file"),
                _ => bail!("`{path}` is not a regular file"),
            }
            let stat = signature(&opened);
            let digest = self.digest(path, File::from(fd), stat.size, secret)?;
            let known = Known { stat, digest, settled: is_settled(stat, before), secret };
            if self.unchanged(path, Now::Present(known))? {
                return Ok(Now::Present(known));
            }
        }
        bail!("`{path}` keeps changing while it is read")
    }

    fn digest(&self, path: &str, mut file: File, size: u64, secret: bool) -> Result<Digest> {
        let mut hasher = if secret { blake3::Hasher::new_keyed(&self.key) } else { blake3::Hasher::new() };
        let mut feed = || -> std::io::Result<()> {
            if size >= LARGE {
                hasher.update_mmap_rayon(self.absolute(path))?;
                return Ok(());
            }
            // One byte more than the file has, so that its end shows in the second read.
            let mut buffer = vec![0; usize::try_from(size + 1).map_or(BUFFER, |size| size.min(BUFFER))];
            loop {
                match file.read(&mut buffer)? {
                    0 => return Ok(()),
                    n => hasher.update(&buffer[..n]),
                };
            }
        };
        feed().with_context(|| format!("cannot read `{path}`"))?;
        Ok(Digest(hasher.finalize().into()))
    }
}

fn is_settled(stat: Stat, read_at: SystemTime) -> bool {
    let last = stat.mtime.max(stat.ctime);
    let whole_seconds = stat.mtime % 1_000_000_000 == 0 && stat.ctime % 1_000_000_000 == 0;
    let tick = if whole_seconds { COARSE_TICK } else { TICK };
    let limit = read_at.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(tick);
    i128::from(last) < i128::try_from(limit.as_nanos()).unwrap_or(i128::MAX)
}

/// The types of the fields of a stat differ between systems; their meaning does not.
fn int<T: TryInto<i64>>(value: T) -> i64 {
    value.try_into().unwrap_or_default()
}

fn signature(raw: &RawStat) -> Stat {
    let time = |seconds: i64, nanos: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos);
    Stat {
        size: u64::try_from(int(raw.st_size)).unwrap_or_default(),
        mtime: time(int(raw.st_mtime), int(raw.st_mtime_nsec)),
        ctime: time(int(raw.st_ctime), int(raw.st_ctime_nsec)),
        inode: u64::try_from(int(raw.st_ino)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::fs::{Access, write_atomic};

    fn disk() -> (tempfile::TempDir, Disk) {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::open(dir.path(), [7; 32]).unwrap();
        (dir, disk)
    }

    fn known(now: Now) -> Known {
        if let Now::Present(known) = now { known } else { panic!("it is not there: {now:?}") }
    }

    #[test]
    fn the_racy_rule() {
        let at = |nanos: i64| Stat { mtime: nanos, ctime: nanos - 5, ..Stat::default() };
        let read_at = UNIX_EPOCH + Duration::from_secs(10);
        assert!(!is_settled(at(9_990_000_001), read_at), "10 ms ago");
        assert!(is_settled(at(9_970_000_001), read_at), "30 ms ago");
        assert!(!is_settled(at(11_000_000_001), read_at), "a clock that went back");
        let whole = Stat { mtime: 9_000_000_000, ctime: 9_000_000_000, ..Stat::default() };
        assert!(!is_settled(whole, read_at), "a file system without nanoseconds");
        assert!(is_settled(Stat { mtime: 7_000_000_000, ctime: 7_000_000_000, ..whole }, read_at));
    }

    #[test]
    fn a_settled_record_saves_reading_and_any_other_does_not() {
        let (dir, disk) = disk();
        write_atomic(&dir.path().join("a"), b"text", Access::Public).unwrap();
        let real = known(disk.look("a", false, None).unwrap());
        assert_eq!(real.digest, Digest(blake3::hash(b"text").into()));
        let lie = Known { digest: Digest([0; 32]), settled: true, ..real };
        let look = |record| known(disk.look("a", false, Some(record)).unwrap()).digest;
        assert_eq!(look(lie), lie.digest, "believed");
        assert_eq!(look(Known { settled: false, ..lie }), real.digest);
        assert_eq!(look(Known { secret: true, ..lie }), real.digest);
        assert_eq!(look(Known { stat: Stat { size: 5, ..lie.stat }, ..lie }), real.digest);
    }

    #[test]
    fn large_files_hash_like_small_ones_and_secrets_like_neither() {
        let (dir, disk) = disk();
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        write_atomic(&dir.path().join("large"), &bytes, Access::Public).unwrap();
        let plain = known(disk.look("large", false, None).unwrap()).digest;
        assert_eq!(plain, Digest(blake3::hash(&bytes).into()));
        let keyed = known(disk.look("large", true, None).unwrap()).digest;
        assert_eq!(keyed, Digest(blake3::keyed_hash(&[7; 32], &bytes).into()));
    }

    #[test]
    fn what_is_no_regular_file_is_refused_and_nothing_hangs() {
        let (dir, disk) = disk();
        assert_eq!(disk.look("nothing/at/all", false, None).unwrap(), Now::Missing);
        std::fs::create_dir(dir.path().join("d")).unwrap();
        let error = disk.look("d", false, None).unwrap_err().to_string();
        assert_eq!(error, "`d` is a directory, and was declared as a file");
        #[cfg(target_os = "linux")] // rustix makes FIFOs nowhere else
        {
            rustix::fs::mknodat(&disk.dir, "fifo", FileType::Fifo, Mode::RUSR, 0).unwrap();
            assert_eq!(disk.look("fifo", false, None).unwrap_err().to_string(), "`fifo` is not a regular file");
        }
    }
}
