//! Package managers and what each calls the things we need: a table, and the commands that follow from it.
//!
//! It knows names and arguments. What is missing, who is asked and what is run is decided elsewhere.

use super::catalogue::Id;
use super::host::{Arch, Host, Os};

/// Something that installs software.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// Debian, Ubuntu.
    Apt,
    /// Fedora, RHEL.
    Dnf,
    /// Arch.
    Pacman,
    /// openSUSE, SLES.
    Zypper,
    /// Homebrew on macOS or Linux.
    Brew,
    /// Nix profiles, on NixOS or anywhere else.
    Nix,
}

/// How a manager is recognised and called.
struct Profile {
    manager: Manager,
    program: &'static str,
    /// Words of `ID` and `ID_LIKE` in os-release.
    systems: &'static [&'static str],
    /// Whether it writes to the system, so that only root may run it.
    privileged: bool,
    /// Argument lists to run first.
    before: &'static [&'static [&'static str]],
    install: &'static [&'static str],
    /// Put in front of every package name.
    prefix: &'static str,
}

/// In the order in which they are tried when os-release says nothing.
const MANAGERS: [Profile; 6] = [
    Profile {
        manager: Manager::Apt,
        program: "apt-get",
        systems: &["debian", "ubuntu"],
        privileged: true,
        // A fresh machine has no package lists at all.
        before: &[&["update"]],
        install: &["install", "--yes", "--no-install-recommends"],
        prefix: "",
    },
    Profile {
        manager: Manager::Dnf,
        program: "dnf",
        systems: &["fedora", "rhel", "centos"],
        privileged: true,
        before: &[],
        install: &["install", "--assumeyes"],
        prefix: "",
    },
    Profile {
        manager: Manager::Zypper,
        program: "zypper",
        systems: &["suse", "opensuse", "sles"],
        privileged: true,
        before: &[],
        install: &["--non-interactive", "install"],
        prefix: "",
    },
    Profile {
        manager: Manager::Pacman,
        program: "pacman",
        systems: &["arch"],
        privileged: true,
        // Not `-Sy`: refreshing the lists without upgrading is how an Arch system breaks.
        before: &[],
        install: &["-S", "--needed", "--noconfirm"],
        prefix: "",
    },
    Profile {
        manager: Manager::Brew,
        program: "brew",
        systems: &[],
        privileged: false,
        before: &[],
        install: &["install"],
        prefix: "",
    },
    Profile {
        manager: Manager::Nix,
        program: "nix",
        systems: &["nixos"],
        privileged: false,
        before: &[],
        install: &["--extra-experimental-features", "nix-command flakes", "profile", "install"],
        prefix: "nixpkgs#",
    },
];

/// What one manager calls one thing, per processor.
struct Package {
    id: Id,
    manager: Manager,
    x86_64: &'static str,
    aarch64: &'static str,
}

const fn same(id: Id, manager: Manager, name: &'static str) -> Package {
    Package { id, manager, x86_64: name, aarch64: name }
}

const fn each(id: Id, manager: Manager, x86_64: &'static str, aarch64: &'static str) -> Package {
    Package { id, manager, x86_64, aarch64 }
}

/// Rows that are absent are things the manager does not carry under a name that stays.
#[rustfmt::skip]
const PACKAGES: &[Package] = &[
    each(Id::Qemu, Manager::Apt, "qemu-system-x86", "qemu-system-arm"),
    each(Id::Qemu, Manager::Dnf, "qemu-system-x86", "qemu-system-aarch64"),
    each(Id::Qemu, Manager::Zypper, "qemu-x86", "qemu-arm"),
    each(Id::Qemu, Manager::Pacman, "qemu-system-x86", "qemu-system-aarch64"),
    same(Id::Qemu, Manager::Brew, "qemu"),
    same(Id::Qemu, Manager::Nix, "qemu"),
    same(Id::QemuImg, Manager::Apt, "qemu-utils"),
    same(Id::QemuImg, Manager::Dnf, "qemu-img"),
    same(Id::QemuImg, Manager::Zypper, "qemu-img"),
    same(Id::QemuImg, Manager::Pacman, "qemu-img"),
    same(Id::QemuImg, Manager::Brew, "qemu"),
    same(Id::QemuImg, Manager::Nix, "qemu"),
    each(Id::Firmware, Manager::Apt, "ovmf", "qemu-efi-aarch64"),
    each(Id::Firmware, Manager::Dnf, "edk2-ovmf", "edk2-aarch64"),
    each(Id::Firmware, Manager::Zypper, "qemu-ovmf-x86_64", "qemu-uefi-aarch64"),
    each(Id::Firmware, Manager::Pacman, "edk2-ovmf", "edk2-aarch64"),
    // Both ship QEMU's own build of the firmware in QEMU's share directory.
    same(Id::Firmware, Manager::Brew, "qemu"),
    same(Id::Firmware, Manager::Nix, "qemu"),
    same(Id::Ssh, Manager::Apt, "openssh-client"),
    same(Id::Ssh, Manager::Dnf, "openssh-clients"),
    same(Id::Ssh, Manager::Zypper, "openssh-clients"),
    same(Id::Ssh, Manager::Pacman, "openssh"),
    same(Id::Ssh, Manager::Brew, "openssh"),
    same(Id::Ssh, Manager::Nix, "openssh"),
    same(Id::Kubectl, Manager::Apt, "kubernetes-client"),
    same(Id::Kubectl, Manager::Zypper, "kubernetes-client"),
    same(Id::Kubectl, Manager::Pacman, "kubectl"),
    same(Id::Kubectl, Manager::Brew, "kubernetes-cli"),
    same(Id::Kubectl, Manager::Nix, "kubectl"),
    same(Id::Nix, Manager::Apt, "nix-bin"),
    same(Id::Nix, Manager::Pacman, "nix"),
];

