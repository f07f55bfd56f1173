//! Files that are either whole or absent, and secrets that were never readable by others.
//!
//! Everything the project writes goes through here: temporary name, fsync, rename. It does not know what it writes.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::Builder;
use walkdir::WalkDir;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// 0644 less the umask of nobody: certificates, reports.
    Public,
    /// 0600 from the moment the file exists: keys and what embeds them.
    Secret,
}

impl Access {
    /// Permission bits of a file.
    pub fn mode(self) -> u32 {
        match self {
            Access::Public => 0o644,
            Access::Secret => 0o600,
        }
    }
}

/// How the names of temporary files begin and end.
const HALF_WRITTEN: (&str, &str) = (".", ".tmp");

/// Replaces `path` by `bytes` in one step: a reader, or a killed run, sees the old file or the new one.
///
/// The directory must exist.
pub fn write_atomic(path: &Path, bytes: &[u8], access: Access) -> Result<()> {
    let name = path.file_name().with_context(|| format!("`{}` names no file", path.display()))?;
    let parent = parent_of(path);
    let write = || -> std::io::Result<()> {
        // The permissions are those of the temporary file from its creation on, so a secret is never readable.
        let mut file = Builder::new()
            .prefix(&format!("{}{}.", HALF_WRITTEN.0, name.to_string_lossy()))
            .suffix(HALF_WRITTEN.1)
            .permissions(std::fs::Permissions::from_mode(access.mode()))
            .tempfile_in(parent)?;
        // By the file itself, because the wrapper's errors repeat the temporary name.
        file.as_file_mut().write_all(bytes)?;
        // The umask may have taken bits away at creation; what was asked for is what the file gets.
        file.as_file().set_permissions(std::fs::Permissions::from_mode(access.mode()))?;
        file.as_file().sync_all()?;
        // The directory is not synced: after a power cut either the old or the new file is there, each of them whole,
        // and what counts is decided by its content. A sync more for each file would double the cost.
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

/// Makes a directory and its parents; with [`Access::Secret`] the last one is 0700 even if it was there before.
pub fn create_dir(path: &Path, access: Access) -> Result<()> {
    let mode = match access {
        Access::Public => 0o755,
        Access::Secret => 0o700,
    };
    let create = || -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match std::fs::DirBuilder::new().mode(mode).create(path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => {
                if access == Access::Secret {
                    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
                }
                Ok(())
            }
            other => other,
        }
    };
    create().with_context(|| format!("cannot make the directory `{}`", path.display()))
}

/// Removes a file or a directory with all in it; nothing there is fine.
pub fn remove(path: &Path) -> Result<()> {
    let gone = match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => Err(e),
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
    };
    gone.with_context(|| format!("cannot remove `{}`", path.display()))
}

/// Removes what a killed run left half written anywhere below a directory. Nobody else may be writing there.
pub fn sweep(dir: &Path) -> Result<()> {
    let mut entries = WalkDir::new(dir).min_depth(1).into_iter();
    while let Some(entry) = entries.next() {
        // What cannot be listed holds nothing that could be removed.
        let Ok(entry) = entry else { continue };
        let name = entry.file_name().to_string_lossy();
        if name.starts_with(HALF_WRITTEN.0) && name.ends_with(HALF_WRITTEN.1) {
            if entry.file_type().is_dir() {
                entries.skip_current_dir();
            }
            remove(entry.path())?;
        }
    }
    Ok(())
}

/// The directory a file lies in; `.` for a bare name.
fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn secrets_are_secret_and_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca-key.pem");
        write_atomic(&path, b"one", Access::Secret).unwrap();
        assert_eq!(mode(&path), 0o600);
        write_atomic(&path, b"two", Access::Secret).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "a temporary file was left behind");
    }

    #[test]
    fn a_failed_write_names_the_file_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("missing/file");
        let error = write_atomic(&path, b"", Access::Public).unwrap_err();
        assert!(error.to_string().contains("missing/file"), "{error}");
    }

    #[test]
    fn only_what_is_half_written_is_swept_away() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".ca-key.pem.x1y2z3.tmp", "ca-key.pem", ".hidden", "a.tmp"] {
            write_atomic(&dir.path().join(name), b"x", Access::Secret).unwrap();
        }
        sweep(dir.path()).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".hidden", "a.tmp", "ca-key.pem"]);
        sweep(&dir.path().join("missing")).unwrap();
    }

    #[test]
    fn a_secret_directory_is_tightened() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pki");
        create_dir(&path, Access::Public).unwrap();
        assert_eq!(mode(&path), 0o755);
        create_dir(&path, Access::Secret).unwrap();
        assert_eq!(mode(&path), 0o700);
    }
}
