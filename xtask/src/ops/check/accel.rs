//! Accelerators: which a host could have, the command line that tries one, and what the outcome means.
//!
//! A device file proves nothing: there are hosts with a /dev/kvm on which every guest hangs. So a tiny guest is
//! really started. Here is the data; `probe` does the starting.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::guest;
use super::host::{Arch, Os};

/// What runs a guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// Linux.
    Kvm,
    /// macOS.
    Hvf,
    /// QEMU's own translator: works everywhere, many times slower.
    Tcg,
}

impl Accelerator {
    /// The one that uses the processor itself.
    pub fn hardware(os: Os) -> Accelerator {
        match os {
            Os::Linux => Accelerator::Kvm,
            Os::Mac => Accelerator::Hvf,
        }
    }

    /// QEMU's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Accelerator::Kvm => "kvm",
            Accelerator::Hvf => "hvf",
            Accelerator::Tcg => "tcg",
        }
    }

    /// The processor a guest gets: the real one, or all that can be emulated.
    pub fn cpu(self) -> &'static str {
        match self {
            Accelerator::Kvm | Accelerator::Hvf => "host",
            Accelerator::Tcg => "max",
        }
    }

    /// How long the tiny guest may take. It needs a tenth of a second even when translated; hardware that takes
    /// thirty times that is no help, while a translator on a busy machine deserves patience.
    pub fn limit(self) -> Duration {
        match self {
            Accelerator::Kvm | Accelerator::Hvf => Duration::from_secs(3),
            Accelerator::Tcg => Duration::from_secs(5),
        }
    }
}

/// QEMU's arguments that start the tiny guest of an architecture from its image.
pub fn argv(arch: Arch, accelerator: Accelerator, image: &Path) -> Vec<OsString> {
    let machine = match arch {
        Arch::X86_64 => "q35",
        Arch::Aarch64 => "virt",
    };
    let fixed = ["-machine", machine, "-accel", accelerator.name(), "-cpu", accelerator.cpu(), "-m", "64"];
    let bare = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"];
    let mut argv: Vec<OsString> = fixed.into_iter().chain(bare).map(OsString::from).collect();
    match arch {
        Arch::X86_64 => {
            let exit = format!("isa-debug-exit,iobase={:#x},iosize=1", guest::EXIT_PORT);
            let mut drive = OsString::from("if=ide,format=raw,file=");
            drive.push(doubled_commas(image));
            argv.extend(["-device".into(), exit.into(), "-drive".into(), drive]);
        }
        Arch::Aarch64 => argv.extend(["-kernel".into(), image.into()]),
    }
    argv
}

/// In QEMU's option lists a comma ends a value unless it is doubled.
fn doubled_commas(path: &Path) -> OsString {
    match path.to_str() {
        Some(text) => text.replace(',', ",,").into(),
        None => path.into(),
    }
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// The guest ran to its end in that time.
    Works(Duration),
    /// It was stopped after that time.
    Hung(Duration),
    /// QEMU gave up; in its own words where it had any.
    Failed(String),
}

/// What the trials of a host came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The hardware that was tried first.
    pub hardware: (Accelerator, Trial),
    /// The translator, tried only where the hardware does not work.
    pub emulation: Option<Trial>,
}

impl Verdict {
    /// The accelerator that machines of this host should use.
    pub fn best(&self) -> Option<Accelerator> {
        match (&self.hardware, &self.emulation) {
            ((hardware, Trial::Works(_)), _) => Some(*hardware),
            (_, Some(Trial::Works(_))) => Some(Accelerator::Tcg),
            _ => None,
        }
    }

    /// What happened, in half a line.
    pub fn summary(&self) -> String {
        let (hardware, trial) = &self.hardware;
        match (trial, &self.emulation) {
            (Trial::Works(time), _) => format!("{}: a guest ran in {:.1} s", hardware.name(), time.as_secs_f32()),
            (failed, Some(Trial::Works(_))) => {
                format!("{} {}; only emulation works, many times slower", hardware.name(), failed.complaint())
            }
            (failed, Some(emulation)) => {
                let emulation = emulation.complaint();
                format!("{} {}; emulation {emulation} as well", hardware.name(), failed.complaint())
            }
            (failed, None) => format!("{} {}", hardware.name(), failed.complaint()),
        }
    }

