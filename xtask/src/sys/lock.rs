//! One run at a time: a lock file that says who holds it, and that a dead holder cannot keep.
//!
//! The lock is the kernel's (`flock`), so it ends with its holder. Commands of a run inherit it as their standard input
//! (an empty file), so it also lasts until the last command of a killed run is gone: two runs never write the same
//! output at once. It does not know what is being protected.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::process::Identity;

/// How often a waiting run looks again.
const POLL: Duration = Duration::from_millis(50);

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub process: Identity,
    /// What it was asked to do.
    pub task: String,
    /// Seconds since the epoch.
    pub since: u64,
}

/// How long to wait for somebody else's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Not at all for a living holder; this long for what a dead one left behind.
    ForLeftovers(Duration),
    /// As long as it takes.
    Forever,
}

/// Why a lock was not had.
#[derive(Debug)]
pub enum Refused {
    /// A living process holds it.
    Held(Option<Holder>),
    /// Its holder is dead, but commands that it started still run.
    Leftovers(Option<Holder>),
    /// The file cannot be used.
    Error(anyhow::Error),
}

/// A held lock.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock, waiting as `patience` says; `waiting` is called once if there is something to wait for.
    pub fn acquire(
        path: &Path,
        task: &str,
        patience: Patience,
        mut waiting: impl FnMut(&Refused),
    ) -> Result<Lock, Refused> {
        let start = Instant::now();
        let mut told = false;
        let file = loop {
            if let Some(file) = try_lock(path).map_err(Refused::Error)? {
                break file;
            }
            let refused = refused(path);
            let go_on = match (patience, &refused) {
                (Patience::Forever, _) => true,
                (Patience::ForLeftovers(limit), Refused::Leftovers(_)) => start.elapsed() < limit,
                _ => false,
            };
            if !go_on {
                return Err(refused);
            }
            if !std::mem::replace(&mut told, true) {
                waiting(&refused);
            }
            thread::sleep(POLL);
        };
        let mut lock = Lock { file };
        lock.sign(task).with_context(|| format!("cannot write `{}`", path.display())).map_err(Refused::Error)?;
        Ok(lock)
    }

    /// Something that keeps the lock as long as it is open, and that reads as an empty file.
    pub fn leash(&self) -> Result<File> {
        self.file.try_clone().context("cannot share the lock")
    }

    fn sign(&mut self, task: &str) -> std::io::Result<()> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let holder = Holder { process: Identity::own(), task: task.to_string(), since };
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        // Where the position stays afterwards is the end: a command that reads its standard input finds nothing.
        self.file.write_all(serde_json::to_string(&holder)?.as_bytes())
    }
}

/// Opens the file anew each time: what lies at `path` may have been removed since, and a lock on that is worth nothing.
fn try_lock(path: &Path) -> Result<Option<File>> {
    let attempt = || -> std::io::Result<Option<File>> {
        loop {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let id = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
            if std::fs::metadata(path).is_ok_and(|meta| file.metadata().is_ok_and(|own| id(own) == id(meta))) {
                return Ok(Some(file));
            }
        }
    };
    attempt().with_context(|| format!("cannot lock `{}`", path.display()))
}

/// Who holds the lock at `path`, if anybody ever wrote a name there.
pub fn holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn refused(path: &Path) -> Refused {
    match holder(path) {
        Some(holder) if !holder.process.is_alive() => Refused::Leftovers(Some(holder)),
        holder => Refused::Held(holder),
    }
}

/// Where the lock of a state directory lies.
pub fn path_in(dir: &Path) -> PathBuf {
    dir.join("lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRIEFLY: Patience = Patience::ForLeftovers(Duration::from_millis(200));

    fn take(path: &Path, patience: Patience) -> Result<Lock, Refused> {
        Lock::acquire(path, "pki", patience, |_| {})
    }

    #[test]
    fn the_second_one_learns_who_is_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_in(dir.path());
        let first = take(&path, BRIEFLY).unwrap();
        let Err(Refused::Held(Some(holder))) = take(&path, BRIEFLY) else { panic!("it was given twice") };
        assert_eq!((holder.process, holder.task.as_str()), (Identity::own(), "pki"));
        drop(first);
        take(&path, BRIEFLY).unwrap();
    }

    #[test]
    fn waiting_ends_when_the_first_one_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_in(dir.path());
        let first = take(&path, BRIEFLY).unwrap();
        thread::scope(|scope| {
            let (told, second) = std::sync::mpsc::channel();
            let waiter = scope.spawn(|| Lock::acquire(&path, "up", Patience::Forever, move |_| told.send(()).unwrap()));
            second.recv().unwrap();
            drop(first);
            waiter.join().unwrap().unwrap();
        });
        assert_eq!(holder(&path).unwrap().task, "up");
    }

    #[test]
    fn a_lock_on_a_removed_file_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_in(dir.path());
        let first = take(&path, BRIEFLY).unwrap();
        std::fs::remove_file(&path).unwrap();
        let second = take(&path, BRIEFLY).unwrap();
        drop(first);
        assert!(matches!(take(&path, BRIEFLY), Err(Refused::Held(_))), "the file that lies there is the second one's");
        drop(second);
    }

    #[test]
    fn commands_of_a_dead_run_keep_the_lock_until_they_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_in(dir.path());
        let first = take(&path, BRIEFLY).unwrap();
        let command = duct::cmd!("sh", "-c", "cat; exec sleep 600").stdin_file(first.leash().unwrap()).stdout_null();
        let left = command.start().unwrap();
        drop(command);
        drop(first);
        let dead = Holder { process: Identity { pid: u32::MAX, started: "1".into() }, task: "all".into(), since: 0 };
        // Not by rename: the lock is this file's.
        OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&path)
            .unwrap()
            .write_all(serde_json::to_string(&dead).unwrap().as_bytes())
            .unwrap();
        assert!(matches!(take(&path, BRIEFLY), Err(Refused::Leftovers(Some(holder))) if holder == dead));
        left.kill().unwrap();
        take(&path, BRIEFLY).unwrap();
    }
}
