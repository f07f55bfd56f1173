//! The database of a fixture cluster, with every member that the cluster has.
//!
//! It knows who may ask etcd, and nothing of what is in it.

use std::path::Path;

use xtask::pki::{ADMIN, API_SERVER, ETCD_CA};

use crate::daemon::Daemon;
use crate::fixtures::FIXTURES;
use crate::https::{BESIDE, Client, wanted};
use crate::instantiate::have_nix;
use crate::site::Site;
use crate::tools;

/// The operator's certificate for etcd.
pub(crate) const CLIENT: &str = "etcd-client";

/// A database at work.
pub(crate) struct Etcd {
    /// Each with the port at which it is dialled on its own loopback.
    members: Vec<(Daemon, u16)>,
}

impl Etcd {
    /// Starts every member and waits until each is healthy: there is a leader, so most of them have found each other.
    pub(crate) fn of(site: &mut Site, programs: &Path) -> Etcd {
        let names: Vec<String> = site.cluster.control_planes().map(|node| node.name.clone()).collect();
        let start = |name: String| {
            let machine = site.node(&name);
            let command = site.command(&machine, "etcd").unwrap();
            let daemon = Daemon::start(programs, &command, &machine.path("/"));
            (daemon, site.port(&machine, "etcdClient"))
        };
        let members: Vec<(Daemon, u16)> = names.into_iter().map(start).collect();
        let operator = Client::nobody(&site.credentials(), ETCD_CA).showing(CLIENT);
        for (daemon, port) in &members {
            let health = daemon.until("healthy", || wanted(operator.get(BESIDE, *port, "/health"), 200));
            assert!(health.body.contains("\"true\""), "{}", health.body);
        }
        Etcd { members }
    }

    /// Where the first member is dialled.
    pub(crate) fn port(&self) -> u16 {
        self.members[0].1
    }

    /// What the members have said.
    fn said(&self) -> String {
        self.members.iter().map(|(daemon, _)| daemon.said()).collect()
    }
}

#[test]
fn every_cluster_has_an_etcd_that_opens_to_its_own_clients_only() {
    let (true, Some(programs)) = (have_nix(), tools::programs("kubernetes")) else { return };
    for fixture in FIXTURES {
        let mut site = Site::of(fixture);
        let etcd = Etcd::of(&mut site, &programs);
        let nobody = Client::nobody(&site.credentials(), ETCD_CA);
        for (_, port) in &etcd.members {
            // With one authority for everything, each of these would open it.
            for stranger in [&site.a_worker(), ADMIN, API_SERVER] {
                let refusal = nobody.showing(stranger).get(BESIDE, *port, "/health").unwrap_err();
                let why = refusal.to_lowercase();
                assert!(why.contains("alert"), "{stranger}: {refusal}");
            }
            let refusal = nobody.get(BESIDE, *port, "/health").unwrap_err();
            assert!(refusal.contains("CertificateRequired"), "nobody: {refusal}");
        }
        let said = etcd.said().to_lowercase();
        let objections: Vec<&str> = said.lines().filter(|line| line.contains("deprecated")).collect();
        assert!(objections.is_empty(), "{}: {}", fixture.name, objections.join("\n"));
    }
}
