//! Where UEFI firmware for QEMU lies: a table of what distributions do, and QEMU's own share directory.
//!
//! A firmware is a pair: code that nobody writes to, and an empty store of variables of which every machine gets a
//! copy. Two halves of different builds do not fit each other, so only whole pairs are found. It does not know how
//! the pair is attached to a machine.

use std::path::{Path, PathBuf};

use super::host::Arch;

/// How the files of a pair are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The flash, byte by byte.
    Raw,
    /// A QEMU image.
    Qcow2,
}

/// Code and variables that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firmware {
    /// Read-only, shared by all machines.
    pub code: PathBuf,
    /// The template of a machine's own variables.
    pub vars: PathBuf,
    /// The encoding of both.
    pub format: Format,
}

struct Row {
    arch: Arch,
    dir: &'static str,
    code: &'static str,
    vars: &'static str,
}

const fn x86(dir: &'static str, code: &'static str, vars: &'static str) -> Row {
    Row { arch: Arch::X86_64, dir, code, vars }
}

const fn arm(dir: &'static str, code: &'static str, vars: &'static str) -> Row {
    Row { arch: Arch::Aarch64, dir, code, vars }
}

/// Builds without Secure Boot enforced; where a distribution has two sizes the 4 MiB one, the smaller being retired.
#[rustfmt::skip]
const DISTRIBUTIONS: &[Row] = &[
    // Debian and Ubuntu; the second row before Debian 12.
    x86("/usr/share/OVMF", "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
    x86("/usr/share/OVMF", "OVMF_CODE.fd", "OVMF_VARS.fd"),
    arm("/usr/share/AAVMF", "AAVMF_CODE.no-secboot.fd", "AAVMF_VARS.fd"),
    arm("/usr/share/AAVMF", "AAVMF_CODE.fd", "AAVMF_VARS.fd"),
    // Fedora and its relatives.
    x86("/usr/share/edk2/ovmf", "OVMF_CODE_4M.qcow2", "OVMF_VARS_4M.qcow2"),
    x86("/usr/share/edk2/ovmf", "OVMF_CODE.fd", "OVMF_VARS.fd"),
    arm("/usr/share/edk2/aarch64", "QEMU_EFI-pflash.qcow2", "vars-template-pflash.qcow2"),
    arm("/usr/share/edk2/aarch64", "QEMU_EFI-pflash.raw", "vars-template-pflash.raw"),
    // Arch, newest first.
    x86("/usr/share/edk2/x64", "OVMF_CODE.4m.fd", "OVMF_VARS.4m.fd"),
    x86("/usr/share/edk2/x64", "OVMF_CODE.fd", "OVMF_VARS.fd"),
    x86("/usr/share/edk2-ovmf/x64", "OVMF_CODE.fd", "OVMF_VARS.fd"),
    arm("/usr/share/edk2/aarch64", "QEMU_CODE.fd", "QEMU_VARS.fd"),
    arm("/usr/share/edk2-armvirt/aarch64", "QEMU_CODE.fd", "QEMU_VARS.fd"),
    // openSUSE.
    x86("/usr/share/qemu", "ovmf-x86_64-4m-code.bin", "ovmf-x86_64-4m-vars.bin"),
    x86("/usr/share/qemu", "ovmf-x86_64-code.bin", "ovmf-x86_64-vars.bin"),
    arm("/usr/share/qemu", "aavmf-aarch64-code.bin", "aavmf-aarch64-vars.bin"),
];

/// Share directories that are tried besides the one of the QEMU in use.
const SHARES: [&str; 4] =
    ["/opt/homebrew/share/qemu", "/usr/local/share/qemu", "/run/current-system/sw/share/qemu", "/usr/share/qemu"];

/// The builds that QEMU itself ships (Homebrew, Nix, from source). The 64-bit x86 code uses the 32-bit store.
fn own_build(arch: Arch) -> (&'static str, &'static str) {
    match arch {
        Arch::X86_64 => ("edk2-x86_64-code.fd", "edk2-i386-vars.fd"),
        Arch::Aarch64 => ("edk2-aarch64-code.fd", "edk2-arm-vars.fd"),
    }
}

/// Every place where the firmware of an architecture may lie, the best first.
///
/// `qemu` is the emulator in use: a share directory beside it comes first, because it is of the same build. Its link
/// is followed too, since Homebrew and Nix profiles link each program out of a directory of its own.
pub fn candidates(arch: Arch, qemu: Option<&Path>) -> Vec<Firmware> {
    let pair = |dir: &Path, code: &str, vars: &str| {
        let qcow2 = Path::new(code).extension().is_some_and(|extension| extension == "qcow2");
        let format = if qcow2 { Format::Qcow2 } else { Format::Raw };
        Firmware { code: dir.join(code), vars: dir.join(vars), format }
    };
    let (code, vars) = own_build(arch);
    let resolved = qemu.and_then(|path| path.canonicalize().ok());
    let beside = qemu.into_iter().chain(resolved.as_deref()).filter_map(share_of);
    let shares = beside.chain(SHARES.map(PathBuf::from));
    // A distribution's own package comes before what a system-wide QEMU happens to ship.
    let (prefixed, system): (Vec<_>, Vec<_>) = shares.partition(|dir| !dir.starts_with("/usr/share"));
    let own = |dirs: Vec<PathBuf>| dirs.into_iter().map(move |dir| pair(&dir, code, vars));
    let table = DISTRIBUTIONS.iter().filter(|row| row.arch == arch);
    let table = table.map(|row| pair(Path::new(row.dir), row.code, row.vars));
    let mut all: Vec<Firmware> = Vec::new();
    for firmware in own(prefixed).chain(table).chain(own(system)) {
        if !all.contains(&firmware) {
            all.push(firmware);
        }
    }
    all
}

/// The first candidate of which both halves exist.
pub fn find(arch: Arch, qemu: Option<&Path>, exists: impl Fn(&Path) -> bool) -> Option<Firmware> {
    candidates(arch, qemu).into_iter().find(|firmware| exists(&firmware.code) && exists(&firmware.vars))
}

/// `prefix/bin/qemu-system-x` → `prefix/share/qemu`.
fn share_of(program: &Path) -> Option<PathBuf> {
    Some(program.parent()?.parent()?.join("share/qemu"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(arch: Arch, qemu: Option<&str>, files: &[&str]) -> Option<String> {
        let exists = |path: &Path| files.iter().any(|file| Path::new(file) == path);
        find(arch, qemu.map(Path::new), exists).map(|firmware| firmware.code.display().to_string())
    }

    #[test]
    fn both_halves_or_nothing() {
        let code = "/usr/share/OVMF/OVMF_CODE_4M.fd";
        assert_eq!(found(Arch::X86_64, None, &[code]), None);
        assert_eq!(found(Arch::X86_64, None, &[code, "/usr/share/OVMF/OVMF_VARS.fd"]), None, "halves of two builds");
        assert_eq!(found(Arch::X86_64, None, &[code, "/usr/share/OVMF/OVMF_VARS_4M.fd"]).as_deref(), Some(code));
        assert_eq!(found(Arch::Aarch64, None, &[code, "/usr/share/OVMF/OVMF_VARS_4M.fd"]), None, "another processor");
    }

    #[test]
    fn every_row_is_found_where_it_is_alone() {
        for row in DISTRIBUTIONS {
            let (code, vars) = (format!("{}/{}", row.dir, row.code), format!("{}/{}", row.dir, row.vars));
            assert_eq!(found(row.arch, None, &[&code, &vars]), Some(code));
        }
    }

    #[test]
    fn a_qemu_of_its_own_prefix_brings_its_firmware() {
        let own = ["/opt/qemu/share/qemu/edk2-aarch64-code.fd", "/opt/qemu/share/qemu/edk2-arm-vars.fd"];
        let debian = ["/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"];
        let both = [own, debian].concat();
        let program = "/opt/qemu/bin/qemu-system-aarch64";
        assert_eq!(found(Arch::Aarch64, Some(program), &both).as_deref(), Some(own[0]));
        assert_eq!(found(Arch::Aarch64, Some("/usr/bin/qemu-system-aarch64"), &both).as_deref(), Some(debian[0]));
    }

    #[test]
    fn links_are_followed_to_the_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().canonicalize().unwrap().join("store/qemu");
        let profile = dir.path().join("profile/bin");
        for made in [&store.join("bin"), &profile] {
            std::fs::create_dir_all(made).unwrap();
        }
        let program = store.join("bin/qemu-system-x86_64");
        std::fs::File::create(&program).unwrap();
        let link = profile.join("qemu-system-x86_64");
        std::os::unix::fs::symlink(&program, &link).unwrap();
        let code = store.join("share/qemu/edk2-x86_64-code.fd");
        assert!(candidates(Arch::X86_64, Some(&link)).iter().any(|firmware| firmware.code == code));
    }

    #[test]
    fn the_format_follows_the_file() {
        let all = candidates(Arch::X86_64, None);
        let format = |name: &str| all.iter().find(|f| f.code.ends_with(name)).map(|f| f.format);
        assert_eq!(format("OVMF_CODE_4M.qcow2"), Some(Format::Qcow2));
        assert_eq!(format("OVMF_CODE_4M.fd"), Some(Format::Raw));
    }
}