    /// What the person at this host can do about hardware that does not work.
    pub fn mend(&self) -> Option<&'static str> {
        match &self.hardware {
            (_, Trial::Works(_)) => None,
            (Accelerator::Kvm, Trial::Failed(message)) if message.contains("Permission denied") => Some(
                "join the group that may open /dev/kvm, `sudo usermod --append --groups kvm \"$USER\"`, and log in again",
            ),
            (Accelerator::Kvm, Trial::Failed(message)) if message.contains("No such file") => Some(
                "turn virtualization on in the setup of this machine and load the module, `sudo modprobe kvm_intel` or \
                 `kvm_amd`; inside a virtual machine ask for nested virtualization",
            ),
            (Accelerator::Kvm, _) => Some(
                "inside a virtual machine ask its owner for nested virtualization; else look for the cause in the kernel's \
                 log (`dmesg`)",
            ),
            (_, Trial::Failed(message)) if message.contains("HV_DENIED") => {
                Some("take a QEMU that is signed for the hypervisor, `brew reinstall qemu`")
            }
            _ => Some("check that the processor can virtualize: `sysctl kern.hv_support` must say 1"),
        }
    }
}

impl Trial {
    fn complaint(&self) -> String {
        match self {
            Trial::Works(_) => "works".to_string(),
            Trial::Hung(after) => format!("hangs (no sign of life after {} s)", after.as_secs()),
            Trial::Failed(message) => format!("fails ({message})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(os: Os, arch: Arch, emulated: bool) -> String {
        let accelerator = if emulated { Accelerator::Tcg } else { Accelerator::hardware(os) };
        let argv = argv(arch, accelerator, Path::new("/tmp/a,b/guest"));
        argv.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_command_line_of_every_host() {
        let common = "-m 64 -nodefaults -no-user-config -display none -no-reboot";
        let x86 = "-device isa-debug-exit,iobase=0xf4,iosize=1 -drive if=ide,format=raw,file=/tmp/a,,b/guest";
        let arm = "-kernel /tmp/a,b/guest";
        let rows = [
            (Os::Linux, Arch::X86_64, false, format!("-machine q35 -accel kvm -cpu host {common} {x86}")),
            (Os::Linux, Arch::Aarch64, false, format!("-machine virt -accel kvm -cpu host {common} {arm}")),
            (Os::Mac, Arch::X86_64, false, format!("-machine q35 -accel hvf -cpu host {common} {x86}")),
            (Os::Mac, Arch::Aarch64, false, format!("-machine virt -accel hvf -cpu host {common} {arm}")),
            (Os::Linux, Arch::X86_64, true, format!("-machine q35 -accel tcg -cpu max {common} {x86}")),
            (Os::Mac, Arch::Aarch64, true, format!("-machine virt -accel tcg -cpu max {common} {arm}")),
        ];
        for (os, arch, emulated, expected) in rows {
            assert_eq!(line(os, arch, emulated), expected);
        }
    }

    fn verdict(hardware: Trial, emulation: Option<Trial>) -> Verdict {
        Verdict { hardware: (Accelerator::Kvm, hardware), emulation }
    }

    #[test]
    fn hardware_first_emulation_second_nothing_third() {
        let works = || Trial::Works(Duration::from_millis(120));
        let hung = || Trial::Hung(Duration::from_secs(3));
        let fast = verdict(works(), None);
        assert_eq!((fast.best(), fast.mend()), (Some(Accelerator::Kvm), None));
        assert_eq!(fast.summary(), "kvm: a guest ran in 0.1 s");
        let slow = verdict(hung(), Some(works()));
        assert_eq!(slow.best(), Some(Accelerator::Tcg));
        let text = "kvm hangs (no sign of life after 3 s); only emulation works, many times slower";
        assert_eq!(slow.summary(), text);
        let none = verdict(hung(), Some(Trial::Failed("exit status 1".into())));
        assert_eq!(none.best(), None);
        assert!(none.summary().ends_with("emulation fails (exit status 1) as well"), "{}", none.summary());
    }

    #[test]
    fn the_mend_follows_the_message() {
        let mend = |message: &str| verdict(Trial::Failed(message.into()), None).mend().unwrap();
        assert!(mend("Could not access KVM kernel module: Permission denied").contains("usermod"));
        assert!(mend("Could not access KVM kernel module: No such file or directory").contains("modprobe"));
        assert!(mend("failed to set MSR 0x10a to 0x69").contains("nested"));
        let mac =
            |message: &str| Verdict { hardware: (Accelerator::Hvf, Trial::Failed(message.into())), emulation: None };
        assert!(mac("Error: ret = HV_DENIED").mend().unwrap().contains("signed"));
        assert!(mac("HV_UNSUPPORTED").mend().unwrap().contains("kern.hv_support"));
    }
}
