//! Unusual clusters to try the certificates on, a directory with everything made in it, and the programs that judge it.
//!
//! It does not know what is tried.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::datetime;
use xtask::config::{Api, Cluster, Cni, Lifetimes, NetMode, Network};
use xtask::pki::{self, Row};

use crate::ordinary::{cidr, cluster};

/// The moment at which everything is made where the clock matters.
pub(crate) const NOW: OffsetDateTime = datetime!(2031-05-04 03:02:01 UTC);

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

/// Whether a program is there, whatever it answers to the probe. Where it must be (`CI=true`) its absence fails the test; elsewhere it is said aloud,
/// past the test harness, which would swallow what `eprintln!` says.
pub(crate) fn have(program: &str, probe: &[&str]) -> bool {
    if duct::cmd(program, probe).stdin_null().stdout_null().stderr_null().unchecked().run().is_ok() {
        return true;
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "`{program}` is needed to judge the certificates: install it"
    );
    let _ = writeln!(std::io::stderr(), "SKIPPED: `{program}` is not installed, so it has not judged the certificates");
    false
}
