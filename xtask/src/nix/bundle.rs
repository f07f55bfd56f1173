//! Files laid out for a node: a directory to look into, and one archive of it that the installer carries in.
//!
//! The same entries give the same bytes: order, times and numbers of owners are fixed. It does not know what the files
//! are.

use std::path::Path;

use anyhow::{Context as _, Result};
use tar::{Builder, EntryType, Header};

use crate::sys::fs::{Access, create_dir, remove, write_atomic};

/// Directories of the archive; what is in them has permissions of its own.
const DIRECTORY_MODE: u32 = 0o755;

/// A file of a bundle. It may hold a key, so it cannot be printed.
#[derive(Clone)]
pub struct Entry {
    /// Where it lies, relative to the bundle, with `/`.
    pub path: String,
    /// Its permissions on the node.
    pub mode: u32,
    /// Its owner on the node, by name: numbers differ between systems.
    pub owner: String,
    /// Its group on the node, by name.
    pub group: String,
    /// What is in it.
    pub content: Vec<u8>,
}

impl Entry {
    /// A file that everybody may read and root may change.
    pub fn public(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Entry { path: path.into(), mode: 0o644, owner: "root".into(), group: "root".into(), content: content.into() }
    }
}

/// Lays the files out below `dir`, which is made anew: complete, or not there. On this host everything is its user's
/// and what others may not read on the node nobody else may read here.
pub fn lay_out(dir: &Path, entries: &[Entry]) -> Result<()> {
    let name = dir.file_name().context("BUG: a bundle has a name")?.to_string_lossy();
    let next = dir.with_file_name(format!(".{name}.next.tmp"));
    remove(&next)?;
    create_dir(&next, Access::Secret)?;
    for entry in entries {
        let path = next.join(&entry.path);
        if let Some(parent) = path.parent() {
            create_dir(parent, Access::Public)?;
        }
        let access =
            if entry.mode & 0o077 & !0o044 == 0 && entry.mode & 0o004 != 0 { Access::Public } else { Access::Secret };
        write_atomic(&path, &entry.content, access)?;
    }
    remove(dir)?;
    fs_err::rename(&next, dir)?;
    Ok(())
}

/// Packs the files into an uncompressed archive that the owner alone may read.
pub fn pack(archive: &Path, entries: &[Entry]) -> Result<()> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|one, other| one.path.cmp(&other.path));
    let mut tar = Builder::new(Vec::new());
    let mut made: Vec<String> = Vec::new();
    let append = |tar: &mut Builder<Vec<u8>>, header: &mut Header, path: &str, bytes: &[u8]| {
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(bytes.len() as u64);
        tar.append_data(header, path, bytes).with_context(|| format!("cannot pack `{path}`"))
    };
    for entry in sorted {
        for directory in
            parents(&entry.path).into_iter().filter(|directory| !made.contains(directory)).collect::<Vec<_>>()
        {
            let mut header = Header::new_ustar();
            header.set_entry_type(EntryType::Directory);
            header.set_mode(DIRECTORY_MODE);
            append(&mut tar, &mut header, &format!("{directory}/"), &[])?;
            made.push(directory);
        }
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(entry.mode);
        header.set_username(&entry.owner).with_context(|| format!("`{}` is no owner", entry.owner))?;
        header.set_groupname(&entry.group).with_context(|| format!("`{}` is no group", entry.group))?;
        append(&mut tar, &mut header, &entry.path, &entry.content)?;
    }
    let bytes = tar.into_inner().context("cannot finish the archive")?;
    write_atomic(archive, &bytes, Access::Secret)
}

/// Every directory above a path, the outermost first.
fn parents(path: &str) -> Vec<String> {
    path.match_indices('/').map(|(at, _)| path[..at].to_string()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn entries() -> Vec<Entry> {
        vec![
            Entry {
                mode: 0o400,
                owner: "etcd".into(),
                group: "etcd".into(),
                ..Entry::public("pki/etcd-key.pem", "secret")
            },
            Entry::public("nixos/modules/a.nix", "{ }"),
            Entry::public("nixos/default.nix", "{ }"),
        ]
    }

    #[test]
    fn the_same_entries_are_the_same_bytes_whatever_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("one.tar"), dir.path().join("other.tar"));
        pack(&one, &entries()).unwrap();
        let mut turned = entries();
        turned.reverse();
        pack(&other, &turned).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap());
        assert_eq!(std::fs::metadata(&one).unwrap().permissions().mode() & 0o777, 0o600);
        let mut archive = tar::Archive::new(std::fs::File::open(&one).unwrap());
        let listed: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let (header, path) = (entry.header(), entry.path().unwrap().display().to_string());
                format!("{:o} {} {path}", header.mode().unwrap(), header.username().unwrap().unwrap_or_default())
            })
            .collect();
        let expected = [
            "755  nixos/",
            "644 root nixos/default.nix",
            "755  nixos/modules/",
            "644 root nixos/modules/a.nix",
            "755  pki/",
            "400 etcd pki/etcd-key.pem",
        ];
        assert_eq!(listed, expected);
    }

    #[test]
    fn a_bundle_replaces_the_one_before_and_keeps_secrets_closed() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("oak");
        lay_out(&bundle, &[Entry::public("old", "x")]).unwrap();
        lay_out(&bundle, &entries()).unwrap();
        assert!(!bundle.join("old").exists());
        let mode = |path: &str| std::fs::metadata(bundle.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("pki/etcd-key.pem"), mode("nixos/default.nix")), (0o700, 0o600, 0o644));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "something half made was left");
    }
}
