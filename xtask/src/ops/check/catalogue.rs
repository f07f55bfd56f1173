//! The prerequisites: what each is called, whether one can do without it, and what it is for.
//!
//! A table. How a thing is found, and what is made of the answer, is written elsewhere.

use serde::Serialize;

/// One prerequisite; the name under which `--json` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Id {
    /// The emulator of the host's own processor.
    Qemu,
    /// QEMU's tool for disk images.
    QemuImg,
    /// UEFI firmware for the guests.
    Firmware,
    /// KVM, HVF or, slowly, QEMU's own translator.
    Accelerator,
    /// Space for the disk images.
    Disk,
    /// Memory for the guests.
    Memory,
    /// Free ports on the loopback address.
    Ports,
    /// The OpenSSH client.
    Ssh,
    /// The usual client of Kubernetes.
    Kubectl,
    /// The Nix package manager.
    Nix,
}

/// Whether one can do without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// There is no cluster without it.
    Needed,
    /// Something is more comfortable with it.
    Optional,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prerequisite {
    /// Its name.
    pub id: Id,
    /// For people.
    pub title: &'static str,
    /// Whether one can do without it.
    pub need: Need,
    /// What it is for, in one sentence.
    pub why: &'static str,
}

const fn needed(id: Id, title: &'static str, why: &'static str) -> Prerequisite {
    Prerequisite { id, title, need: Need::Needed, why }
}

const fn optional(id: Id, title: &'static str, why: &'static str) -> Prerequisite {
    Prerequisite { id, title, need: Need::Optional, why }
}

/// All of them, in the order in which they are shown.
#[rustfmt::skip]
pub const PREREQUISITES: [Prerequisite; 10] = [
    needed(Id::Qemu, "QEMU", "Runs the virtual machines; the cluster's own network needs its datagram sockets."),
    needed(Id::QemuImg, "qemu-img", "Makes the disk images and takes snapshots of them."),
    needed(Id::Firmware, "UEFI firmware", "Boots the virtual machines."),
    needed(Id::Accelerator, "accelerator", "Lets guests run on the processor itself instead of being translated."),
    needed(Id::Disk, "disk space", "Holds the disk image of every node."),
    needed(Id::Memory, "memory", "Every node keeps its share for as long as it runs."),
    needed(Id::Ports, "ports", "This host reaches every node through ports forwarded from its loopback address."),
    needed(Id::Ssh, "ssh", "Opens a shell on the nodes and carries configuration to them."),
    optional(Id::Kubectl, "kubectl", "The usual way to talk to a cluster; nothing here depends on it."),
    optional(Id::Nix, "Nix", "Evaluates the nodes' configuration on this host, before a machine has to."),
];

/// The row of a prerequisite.
pub fn prerequisite(id: Id) -> Prerequisite {
    *PREREQUISITES.iter().find(|row| row.id == id).expect("BUG: every prerequisite has a row")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_a_sentence() {
        for row in PREREQUISITES {
            assert!(row.why.ends_with('.') && row.why.starts_with(char::is_uppercase), "{}", row.why);
            assert_eq!(prerequisite(row.id), row);
        }
    }
}
