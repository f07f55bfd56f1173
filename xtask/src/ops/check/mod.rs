//! `check`: whether this host can run the configured cluster, and what to do where it cannot.
//!
//! [`examine`] asks the host and returns findings; [`fix`] turns what is missing into commands of the system's package
//! manager. It prints nothing but what it is about to run, and does not know how findings look on a terminal.

pub mod accel;
pub mod catalogue;
pub mod finding;
pub mod firmware;
pub mod fix;
pub mod host;
pub mod packages;
pub mod version;

mod guest;
mod ports;
mod probe;
mod programs;
mod room;

use std::path::Path;

pub use catalogue::{Id, Need};
pub use finding::{Finding, Found, State};
pub use host::Host;
pub use probe::trial;

use crate::config::{Cluster, Layout};
use packages::advice;

/// Everything there is to know about this host and that cluster, in the order of the catalogue.
pub fn examine(host: &Host, cluster: &Cluster, layout: &Layout) -> Vec<Finding> {
    let qemu = host.find(host.qemu_program());
    std::thread::scope(|scope| {
        // The slow one: on a host whose guests hang it takes its whole limit.
        let accelerator = scope.spawn(|| accelerator(host, qemu.as_deref()));
        let mut findings: Vec<Finding> =
            programs::programs(host).iter().map(|program| programs::examine(program, host, probe::output)).collect();
        findings.push(firmware(host, qemu.as_deref()));
        findings.push(room::disk(cluster, layout));
        findings.push(room::memory(host, cluster));
        findings.extend(ports::examine(&cluster.forwards()));
        findings.push(accelerator.join().expect("BUG: the accelerator's probe does not panic"));
        findings.sort_by_key(|finding| catalogue::PREREQUISITES.iter().position(|row| row.id == finding.id));
        findings
    })
}

/// Whether everything needed is there: exit code 0 or 1.
pub fn ready(findings: &[Finding]) -> bool {
    !findings.iter().any(Finding::is_fatal)
}

fn firmware(host: &Host, qemu: Option<&Path>) -> Finding {
    match firmware::find(host.arch, qemu, Path::is_file) {
        Some(firmware) => Finding::new(Id::Firmware, State::Ok).path(firmware.code),
        None => Finding::new(Id::Firmware, State::Missing).mend(advice(Id::Firmware, host)),
    }
}

fn accelerator(host: &Host, qemu: Option<&Path>) -> Finding {
    let Some(qemu) = qemu else {
        // Not fatal: nothing is known of it, and the missing QEMU is fatal already.
        let untried =
            Finding::new(Id::Accelerator, State::Warning).detail("not tried: there is no QEMU to try it with");
        return untried.mend("check again once QEMU is there".to_string());
    };
    let verdict = probe::accelerator(host, qemu);
    let state = match verdict.best() {
        Some(accel::Accelerator::Tcg) => State::Warning,
        Some(_) => State::Ok,
        None => State::Unsuitable,
    };
    Finding::new(Id::Accelerator, state).detail(verdict.summary()).mend(verdict.mend().map(String::from))
}
