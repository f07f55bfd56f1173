//! `check` against the real machine: real emulators, real ports, and hosts on which something is missing.
//!
//! What is proved: guests really run, a guest that hangs is given up in time, and what is missing is said with its
//! mend. It does not know the command line, nor whether this machine has hardware acceleration: both outcomes are
//! fine here, as long as the answer comes in time.

#![allow(clippy::unwrap_used)] // the lint knows tests by their attribute, and helpers of tests have none

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use xtask::config::{
    Api, Cluster, Cni, Image, ImageSource, Layout, Lifetimes, Mac, Machine, NetMode, Network, Node, Proxy, Role,
    Versions,
};
use xtask::ops::check::accel::{Accelerator, Trial};
use xtask::ops::check::host::{Arch, Facts, Os};
use xtask::ops::check::{Finding, Host, Id, State, examine, fix, ready, trial};
use xtask::sys::fs::{Access, write_atomic};

fn node(name: &str, role: Role, ssh_port: u16) -> Node {
    Node {
        name: name.into(),
        role,
        index: 0,
        memory: 256,
        cpus: 1,
        address: Ipv4Addr::new(172, 30, 7, 10),
        ssh_port,
        kubelet_port: None,
        api_port: None,
        mac_user: Mac([2, 0, 0, 0, 0, 1]),
        mac_cluster: Mac([2, 0, 0, 0, 0, 2]),
    }
}

fn cluster(ssh_port: u16) -> Cluster {
    let network = Network {
        mode: NetMode::L2,
        cni: Cni::Bridge,
        cluster: "172.30.7.0/24".parse().unwrap(),
        services: "172.29.0.0/24".parse().unwrap(),
        pods: "172.28.0.0/16".parse().unwrap(),
        user: "172.27.0.0/24".parse().unwrap(),
        dns: Ipv4Addr::new(172, 29, 0, 9),
        domain: "test.example".into(),
    };
    let version = || "1.2.3".to_string();
    Cluster {
        name: "trial".into(),
        nodes: vec![node("rack-1", Role::ControlPlane, ssh_port)],
        network,
        api: Api { port: 7443, vip: None },
        machine: Machine { disk: 5 << 10, esp: 256, install_memory: 256 },
        image: Image { release: "99.11".into(), source: ImageSource::Path("/nowhere.iso".into()) },
        proxy: Proxy::default(),
        versions: Versions {
            cilium: version(),
            cilium_cli: version(),
            coredns: version(),
            metrics_server: version(),
            pause: String::new(),
        },
        lifetimes: Lifetimes { leaf: 1, ca: 2, renew: 1 },
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A Linux host of this machine's processor with that search path.
fn host_with(path: impl Into<OsString>) -> Host {
    let arch = if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 };
    let os_release = "ID=debian\n".to_string();
    Host::from_facts(&Facts { os: Os::Linux, arch, root: false, path: path.into(), os_release })
}

fn find(findings: &[Finding], id: Id) -> &Finding {
    findings.iter().find(|finding| finding.id == id).unwrap()
}

fn detail(finding: &Finding) -> &str {
    finding.found.as_ref().and_then(|found| found.detail.as_deref()).unwrap_or_default()
}

/// A program that the tests need; outside CI a machine may lack it, and then says so.
fn emulator(name: &str) -> Option<std::path::PathBuf> {
    let found = Host::detect().unwrap().find(name);
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "`{name}` is missing: install it for these tests"
        );
        eprintln!("SKIPPED: `{name}` is not installed, so nothing was started with it");
    }
    found
}

#[test]
fn the_translator_runs_both_guests() {
    for (name, arch) in [("qemu-system-x86_64", Arch::X86_64), ("qemu-system-aarch64", Arch::Aarch64)] {
        let Some(qemu) = emulator(name) else { continue };
        let outcome = trial(&qemu, arch, Accelerator::Tcg);
        assert!(matches!(outcome, Trial::Works(_)), "{name}: {outcome:?}");
    }
}

#[test]
fn hardware_gives_an_answer_in_time() {
    let host = Host::detect().unwrap();
    let Some(qemu) = emulator(host.qemu_program()) else { return };
    let accelerator = Accelerator::hardware(host.os);
    let start = Instant::now();
    let outcome = trial(&qemu, host.arch, accelerator);
    assert!(start.elapsed() < accelerator.limit() + Duration::from_secs(5), "{:?}", start.elapsed());
    eprintln!("{} on this machine: {outcome:?} in {:?}", accelerator.name(), start.elapsed());
}

#[test]
fn an_accelerator_that_qemu_lacks_fails_with_its_words() {
    let host = Host::detect().unwrap();
    let Some(qemu) = emulator(host.qemu_program()) else { return };
    let foreign = Accelerator::hardware(if host.os == Os::Mac { Os::Linux } else { Os::Mac });
    let outcome = trial(&qemu, host.arch, foreign);
    let Trial::Failed(words) = &outcome else { panic!("{outcome:?}") };
    assert!(words.contains(foreign.name()), "{words}");
}

