//! Why a file is not what it should be, and the reading of files that may not be.
//!
//! It knows names, modes and absence; what a file must hold is the caller's affair. No text made here quotes what a
//! file holds, because it may be a key.

use std::fmt;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::sys::fs::Access;

/// Permission bits that would let others at a secret.
const OTHERS: u32 = 0o077;

/// Why what lies on disk is not what the table says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// There is no such file.
    Missing(String),
    /// It is there, and different: a sentence that says in what.
    Differs(String),
}

impl Mismatch {
    /// A difference, as a sentence.
    pub(super) fn differs(sentence: impl Into<String>) -> Self {
        Mismatch::Differs(sentence.into())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Missing(file) => write!(f, "`{file}` is missing"),
            Mismatch::Differs(sentence) => f.write_str(sentence),
        }
    }
}

impl std::error::Error for Mismatch {}

/// Reads a file that should be there, and for a secret makes sure that nobody else could read it.
pub(super) fn read(path: &Path, access: Access) -> Result<Vec<u8>, Mismatch> {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let read = || -> std::io::Result<(u32, Vec<u8>)> {
        Ok((std::fs::metadata(path)?.permissions().mode() & 0o777, std::fs::read(path)?))
    };
    match read() {
        Ok((mode, _)) if access == Access::Secret && mode & OTHERS != 0 => {
            Err(Mismatch::differs(format!("`{name}` holds a secret but has mode {mode:04o}: others may have read it")))
        }
        Ok((_, bytes)) => Ok(bytes),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(Mismatch::Missing(name)),
        Err(e) => Err(Mismatch::differs(format!("`{name}` cannot be read: {e}"))),
    }
}
