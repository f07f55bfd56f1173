//! What an action may use while it runs: its log, commands that end with it, a way to tell how far it is.
//!
//! Unaware of the graph, of other tasks and of why it runs.

use std::borrow::Cow;
use std::ffi::OsString;
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
    pub fn command<A: Into<OsString>>(&self, program: &str, args: impl IntoIterator<Item = A>) -> Result<()> {
        let log = self.log.file()?;
        let inherited = BARE_ENV.iter().filter_map(|&name| Some((name.into(), std::env::var_os(name)?)));
        let declared = self.env.iter().map(|(name, value)| (name.to_string().into(), value.into()));
        let env: Vec<(OsString, OsString)> = inherited.chain(declared).collect();
        let found = find_program(program, self.root, &env)?;
        let mut command = duct::cmd(found, args).dir(self.root).full_env(env).stderr_to_stdout().stdout_file(log);
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

/// Where a program lies: with a path the system need not copy this whole process to look for it.
fn find_program(program: &str, root: &Path, env: &[(OsString, OsString)]) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    if program.contains('/') {
        return Ok(root.join(program));
    }
    let runs = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    // A declared one comes after the inherited one, and counts.
    let path = env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_os_str()).unwrap_or_default();
    let found = std::env::split_paths(path).map(|dir| root.join(dir).join(program)).find(runs);
    found.with_context(|| format!("there is no program `{program}` in PATH: install it, or correct PATH"))
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
        let Some(file) = self.file.into_inner().unwrap_or_else(PoisonError::into_inner) else {
            // That of an earlier run may not stand for this one.
            let _ = std::fs::remove_file(&self.path);
            return None;
        };
        // An empty one stays: file systems take their time to give out a number again that was just freed (ext4 looks
        // through all of the last seconds), which made every further file of a run dearer than the one before.
        file.metadata().is_ok_and(|meta| meta.len() > 0).then_some(self.path)
    }

    fn tail(&self) -> String {
        let text = fs_err::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        if tail.is_empty() { String::new() } else { format!("; it said:\n    {}", tail.join("\n    ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_the_declared_path_says() {
        let dir = tempfile::tempdir().unwrap();
        let env = |path: &Path| vec![("PATH".into(), "/nowhere".into()), ("PATH".into(), path.as_os_str().to_owned())];
        std::fs::File::create(dir.path().join("tool")).unwrap();
        let refused = find_program("tool", Path::new("/"), &env(dir.path())).unwrap_err().to_string();
        assert_eq!(refused, "there is no program `tool` in PATH: install it, or correct PATH", "it cannot be run");
        allow_running(&dir.path().join("tool"));
        assert_eq!(find_program("tool", Path::new("/"), &env(dir.path())).unwrap(), dir.path().join("tool"));
        assert_eq!(find_program("./tool", dir.path(), &[]).unwrap(), dir.path().join("./tool"));
    }

    fn allow_running(path: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}
