//! The host: which system it is, who we are on it, and where its programs lie.
//!
//! What decides is a pure function of [`Facts`], so that tests can describe any machine; [`Host::detect`] is the only
//! part that reads the real one. It does not know what we look for, nor why.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::packages::Manager;

/// Operating systems that can run the virtual machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Any Linux.
    Linux,
    /// macOS.
    Mac,
}

/// Processors that can run the virtual machines: guests have the processor of their host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// 64-bit Intel and AMD.
    X86_64,
    /// 64-bit ARM, Apple's included.
    Aarch64,
}

/// What can be observed about a host.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The operating system.
    pub os: Os,
    /// The processor.
    pub arch: Arch,
    /// Whether we are root.
    pub root: bool,
    /// The search path, as `PATH` holds it.
    pub path: OsString,
    /// The text of `/etc/os-release`, empty where there is none.
    pub os_release: String,
}

/// A host that we can say something about.
#[derive(Debug, Clone)]
pub struct Host {
    /// The operating system.
    pub os: Os,
    /// The processor.
    pub arch: Arch,
    /// Whether we are root.
    pub root: bool,
    /// What installs software here, if we know it.
    pub manager: Option<Manager>,
    search: Vec<PathBuf>,
}

impl Host {
    /// The machine this process runs on.
    pub fn detect() -> Result<Host> {
        let os = match std::env::consts::OS {
            "linux" => Os::Linux,
            "macos" => Os::Mac,
            other => bail!("`{other}` is not supported; run this on Linux or macOS"),
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => Arch::X86_64,
            "aarch64" => Arch::Aarch64,
            other => bail!("processor `{other}` is not supported; run this on x86_64 or aarch64"),
        };
        let root = rustix::process::geteuid().is_root();
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Absent on macOS and in minimal containers: then only the programs in PATH tell.
        let os_release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        Ok(Host::from_facts(&Facts { os, arch, root, path, os_release }))
    }

    /// What follows from the facts.
    pub fn from_facts(facts: &Facts) -> Host {
        // A relative or empty entry would make the answer depend on the current directory.
        let search = std::env::split_paths(&facts.path).filter(|p| p.is_absolute()).collect();
        let mut host = Host { os: facts.os, arch: facts.arch, root: facts.root, manager: None, search };
        host.manager = Manager::choose(facts.os, &facts.os_release, |program| host.find(program).is_some());
        host
    }

    /// A host on which nothing is installed.
    #[cfg(test)]
    pub(super) fn bare(os: Os, arch: Arch) -> Host {
        Host::from_facts(&Facts { os, arch, root: false, path: OsString::new(), os_release: String::new() })
    }

    /// The first executable of that name in the search path.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        self.search
            .iter()
            .map(|dir| dir.join(program))
            .find(|path| path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0))
    }

    /// QEMU's name for the emulator of this host's processor.
    pub fn qemu_program(&self) -> &'static str {
        match self.arch {
            Arch::X86_64 => "qemu-system-x86_64",
            Arch::Aarch64 => "qemu-system-aarch64",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(path: &std::path::Path) -> Host {
        let facts = Facts {
            os: Os::Linux,
            arch: Arch::Aarch64,
            root: false,
            path: format!("relative::{}", path.display()).into(),
            os_release: String::new(),
        };
        Host::from_facts(&facts)
    }

    #[test]
    fn only_executable_files_in_absolute_directories_count() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("tool");
        crate::sys::fs::write_atomic(&program, b"#!/bin/sh\n", crate::sys::fs::Access::Public).unwrap();
        std::fs::create_dir(dir.path().join("directory")).unwrap();
        let host = host(dir.path());
        assert_eq!(host.find("tool"), None, "it has no x bit");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(host.find("tool"), Some(program));
        assert_eq!(host.find("directory"), None);
        assert_eq!(host.search, [dir.path()]);
    }

    #[test]
    fn the_emulator_is_that_of_the_processor() {
        assert_eq!(host(std::path::Path::new("/nowhere")).qemu_program(), "qemu-system-aarch64");
    }
}
