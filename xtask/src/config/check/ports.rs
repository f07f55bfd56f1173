//! Rules of ports: what listens on a node must not meet what else listens there, and every port of this host leads to
//! one place.
//!
//! Knows nothing of addresses. Whether a port of this host is free right now is for `cargo xtask check` to see.

use std::collections::BTreeMap;

use crate::config::cluster::Cluster;
use crate::config::keys::node_key;
use crate::config::nodes::{self, COMPONENT_PORTS, Named};
use crate::config::settings::{Item, Settings, blame};

/// Where Kubernetes puts services of type NodePort unless told otherwise.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;
/// ssh, and etcd's clients, peers and metrics.
const SYSTEM_PORTS: [u16; 4] = [22, 2379, 2380, 2381];
/// Where a kubelet listens everywhere else in the world.
const KUBELET: u16 = 10250;

pub(super) fn all(settings: &mut Settings, cluster: &Cluster, names: &[Named]) {
    let api = settings.item("API_PORT");
    listens(settings, &api, cluster.api.port, cluster.api.port == KUBELET);
    kubelets(settings, cluster, names);
    forwards(settings, cluster, names);
}

/// The first port is judged by itself and not again for the worker that gets it; of the ports that count up from it
/// one bad one is enough.
fn kubelets(settings: &mut Settings, cluster: &Cluster, names: &[Named]) {
    let base: u16 = settings.need("KUBELET_PORT");
    let mut judged = listens(settings, &settings.item("KUBELET_PORT"), base, false);
    for (named, node) in names.iter().zip(&cluster.nodes) {
        let Some(port) = node.kubelet_port else { continue };
        let own = settings.written(&node_key("KUBELET_PORT", &named.name)).is_some();
        if own || (port != base && !judged) {
            let item = nodes::item(settings, named, "KUBELET_PORT", port);
            let bad = listens(settings, &item, port, false);
            judged |= bad && !own;
        }
    }
}

/// A port that something of ours listens on, inside a node; whether it is a bad one.
fn listens(settings: &mut Settings, item: &Item, port: u16, taken: bool) -> bool {
    let why = if taken || SYSTEM_PORTS.contains(&port) || COMPONENT_PORTS.contains(&port) {
        "another component of the node listens there".to_string()
    } else if NODE_PORTS.contains(&port) {
        let (first, last) = (NODE_PORTS.start(), NODE_PORTS.end());
        format!("Kubernetes gives the ports from {first} to {last} to services of type NodePort")
    } else {
        return false;
    };
    let message = format!("`{}` is a port that is taken inside the node: {port}", item.key);
    let found = blame(&[item], message, format!("write another port in `{}`", item.key));
    settings.extend(found.map(|d| d.labelled(why)));
    true
}

fn forwards(settings: &mut Settings, cluster: &Cluster, names: &[Named]) {
    let mut owners: BTreeMap<u16, Item> = BTreeMap::new();
    for forward in cluster.forwards() {
        let Some(node) = names.iter().find(|node| node.name == forward.node) else { continue };
        let item = nodes::item(settings, node, forward.key, forward.host);
        if let Some(twin) = owners.get(&forward.host) {
            let found = blame(
                &[twin, &item],
                format!(
                    "port {} of this host would lead to two places: {} and {}",
                    forward.host, twin.shown, item.shown
                ),
                format!("set `{}` or `{}` to a port that is free", twin.key, item.key),
            );
            settings.extend(found);
        } else {
            owners.insert(forward.host, item);
        }
    }
}
