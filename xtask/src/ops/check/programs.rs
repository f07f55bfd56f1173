//! Programs: where they lie, which version they are, and whether that will do.
//!
//! It does not know how the host was detected, nor how a program is started.

use super::catalogue::Id;
use super::finding::{Finding, State};
use super::host::Host;
use super::packages::advice;
use super::version::Version;

/// The first release with datagram sockets between machines (`-netdev dgram`), which the cluster's own network is.
const QEMU_AT_LEAST: (u32, u32) = (7, 2);

/// A program and how it tells its version.
pub(super) struct Program {
    id: Id,
    name: &'static str,
    ask: &'static [&'static str],
    at_least: Option<(u32, u32)>,
}

/// The programs of a host, in the order in which they are shown.
pub(super) fn programs(host: &Host) -> [Program; 5] {
    let program = |id, name, ask, at_least| Program { id, name, ask, at_least };
    [
        program(Id::Qemu, host.qemu_program(), &["--version"], Some(QEMU_AT_LEAST)),
        program(Id::QemuImg, "qemu-img", &["--version"], Some(QEMU_AT_LEAST)),
        program(Id::Ssh, "ssh", &["-V"], None),
        program(Id::Kubectl, "kubectl", &["version", "--client"], None),
        program(Id::Nix, "nix", &["--version"], None),
    ]
}

/// Looks for a program; `ask` runs it with arguments and returns what it prints.
pub(super) fn examine(
    program: &Program,
    host: &Host,
    ask: impl Fn(&std::path::Path, &[&str]) -> Option<String>,
) -> Finding {
    let Some(path) = host.find(program.name) else {
        return Finding::new(program.id, State::Missing).mend(advice(program.id, host));
    };
    let broken =
        |detail: &str| Finding::new(program.id, State::Unsuitable).detail(detail).mend(advice(program.id, host));
    let finding = match ask(&path, program.ask).as_deref().map(Version::first_in) {
        None => broken("does not start, or does not answer"),
        Some(None) => broken("does not tell its version"),
        Some(Some(version)) => judge(program, host, &version),
    };
    finding.path(path)
}

fn judge(program: &Program, host: &Host, version: &Version) -> Finding {
    let mut finding = match program.at_least {
        Some((major, minor)) if !version.at_least((major, minor)) => Finding::new(program.id, State::Unsuitable)
            .detail(format!("older than {major}.{minor}"))
            .mend(advice(program.id, host).map(|advice| format!("get {major}.{minor} or later; {advice}"))),
        _ => Finding::new(program.id, State::Ok),
    };
    finding.found.get_or_insert_default().version = Some(version.to_string());
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::host::{Arch, Facts, Os};

    fn look(says: Option<&str>) -> Finding {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("qemu-system-x86_64");
        std::os::unix::fs::symlink("/bin/sh", path).unwrap();
        let facts =
            Facts { os: Os::Linux, arch: Arch::X86_64, root: true, path: dir.path().into(), os_release: String::new() };
        let host = Host::from_facts(&facts);
        examine(&programs(&host)[0], &host, |_, _| says.map(String::from))
    }

    #[test]
    fn old_is_not_missing_and_silent_is_not_old() {
        let good = look(Some("QEMU emulator version 7.2.1"));
        assert_eq!((good.state, good.mend.as_deref()), (State::Ok, None));
        assert_eq!(good.found.unwrap().version.as_deref(), Some("7.2.1"));
        let old = look(Some("QEMU emulator version 6.2.0 (Debian 1:6.2+dfsg-2ubuntu6)"));
        assert_eq!(old.state, State::Unsuitable);
        assert!(old.mend.unwrap().starts_with("get 7.2 or later; "));
        assert_eq!(old.found.unwrap().version.as_deref(), Some("6.2.0"));
        for silent in [None, Some("cannot open shared object file")] {
            let finding = look(silent);
            assert_eq!(finding.state, State::Unsuitable);
            assert!(finding.found.unwrap().path.is_some());
        }
    }
}