/// Where to look when no manager is known, or it does not carry the thing.
const ELSEWHERE: [(Id, &str); 6] = [
    (Id::Qemu, "see https://www.qemu.org/download/"),
    (Id::QemuImg, "it comes with QEMU, see https://www.qemu.org/download/"),
    (Id::Firmware, "look for a package named edk2, OVMF or AAVMF"),
    (Id::Ssh, "look for a package named openssh"),
    (Id::Kubectl, "see https://kubernetes.io/docs/tasks/tools/"),
    (Id::Nix, "see https://nixos.org/download/"),
];

impl Manager {
    /// The manager of a system: what its os-release names if that is installed, else the first that is.
    pub fn choose(os: Os, os_release: &str, installed: impl Fn(&str) -> bool) -> Option<Manager> {
        let ids = system_ids(os_release);
        let named = |row: &&Profile| row.systems.iter().any(|system| ids.contains(system));
        // No Mac has a distribution's manager, but somebody's own `apt-get` script may be in the path.
        let fits = |row: &&Profile| installed(row.program) && (os == Os::Linux || !row.privileged);
        let choice = MANAGERS.iter().filter(named).find(fits).or_else(|| MANAGERS.iter().find(fits));
        choice.map(|row| row.manager)
    }

    fn row(self) -> &'static Profile {
        MANAGERS.iter().find(|row| row.manager == self).expect("BUG: every manager has a row")
    }

    /// The program that is run.
    pub fn program(self) -> &'static str {
        self.row().program
    }

    /// What this manager calls a thing, if it carries it.
    pub fn package(self, id: Id, arch: Arch) -> Option<&'static str> {
        let row = PACKAGES.iter().find(|row| row.manager == self && row.id == id)?;
        Some(match arch {
            Arch::X86_64 => row.x86_64,
            Arch::Aarch64 => row.aarch64,
        })
    }

    /// The exact commands that install these packages; `sudo` only where root is needed and we are not.
    pub fn install(self, packages: &[&str], root: bool) -> Vec<Vec<String>> {
        let row = self.row();
        let raise: &[&str] = if row.privileged && !root { &["sudo"] } else { &[] };
        let command = |arguments: &[&str]| -> Vec<String> {
            raise.iter().chain(&[row.program]).chain(arguments).map(ToString::to_string).collect()
        };
        let mut install = command(row.install);
        install.extend(packages.iter().map(|package| format!("{}{package}", row.prefix)));
        row.before.iter().map(|arguments| command(arguments)).chain([install]).collect()
    }
}

/// How to get a thing on this host, as a person would type it; `None` for what is no software.
pub fn advice(id: Id, host: &Host) -> Option<String> {
    let package = host.manager.and_then(|manager| Some((manager, manager.package(id, host.arch)?)));
    let command = package.and_then(|(manager, package)| manager.install(&[package], host.root).pop());
    let elsewhere = || ELSEWHERE.iter().find(|(other, _)| *other == id).map(|(_, text)| (*text).to_string());
    command.map(|argv| format!("install it: `{}`", shown(&argv))).or_else(elsewhere)
}

