//! Every node of every fixture cluster: each of its Kubernetes daemons accepts every flag and every line of its
//! configuration, and finds none of them deprecated.
//!
//! The daemons stop before they work. `alive` lets them work, for one cluster.

use crate::etcd::Etcd;
use crate::fixtures::FIXTURES;
use crate::instantiate::have_nix;
use crate::site::{Machine, Site};
use crate::tools;
use crate::verdict::objections;

/// The units that start a program of Kubernetes.
pub(crate) const UNITS: [&str; 5] =
    ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"];

/// Where the document of the kubelet lies on a node.
pub(crate) const KUBELET: &str = "/etc/kubernetes/kubelet.json";

/// Adapts a node to the machine that judges it, which may be an old one: with control groups of version 1 the kubelet
/// would refuse to work, and that says nothing about the node.
pub(crate) fn adapt(machine: &Machine) {
    if machine.path(KUBELET).exists() {
        machine.edit(KUBELET, |document| document["failCgroupV1"] = false.into());
    }
}

#[test]
fn every_daemon_accepts_what_it_is_told() {
    let (true, Some(programs)) = (have_nix(), tools::programs("kubernetes")) else { return };
    let mut found = Vec::new();
    let mut judged = std::collections::BTreeSet::new();
    for fixture in FIXTURES {
        let mut site = Site::of(fixture);
        // The API server asks the database what it can do, early and insistently.
        let _etcd = Etcd::of(&mut site, &programs);
        let names: Vec<String> = site.cluster.nodes.iter().map(|node| node.name.clone()).collect();
        for name in names {
            let machine = site.node(&name);
            adapt(&machine);
            for unit in UNITS {
                let Some(command) = site.command(&machine, unit) else { continue };
                judged.insert(unit);
                let complaints = objections(&programs, command, &machine).into_iter();
                found.extend(complaints.map(|complaint| format!("{}/{name}: {unit}: {complaint}", fixture.name)));
            }
        }
    }
    assert_eq!(judged.len(), UNITS.len(), "some were never judged: {judged:?}");
    assert!(found.is_empty(), "{}", found.join("\n"));
}
