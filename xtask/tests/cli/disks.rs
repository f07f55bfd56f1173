//! Disks that are full or must not be written, for which a small one is mounted: that needs root.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::openssl::{have, skip, verify};
use super::repo::Repo;
use super::zoo::{ZOO, everything};

/// A small disk, gone with its owner.
struct Disk(PathBuf);

impl Disk {
    /// Mounts one at the artifacts of a repository, or says why not.
    fn mount(repo: &Repo, options: &str) -> Option<Disk> {
        if cfg!(not(target_os = "linux")) || !rustix::process::getuid().is_root() {
            // Not even a build machine can mount without root.
            eprintln!("SKIPPED: a small disk can only be mounted by root on Linux");
            return None;
        }
        let path = repo.root().join("artifacts");
        std::fs::create_dir_all(&path).unwrap();
        let args = ["-t", "tmpfs", "-o", options, "xtask-test"].map(std::ffi::OsStr::new);
        let mounted = duct::cmd("mount", args.into_iter().chain([path.as_os_str()])).unchecked().stderr_capture().run();
        match mounted {
            Ok(output) if output.status.success() => Some(Disk(path)),
            other => {
                skip(&format!("no small disk can be mounted: {other:?}"));
                None
            }
        }
    }

    fn remount(&self, options: &str) {
        duct::cmd!("mount", "-o", format!("remount,{options}"), Path::new(&self.0)).run().unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = duct::cmd!("umount", Path::new(&self.0)).run();
    }
}

#[test]
fn a_full_disk_is_said_with_the_file_and_mended_by_room() {
    let repo = Repo::new(ZOO);
    let Some(disk) = Disk::mount(&repo, "size=48k") else { return };
    let output = repo.run(&["pki"]);
    assert_eq!(output.code, 1, "{output:?}");
    let said = output.stderr.lines().find(|line| line.contains("No space left")).unwrap();
    assert!(said.contains("cannot write `") && said.contains("artifacts/zoo/pki/"), "{said}");
    assert_eq!(repo.run(&["pki", "--keep-going"]).code, 1);
    disk.remount("size=8m");
    let run = repo.pki(&[]);
    assert!(!run.made.is_empty());
    assert_eq!(run.made.len() + run.kept.len() + run.up_to_date, everything().len());
    repo.pki(&[]).made_nothing();
    if have("openssl", &["version"]) {
        verify(&repo, true);
    }
}

#[test]
fn a_disk_that_must_not_be_written_is_said_and_can_still_be_looked_at() {
    let repo = Repo::new(ZOO);
    let Some(disk) = Disk::mount(&repo, "size=8m") else { return };
    repo.pki(&[]);
    disk.remount("ro");
    repo.set("WORKER_NAMES", "bee wasp ant");
    for args in [&["pki"][..], &["clean"], &["clobber", "--yes"]] {
        let output = repo.run(args);
        assert_eq!(output.code, 1, "{output:?}");
        assert!(
            output.stderr.contains("Read-only file system") && output.stderr.contains("artifacts/zoo"),
            "{output:?}"
        );
    }
    let plan = repo.ok(&["pki", "--dry-run"]);
    assert!(plan.ends_with("2 of 27 tasks would run\n"), "{plan}");
    repo.ok(&["pki", "--show"]);
    disk.remount("rw");
    assert_eq!(repo.pki(&[]).made.len(), 2);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let repo = Repo::new(ZOO);
    repo.write("artifacts", "a file where a directory should be");
    let output = repo.run(&["pki"]);
    assert_eq!(output.code, 1);
    assert!(
        output.stderr.contains("cannot make the directory") && output.stderr.contains("/artifacts/zoo"),
        "{output:?}"
    );
    if rustix::process::getuid().is_root() {
        return; // closed directories are open to root: the disk above stands for them
    }
    let repo = Repo::new(ZOO);
    let artifacts = repo.root().join("artifacts");
    std::fs::create_dir(&artifacts).unwrap();
    std::fs::set_permissions(&artifacts, std::fs::Permissions::from_mode(0o500)).unwrap();
    let output = repo.run(&["pki"]);
    assert!(output.code == 1 && output.stderr.contains("Permission denied"), "{output:?}");
}
