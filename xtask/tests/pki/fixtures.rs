//! Clusters to try the certificates on, a directory with everything made in it, and the programs that judge it.
//!
//! It makes values by hand, because what is tested here must not depend on how an environment file is read.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::datetime;
use xtask::config::{
    Api, Cidr, Cluster, Cni, Image, ImageSource, Lifetimes, Mac, Machine, NetMode, Network, Node, Proxy, Role, Versions,
};
use xtask::pki::{self, Row};

/// The moment at which everything is made where the clock matters.
pub(crate) const NOW: OffsetDateTime = datetime!(2031-05-04 03:02:01 UTC);

/// One control plane and two workers, as a person who changes nothing has it.
pub(crate) fn plain() -> Cluster {
    cluster("hardway", &["alpha"], &["sigma", "gamma"])
}

/// Everything different: names, counts, ranges, ports, a floating address, the pod network made by hand.
pub(crate) fn harbour() -> Cluster {
    let mut cluster = cluster("harbour", &["north", "east", "west"], &["oak", "ash", "elm", "fir", "yew-2"]);
    cluster.network = Network {
        mode: NetMode::L2,
        cni: Cni::Bridge,
        cluster: cidr("172.20.5.0/24"),
        services: cidr("10.96.0.0/16"),
        pods: cidr("10.128.0.0/14"),
        user: cidr("10.7.0.0/24"),
        dns: Ipv4Addr::new(10, 96, 0, 53),
        domain: "corp.internal".to_string(),
    };
    cluster.api = Api { port: 7443, vip: Some(Ipv4Addr::new(172, 20, 5, 5)) };
    for (number, node) in (40..).zip(&mut cluster.nodes) {
        node.address = Ipv4Addr::new(172, 20, 5, number);
    }
    cluster.lifetimes = Lifetimes { leaf: 90, ca: 7300, renew: 20 };
    cluster
}

/// A single user-mode NIC a machine.
pub(crate) fn lonely() -> Cluster {
    let mut cluster = cluster("lonely", &["solo"], &["uno", "due"]);
    cluster.network.mode = NetMode::User;
    cluster
}

/// The ordinary cluster with those nodes.
pub(crate) fn cluster(name: &str, control_planes: &[&str], workers: &[&str]) -> Cluster {
    let masters = (0..).zip(control_planes).map(|(index, name)| node(name, Role::ControlPlane, index));
    let others = (0..).zip(workers).map(|(index, name)| node(name, Role::Worker, index));
    Cluster {
        name: name.to_string(),
        nodes: masters.chain(others).collect(),
        network: Network {
            mode: NetMode::L2,
            cni: Cni::Cilium,
            cluster: cidr("192.168.100.0/24"),
            services: cidr("10.32.0.0/24"),
            pods: cidr("10.200.0.0/16"),
            user: cidr("10.0.2.0/24"),
            dns: Ipv4Addr::new(10, 32, 0, 10),
            domain: "cluster.local".to_string(),
        },
        api: Api { port: 6443, vip: None },
        machine: Machine { disk: 20480, esp: 512, install_memory: 4096 },
        image: Image { release: "26.05".to_string(), source: ImageSource::Channel },
        proxy: Proxy::default(),
        versions: Versions {
            cilium: "1.2.3".to_string(),
            cilium_cli: "1.2.3".to_string(),
            coredns: "1.2.3".to_string(),
            metrics_server: "1.2.3".to_string(),
        },
        lifetimes: Lifetimes { leaf: 365, ca: 3650, renew: 30 },
    }
}

fn node(name: &str, role: Role, index: u8) -> Node {
    let worker = role == Role::Worker;
    let number = index + if worker { 20 } else { 10 };
    Node {
        name: name.to_string(),
        role,
        index: index.into(),
        memory: 8192,
        cpus: 2,
        address: Ipv4Addr::new(192, 168, 100, number),
        ssh_port: 2200 + u16::from(number),
        kubelet_port: worker.then_some(10250 + u16::from(index)),
        api_port: (!worker).then_some(6443 + u16::from(index)),
        mac_user: Mac([0x52, 0x54, 0, 0, 0, number]),
        mac_cluster: Mac([0x52, 0x54, 0, 0, 1, number]),
    }
}

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

/// A directory with every row of a cluster made in it.
pub(crate) struct Made {
    pub(crate) rows: Vec<Row>,
    dir: tempfile::TempDir,
}

impl Made {
    pub(crate) fn new(cluster: &Cluster, now: OffsetDateTime) -> Made {
        let made = Made { rows: pki::table(cluster), dir: tempfile::tempdir().unwrap() };
        for row in &made.rows {
            pki::issue(row, made.dir(), now).unwrap();
        }
        made
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn row(&self, name: &str) -> &Row {
        self.rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row `{name}`"))
    }

    pub(crate) fn public(&self, name: &str) -> PathBuf {
        self.dir().join(pki::public_file(name))
    }

    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.dir().join(pki::key_file(name))
    }
}

/// Whether a program is there. Where it must be (`CI=true`) its absence fails the test; elsewhere it is said aloud,
/// past the test harness, which would swallow what `eprintln!` says.
pub(crate) fn have(program: &str, probe: &[&str]) -> bool {
    if duct::cmd(program, probe).stdout_null().stderr_null().run().is_ok() {
        return true;
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "`{program}` is needed to judge the certificates: install it"
    );
    let _ = writeln!(std::io::stderr(), "SKIPPED: `{program}` is not installed, so it has not judged the certificates");
    false
}