#[test]
fn this_machine_is_examined_whole_and_soon() {
    let host = Host::detect().unwrap();
    if emulator(host.qemu_program()).is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (cluster, layout) = (cluster(free_port()), Layout::new(dir.path(), "trial"));
    let start = Instant::now();
    let findings = examine(&host, &cluster, &layout);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    for id in [Id::Qemu, Id::Accelerator, Id::Disk, Id::Memory, Id::Ports, Id::Ssh, Id::Kubectl, Id::Nix] {
        let finding = find(&findings, id);
        eprintln!("{:?}: {:?}, {}", finding.id, finding.state, detail(finding));
    }
    assert_eq!(find(&findings, Id::Qemu).state, State::Ok);
    assert!(find(&findings, Id::Qemu).found.as_ref().unwrap().version.is_some());
    assert_eq!(find(&findings, Id::Ports).state, State::Ok);
    assert!(!detail(find(&findings, Id::Accelerator)).is_empty());
    let json = serde_json::to_value(&findings).unwrap();
    assert_eq!((&json[0]["id"], &json[0]["state"], &json[0]["need"]), (&"qemu".into(), &"ok".into(), &"needed".into()));
}

#[test]
fn without_qemu_the_mend_is_a_command() {
    let dir = tempfile::tempdir().unwrap();
    let manager = dir.path().join("apt-get");
    write_atomic(&manager, b"#!/bin/sh\n", Access::Public).unwrap();
    std::fs::set_permissions(&manager, std::fs::Permissions::from_mode(0o755)).unwrap();
    let host = host_with(dir.path());
    let findings = examine(&host, &cluster(free_port()), &Layout::new(dir.path(), "trial"));
    assert!(!ready(&findings));
    assert_eq!(find(&findings, Id::Qemu).state, State::Missing);
    let mend = find(&findings, Id::QemuImg).mend.as_deref().unwrap();
    assert_eq!(mend, "install it: `sudo apt-get install --yes --no-install-recommends qemu-utils`");
    assert!(detail(find(&findings, Id::Accelerator)).starts_with("not tried"));
    let fix = fix::fix_command(&findings, &host).unwrap();
    let installs = &fix.commands[1];
    assert_eq!(installs[..3], ["sudo", "apt-get", "install"]);
    assert!(installs.contains(&"qemu-utils".to_string()) && installs.contains(&"openssh-client".to_string()));
}

#[test]
fn an_old_qemu_is_unsuitable() {
    let dir = tempfile::tempdir().unwrap();
    let host = host_with(dir.path());
    let old = dir.path().join(host.qemu_program());
    write_atomic(&old, b"#!/bin/sh\necho QEMU emulator version 5.2.0\n", Access::Public).unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    let findings = examine(&host, &cluster(free_port()), &Layout::new(dir.path(), "trial"));
    let qemu = find(&findings, Id::Qemu);
    assert_eq!((qemu.state, detail(qemu)), (State::Unsuitable, "older than 7.2"));
    // It answers every start with a version and success, which proves no guest on x86_64.
    if host.arch == Arch::X86_64 {
        assert_eq!(find(&findings, Id::Accelerator).state, State::Unsuitable);
    }
}

#[test]
fn an_emulator_that_hangs_is_given_up_and_gone() {
    let dir = tempfile::tempdir().unwrap();
    let stuck = dir.path().join("stuck");
    let script = format!("#!/bin/sh\necho $$ > {}/pid\nexec sleep 600\n", dir.path().display());
    write_atomic(&stuck, script.as_bytes(), Access::Public).unwrap();
    std::fs::set_permissions(&stuck, std::fs::Permissions::from_mode(0o755)).unwrap();
    let outcome = trial(&stuck, Arch::X86_64, Accelerator::Kvm);
    assert_eq!(outcome, Trial::Hung(Accelerator::Kvm.limit()));
    let pid = std::fs::read_to_string(dir.path().join("pid")).unwrap();
    if cfg!(target_os = "linux") {
        assert!(!Path::new("/proc").join(pid.trim()).exists(), "process {} is still there", pid.trim());
    }
}

#[test]
fn a_taken_port_and_too_much_memory_are_named() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = cluster(listener.local_addr().unwrap().port());
    cluster.nodes[0].memory = u32::MAX;
    let findings = examine(&host_with(""), &cluster, &Layout::new(dir.path(), "trial"));
    let port = find(&findings, Id::Ports);
    assert_eq!(port.state, State::Unsuitable);
    assert!(port.mend.as_deref().unwrap().contains("`SSH_PORT_rack_1`"), "{port:?}");
    let memory = find(&findings, Id::Memory);
    if cfg!(target_os = "linux") {
        assert_eq!(memory.state, State::Unsuitable, "{memory:?}");
    }
}
