//! What no cluster says and every node has: its processor, its credentials by name, who may log in.
//!
//! Values only. It does not know where they come from.

use super::credentials::Credential;
use super::types::Mirror;

/// What no cluster says and every node has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extras {
    /// Of the machine.
    pub architecture: Architecture,
    /// What it is given of the credentials.
    pub credentials: Vec<Credential>,
    /// Public keys that may log in.
    pub authorized_keys: Vec<String>,
    /// Authorities to trust besides the usual ones: single certificates, as [`super::certificates`] makes them.
    pub authorities: Vec<String>,
    /// Archives of images that lie on the node.
    pub archives: Vec<String>,
    /// Registries that are asked somewhere else.
    pub mirrors: Vec<Mirror>,
}

/// Of a machine's processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Intel and AMD.
    X86_64,
    /// Arm, such as Apple silicon.
    Aarch64,
}

impl Extras {
    /// What is known of every node of this architecture before anything is made: no credentials, no keys, no images.
    pub fn bare(architecture: Architecture) -> Extras {
        Extras {
            architecture,
            credentials: Vec::new(),
            authorized_keys: Vec::new(),
            authorities: Vec::new(),
            archives: Vec::new(),
            mirrors: Vec::new(),
        }
    }
}

impl Architecture {
    /// That of the machine this was built for: guests have the processor of their host.
    pub fn of_this_host() -> Architecture {
        if cfg!(target_arch = "aarch64") { Architecture::Aarch64 } else { Architecture::X86_64 }
    }

    /// As Nix calls the platform.
    pub fn platform(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64-linux",
            Architecture::Aarch64 => "aarch64-linux",
        }
    }

    /// The serial port that QEMU gives such a machine.
    pub fn console(self) -> &'static str {
        match self {
            Architecture::X86_64 => "ttyS0",
            Architecture::Aarch64 => "ttyAMA0",
        }
    }
}
