//! What an action may use while it runs: its log, commands that end with it, a way to tell how far it is.
//!
//! Unaware of the graph, of other tasks and of why it runs.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};

use super::event::{Event, Observer};
use crate::sys::children::Children;
use crate::sys::fs::{Access, create_dir};

/// Variables every command sees besides those its task declares: without them hardly a program starts.
const BARE_ENV: [&str; 5] = ["PATH", "HOME", "TMPDIR", "USER", "LANG"];
/// How much of a log an error shows.
const TAIL_LINES: usize = 20;

/// One run of one action.
pub struct Run<'r> {
    pub(super) task: &'r str,
    pub(super) root: &'r Path,
    pub(super) forced: bool,
    pub(super) env: &'r [(Cow<'r, str>, String)],
    pub(super) log: Log,
    pub(super) children: &'r Children,
    pub(super) leash: Option<&'r File>,
    pub(super) observer: &'r dyn Observer,
}

impl Run<'_> {
    /// The directory that the graph's relative paths start from.
    pub fn root(&self) -> &Path {
        self.root
    }

    /// Whether the user asked for new outputs although the old ones may be good.
    pub fn is_forced(&self) -> bool {
        self.forced
    }

    /// Whether the user wants everything to end.
    pub fn is_stopping(&self) -> bool {
        self.children.is_stopping()
    }

    /// Adds a line to the task's log.
    pub fn say(&self, line: &str) -> Result<()> {
        let mut file = self.log.file()?;
        writeln!(file, "{line}").with_context(|| format!("cannot write `{}`", self.log.path.display()))
    }

    /// Tells how far the task is: `done` of `total` (0 when not known).
    pub fn progress(&self, done: u64, total: u64, message: &str) {
        self.observer.event(&Event::Progress { task: self.task, done, total, message });
    }

    /// Runs a command in the root, with the declared environment; what it prints goes to the log.
    ///
    /// # Errors
    /// When it cannot be started or fails; with the last lines of the log.
    pub fn command<A: Into<std::ffi::OsString>>(&self, program: &str, args: impl IntoIterator<Item = A>) -> Result<()> {
        let log = self.log.file()?;
        let inherited = BARE_ENV.iter().filter_map(|&name| Some((name.into(), std::env::var_os(name)?)));
        let declared = self.env.iter().map(|(name, value)| (name.to_string().into(), value.into()));
        let env: Vec<(std::ffi::OsString, std::ffi::OsString)> = inherited.chain(declared).collect();
        let stderr = log.try_clone().with_context(|| format!("cannot write `{}`", self.log.path.display()))?;
        let mut command = duct::cmd(program, args).dir(self.root).full_env(env).stdout_file(log).stderr_file(stderr);
        command = match self.leash {
            Some(leash) => command.stdin_file(leash.try_clone().context("cannot share the lock")?),
            None => command.stdin_null(),
        };
        let status = self.children.run(&command)?;
        if !status.success() {
            bail!("`{program}` failed ({status}){}", self.log.tail());
        }
        Ok(())
    }
}

/// The log of one task: made when the first line is written.
pub(super) struct Log {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl Log {
    pub(super) fn new(path: PathBuf) -> Self {
        Log { path, file: Mutex::new(None) }
    }

    fn file(&self) -> Result<File> {
        let mut slot = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = Some(self.create()?);
        }
        let file = slot.as_ref().context("BUG: the log was just opened")?;
        file.try_clone().with_context(|| format!("cannot write `{}`", self.path.display()))
    }

    fn create(&self) -> Result<File> {
        // Appending: a command and its children share the file without writing over each other.
        let open = || OpenOptions::new().append(true).create(true).open(&self.path);
        let file = match open() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                create_dir(self.path.parent().unwrap_or(Path::new(".")), Access::Public)?;
                open()
            }
            other => other,
        };
        let file = file.with_context(|| format!("cannot open the log `{}`", self.path.display()))?;
        file.set_len(0).with_context(|| format!("cannot empty the log `{}`", self.path.display()))?;
        Ok(file)
    }

    /// Ends the log: its path, unless the task had nothing to say.
    pub(super) fn close(self) -> Option<PathBuf> {
        let file = self.file.into_inner().unwrap_or_else(PoisonError::into_inner);
        let said = file.is_some_and(|file| file.metadata().is_ok_and(|meta| meta.len() > 0));
        if !said {
            // Neither an empty log nor that of an earlier run may stand for this one.
            let _ = std::fs::remove_file(&self.path);
        }
        said.then_some(self.path)
    }

    fn tail(&self) -> String {
        let text = fs_err::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        if tail.is_empty() { String::new() } else { format!("; it said:\n    {}", tail.join("\n    ")) }
    }
}
