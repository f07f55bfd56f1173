//! What the two network modes and the two pod networks mean for one node.
//!
//! Here they become addresses, names and routes; nothing above asks for the mode again. It does not know how a card is
//! configured.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::is_control_plane;
use super::types::{Api, Interface, Network, Pods, Proxy, Route};
use crate::config::{Cidr, Cluster, Cni, NetMode, Node, POD_RANGE_OF_A_NODE};

/// Names of the two cards. They are ours, so they say what the card is for.
const UPLINK: &str = "uplink";
const CLUSTER: &str = "cluster";

pub(super) fn network(cluster: &Cluster, node: &Node) -> Network {
    let uplink = |required| Interface { name: UPLINK.to_string(), mac: node.mac_user, address: None, required };
    let segment = Interface {
        name: CLUSTER.to_string(),
        mac: node.mac_cluster,
        address: Some(format!("{}/{}", node.address, cluster.network.cluster.prefix())),
        required: true,
    };
    let (interfaces, peers) = match cluster.network.mode {
        // A slow DHCP server keeps a node from nothing that it does within the cluster.
        NetMode::L2 => (vec![uplink(false), segment], CLUSTER),
        NetMode::User => (vec![uplink(true)], UPLINK),
    };
    Network {
        interfaces,
        uplink: UPLINK.to_string(),
        peers: peers.to_string(),
        address: cluster.internal_ip(node),
        hosts: hosts(cluster, node),
        routes: routes(cluster, node),
    }
}

/// Every node's name, at the address where this node finds it.
fn hosts(cluster: &Cluster, node: &Node) -> BTreeMap<Ipv4Addr, Vec<String>> {
    let mut hosts: BTreeMap<Ipv4Addr, Vec<String>> = BTreeMap::new();
    for other in &cluster.nodes {
        let own = other.name == node.name;
        let address = if own { cluster.internal_ip(other) } else { cluster.reachable_ip(other) };
        hosts.entry(address).or_default().push(other.name.clone());
    }
    hosts
}

/// With a fixed part of the pod range per worker somebody has to say where the others' parts are. Control planes have no
/// pods, but their API server calls some: webhooks and extension API servers.
fn routes(cluster: &Cluster, node: &Node) -> Vec<Route> {
    if cluster.network.mode == NetMode::User {
        return Vec::new();
    }
    let others = cluster.workers().filter(|other| other.name != node.name);
    let route = |other: &Node| Some(Route { destination: own_pods(cluster, other)?, gateway: other.address });
    others.filter_map(route).collect()
}

pub(super) fn pods(cluster: &Cluster, node: &Node) -> Pods {
    Pods {
        cni: cluster.network.cni,
        range: cluster.network.pods,
        node_prefix: POD_RANGE_OF_A_NODE,
        own: if is_control_plane(node) { None } else { own_pods(cluster, node) },
    }
}

/// The part of the pod range that a worker has by its place in the list. One more control plane moves nobody.
fn own_pods(cluster: &Cluster, worker: &Node) -> Option<Cidr> {
    if cluster.network.cni != Cni::Bridge {
        return None;
    }
    let step = 1_u64 << (32 - POD_RANGE_OF_A_NODE);
    let place = u64::try_from(worker.index).ok()?;
    let first = cluster.network.pods.nth(place * step).expect("BUG: a checked pod range has a part for every node");
    Some(format!("{first}/{POD_RANGE_OF_A_NODE}").parse().expect("BUG: the parts begin where their prefix says"))
}

pub(super) fn api(cluster: &Cluster, node: &Node) -> Api {
    let types: &[&str] = match cluster.network.mode {
        // The address needs no entry in the hosts file of a control plane, so a worker that is new is called at once.
        NetMode::L2 => &["InternalIP", "Hostname"],
        // All nodes have one address; only their names lead somewhere, each to its own port of this host.
        NetMode::User => &["Hostname"],
    };
    let control_plane = is_control_plane(node);
    Api {
        url: if control_plane { cluster.api_url_beside() } else { cluster.api_url_from_worker() },
        advertise: control_plane.then(|| cluster.reachable_ip(node)),
        kubelet_address_types: types.iter().map(ToString::to_string).collect(),
    }
}

/// Whatever is in the cluster is never asked for at the proxy; the user's own exceptions come after.
pub(super) fn proxy(cluster: &Cluster) -> Option<Proxy> {
    let (http, https) = (cluster.proxy.http.clone(), cluster.proxy.https.clone());
    if http.is_none() && https.is_none() {
        return None;
    }
    let net = &cluster.network;
    let ranges = [net.cluster, net.user, net.services, net.pods].map(|range| range.to_string());
    let mut no: Vec<String> = vec!["localhost".to_string(), Ipv4Addr::LOCALHOST.to_string()];
    no.extend(ranges);
    no.extend([".svc".to_string(), format!(".{}", net.domain)]);
    no.extend(cluster.nodes.iter().map(|node| node.name.clone()));
    let own = cluster.proxy.no.iter().filter(|entry| !no.contains(entry)).cloned().collect::<Vec<_>>();
    no.extend(own);
    Some(Proxy { http, https, no })
}