/// A command as it would be typed: words with blanks are quoted.
pub fn shown(argv: &[String]) -> String {
    let quoted = argv.iter().map(|word| if word.contains(' ') { format!("'{word}'") } else { word.clone() });
    quoted.collect::<Vec<_>>().join(" ")
}

/// `ID` and the words of `ID_LIKE`, unquoted.
fn system_ids(os_release: &str) -> Vec<&str> {
    let assignments = os_release.lines().filter_map(|line| line.split_once('='));
    let values = assignments.filter(|(key, _)| matches!(*key, "ID" | "ID_LIKE")).map(|(_, value)| value);
    values.flat_map(|value| value.trim_matches(['"', '\'']).split_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_names_its_manager_and_the_path_is_second() {
        let debian = "PRETTY_NAME=\"Some Debian\"\nID=debian\n";
        let mint = "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n";
        let leap = "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n";
        let choose = |text, installed: &[&str]| Manager::choose(Os::Linux, text, |p| installed.contains(&p));
        assert_eq!(choose(debian, &["apt-get", "pacman", "nix"]), Some(Manager::Apt));
        assert_eq!(choose(mint, &["apt-get"]), Some(Manager::Apt));
        // Fedora packages apt-get, openSUSE packages dnf: being there is not being the manager.
        assert_eq!(choose("ID=fedora\n", &["apt-get", "dnf"]), Some(Manager::Dnf));
        assert_eq!(choose(leap, &["dnf", "zypper"]), Some(Manager::Zypper));
        assert_eq!(choose("ID=endeavouros\nID_LIKE=arch\n", &["pacman", "brew"]), Some(Manager::Pacman));
        assert_eq!(choose("ID=nixos\n", &["nix"]), Some(Manager::Nix));
        assert_eq!(choose("ID=void\n", &["xbps-install"]), None);
        assert_eq!(choose(debian, &["brew"]), Some(Manager::Brew));
        assert_eq!(Manager::choose(Os::Mac, "", |p| ["apt-get", "nix", "brew"].contains(&p)), Some(Manager::Brew));
    }

    #[test]
    fn every_manager_has_its_own_words() {
        let lines = |manager: Manager, root| -> Vec<String> {
            manager.install(&["one", "two"], root).iter().map(|argv| argv.join(" ")).collect()
        };
        let apt = ["sudo apt-get update", "sudo apt-get install --yes --no-install-recommends one two"];
        assert_eq!(lines(Manager::Apt, false), apt);
        assert_eq!(lines(Manager::Apt, true), apt.map(|line| line.trim_start_matches("sudo ").to_string()));
        assert_eq!(lines(Manager::Dnf, false), ["sudo dnf install --assumeyes one two"]);
        assert_eq!(lines(Manager::Zypper, true), ["zypper --non-interactive install one two"]);
        assert_eq!(lines(Manager::Pacman, false), ["sudo pacman -S --needed --noconfirm one two"]);
        assert_eq!(lines(Manager::Brew, false), ["brew install one two"]);
        let nix = Manager::Nix.install(&["one"], false).remove(0);
        let words = ["nix", "--extra-experimental-features", "nix-command flakes", "profile", "install", "nixpkgs#one"];
        assert_eq!(nix, words);
        assert!(shown(&nix).contains(" 'nix-command flakes' "));
    }

    #[test]
    fn advice_is_a_command_where_one_is_known() {
        let mut host = Host::bare(Os::Linux, Arch::X86_64);
        assert_eq!(advice(Id::Kubectl, &host).unwrap(), "see https://kubernetes.io/docs/tasks/tools/");
        host.manager = Some(Manager::Dnf);
        assert_eq!(advice(Id::Kubectl, &host).unwrap(), "see https://kubernetes.io/docs/tasks/tools/");
        assert_eq!(advice(Id::QemuImg, &host).unwrap(), "install it: `sudo dnf install --assumeyes qemu-img`");
        assert_eq!(advice(Id::Memory, &host), None);
    }

    #[test]
    fn every_manager_carries_what_is_needed() {
        for row in &MANAGERS {
            for id in [Id::Qemu, Id::QemuImg, Id::Firmware, Id::Ssh] {
                for arch in [Arch::X86_64, Arch::Aarch64] {
                    assert!(row.manager.package(id, arch).is_some(), "{}: {id:?}", row.program);
                }
            }
        }
        assert_eq!(Manager::Apt.package(Id::Firmware, Arch::Aarch64), Some("qemu-efi-aarch64"));
        assert_eq!(Manager::Apt.package(Id::Memory, Arch::X86_64), None);
    }
}
