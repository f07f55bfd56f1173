//! Rules of the network: ranges that keep apart, addresses that lie in their range and belong to one.
//!
//! Knows nothing of ports.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::config::cluster::{Cluster, NetMode};
use crate::config::derive::POD_RANGE_OF_A_NODE;
use crate::config::nodes::{self, Named};
use crate::config::settings::{Item, Settings, blame};
use crate::config::types::{Cidr, Mac};

pub(super) fn all(settings: &mut Settings, cluster: &Cluster, names: &[Named]) {
    disjoint(settings, cluster);
    pods_fit(settings, cluster);
    dns(settings, cluster);
    node_addresses(settings, cluster, names);
    vip(settings, cluster, names);
    macs(settings, cluster, names);
    wiring(settings, cluster);
}

fn disjoint(settings: &mut Settings, cluster: &Cluster) {
    let net = &cluster.network;
    let ranges = [
        ("CLUSTER_CIDR", net.cluster),
        ("USER_NET_CIDR", net.user),
        ("K8S_SERVICE_CIDR", net.services),
        ("K8S_POD_CIDR", net.pods),
    ];
    for (i, (key, range)) in ranges.iter().enumerate() {
        for (other_key, other) in &ranges[..i] {
            if range.overlaps(*other) {
                let (item, twin) = (settings.item(key), settings.item(other_key));
                let message = format!("{} and {} overlap", twin.shown, item.shown);
                let found = blame(&[&twin, &item], message, "move one of them to a range that is free");
                settings.extend(found.map(|d| d.because("an address in both would lead to two different places")));
            }
        }
    }
}

fn pods_fit(settings: &mut Settings, cluster: &Cluster) {
    let pods = cluster.network.pods;
    let room = 1_usize << (POD_RANGE_OF_A_NODE.saturating_sub(pods.prefix()));
    let nodes = cluster.nodes.len();
    if nodes > room {
        let prefix =
            POD_RANGE_OF_A_NODE - u8::try_from(nodes.next_power_of_two().ilog2()).unwrap_or(POD_RANGE_OF_A_NODE);
        let found = blame(
            &[&settings.item("K8S_POD_CIDR")],
            format!("`K8S_POD_CIDR` has room for {room} of {nodes} nodes"),
            format!("write a range with a prefix length of {prefix} or less"),
        );
        let cause = format!("every node gets a /{POD_RANGE_OF_A_NODE} of it");
        settings.extend(found.map(|d| d.labelled("too small a range").because(cause)));
    }
}

/// Why nobody can have an address of a subnet.
fn edge(range: Cidr, address: Ipv4Addr) -> Option<&'static str> {
    match address {
        _ if !range.contains(address) => Some("outside the range"),
        _ if address == range.network() => Some("the range's own name"),
        _ if address == range.last() => Some("the range's broadcast address"),
        _ => None,
    }
}

fn dns(settings: &mut Settings, cluster: &Cluster) {
    let (range, address) = (cluster.network.services, cluster.network.dns);
    let first = (range.nth(1) == Some(address)).then_some("the API server's own service address");
    let Some(why) = edge(range, address).or(first) else { return };
    let (item, services) = (settings.item("K8S_CLUSTER_DNS"), settings.item("K8S_SERVICE_CIDR"));
    let help = match range.nth(10).filter(|address| *address != range.last()) {
        Some(address) => format!("set `K8S_CLUSTER_DNS` to an address of {range}, such as `{address}`"),
        None => format!("set `K8S_CLUSTER_DNS` to another address of {range}"),
    };
    let message = format!("`K8S_CLUSTER_DNS` is not an address that a service can have: {address} is {why}");
    settings.extend(blame(&[&item, &services], message, help));
}

fn node_addresses(settings: &mut Settings, cluster: &Cluster, names: &[Named]) {
    let mut owners: BTreeMap<Ipv4Addr, Item> = BTreeMap::new();
    for (named, node) in names.iter().zip(&cluster.nodes) {
        if node.address.is_unspecified() {
            continue;
        }
        let item = nodes::item(settings, named, "ADDRESS", node.address);
        address_fits(settings, cluster, &item, node.address);
        if let Some(twin) = owners.get(&node.address) {
            let found = blame(
                &[twin, &item],
                format!("two nodes have the address {}: {} and {}", node.address, twin.shown, item.shown),
                format!("set `{}` or `{}` to an address that is free", twin.key, item.key),
            );
            settings.extend(found);
        } else {
            owners.insert(node.address, item);
        }
    }
}

fn address_fits(settings: &mut Settings, cluster: &Cluster, item: &Item, address: Ipv4Addr) {
    let range = cluster.network.cluster;
    if let Some(why) = edge(range, address) {
        let found = blame(
            &[&settings.item("CLUSTER_CIDR"), item],
            format!("`{}` is not an address that a machine can have: {address} is {why}", item.key),
            format!("write another address of {range}, or change `CLUSTER_CIDR`"),
        );
        settings.extend(found);
    }
}

fn vip(settings: &mut Settings, cluster: &Cluster, names: &[Named]) {
    let Some(vip) = cluster.api.vip else { return };
    let item = settings.item("API_VIP");
    if cluster.network.mode == NetMode::User {
        let found = blame(
            &[&item, &settings.item("NET_MODE")],
            "there is no floating address with `NET_MODE=user`",
            "delete `API_VIP`, or set `NET_MODE=l2`",
        );
        settings.extend(
            found.map(|d| d.because("in a user-mode network no machine hears another, so no address can move")),
        );
    }
    address_fits(settings, cluster, &item, vip);
    for (named, node) in names.iter().zip(&cluster.nodes).filter(|(_, node)| node.address == vip) {
        let owner = nodes::item(settings, named, "ADDRESS", node.address);
        let found = blame(
            &[&owner, &item],
            format!("`API_VIP` is the address of a node: {}", owner.shown),
            "write an address that no node has; it moves from one control plane to another",
        );
        settings.extend(found);
    }
}

fn macs(settings: &mut Settings, cluster: &Cluster, names: &[Named]) {
    let mut owners: BTreeMap<[u8; 6], Item> = BTreeMap::new();
    // NIC0 first: its address is always derived, so the one to blame for a clash is the other.
    let all = names.iter().zip(&cluster.nodes);
    let nics = all.clone().map(|(named, node)| (named, node.mac_user, true));
    for (named, Mac(mac), user) in nics.chain(all.map(|(named, node)| (named, node.mac_cluster, false))) {
        let mut item = nodes::item(settings, named, "MAC", Mac(mac));
        if user {
            item =
                Item { shown: format!("the user-mode NIC of {}", named.item(settings).shown), ..named.item(settings) };
        }
        if let Some(twin) = owners.get(&mac) {
            let found = blame(
                &[twin, &item],
                format!("two NICs have the MAC address {}: {} and {}", Mac(mac), twin.shown, item.shown),
                format!("write another address in `{}`", item.key),
            );
            settings.extend(found);
        } else {
            owners.insert(mac, item);
        }
    }
}

fn wiring(settings: &mut Settings, cluster: &Cluster) {
    if cluster.network.mode == NetMode::User && cluster.workers().count() > 1 {
        let found = blame(
            &[&settings.item("NET_MODE"), &settings.item("CNI")],
            "pods on different workers cannot reach each other with `NET_MODE=user`",
            "set `NET_MODE=l2`, or go on if one worker is all you look at",
        );
        let cause = "every machine has a user-mode network of its own, which leads to this host and no further";
        settings.extend(found.map(|d| d.because(cause).warning()));
    }
}
