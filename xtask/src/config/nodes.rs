//! The machines: their names, and everything that follows from a machine's place in its list.
//!
//! Knows how numbers are derived and that a key of a node wins over them. Whether two machines got the same number is
//! `check`'s business.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::ops::Range;

use super::cluster::{Node, Role};
use super::diagnostic::Place;
use super::keys::{self, node_key};
use super::settings::{Item, Settings, blame};
use super::types::{Cidr, Mac};
use super::value::split_list;

/// Ports of the other components of a node: kubelet's own health, kube-proxy (two), controller-manager, scheduler.
pub(super) const COMPONENT_PORTS: [u16; 5] = [10248, 10249, 10256, 10257, 10259];
/// Where the blocks of addresses begin within the range. They are fixed, so that one more control plane moves no worker.
const FIRST_CONTROL_PLANE: u64 = 10;
const FIRST_WORKER: u64 = 20;
/// More machines than this are a slip of the keyboard.
const MOST_NODES: usize = 1000;
/// Where the MAC numbers of control planes go on when their block is full; above every worker's.
const MORE_CONTROL_PLANES: u64 = 0x4000;
/// Vendor part of QEMU's own MAC addresses.
const QEMU: [u8; 3] = [0x52, 0x54, 0x00];
/// Tells NIC1 from NIC0.
const NIC1: u8 = 0x80;

/// A name, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) role: Role,
    /// Among the nodes of its role.
    pub(super) index: usize,
    /// The key whose list it is in.
    list: &'static str,
    part: Range<usize>,
}

impl Named {
    /// The name where it stands in its list, as an item.
    pub(super) fn item(&self, settings: &Settings) -> Item {
        let item = settings.part_item(self.list, &self.part);
        // A bad name in a list makes the list bad, and leaves the others names.
        Item { shown: format!("`{}`", self.name), trusted: !settings.doubted(self.list), ..item }
    }
}

/// The key of the list of a role.
pub(super) fn list_key(role: Role) -> &'static str {
    match role {
        Role::ControlPlane => "CONTROL_PLANE_NAMES",
        Role::Worker => "WORKER_NAMES",
    }
}

/// Reads both lists; a name that is there twice is reported and counts once.
pub(super) fn names(settings: &mut Settings) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for role in [Role::ControlPlane, Role::Worker] {
        let list = list_key(role);
        let text = settings.written(list).map(|(text, _)| text.to_string()).unwrap_or_default();
        let mut index = 0;
        for (part, name) in split_list(&text) {
            let named = Named { name: name.to_string(), role, index, list, part };
            if let Some(&first) = seen.get(name) {
                let (twin, again) = (found[first].item(settings), named.item(settings));
                let help = "give every machine a name of its own, whatever its role";
                settings.extend(blame(&[&twin, &again], format!("two nodes are called `{name}`"), help));
                continue;
            }
            if found.len() == MOST_NODES {
                let message = format!("there are more than {MOST_NODES} nodes");
                settings.extend(blame(&[&named.item(settings)], message, "name fewer nodes"));
                break;
            }
            seen.insert(name.to_string(), found.len());
            found.push(named);
            index += 1;
        }
    }
    found
}

/// Reads the keys of the nodes and derives what they leave open.
pub(super) fn derive(settings: &mut Settings, names: &[Named]) -> Vec<Node> {
    for node in names {
        for key in keys::of_nodes().filter(|key| key.fits(node.role)) {
            settings.read_node_key(key, &node.name);
        }
    }
    let range: Cidr = settings.need("CLUSTER_CIDR");
    let cluster: String = settings.need("CLUSTER_NAME");
    let nodes: Vec<Node> =
        names.iter().enumerate().map(|(number, node)| one(settings, node, number, range, &cluster)).collect();
    report_missing_addresses(settings, names, &nodes, range);
    nodes
}

fn one(settings: &mut Settings, node: &Named, number: usize, range: Cidr, cluster: &str) -> Node {
    let (memory, cpus) = match node.role {
        Role::ControlPlane => ("CONTROL_PLANE_MEM", "CONTROL_PLANE_CPUS"),
        Role::Worker => ("WORKER_MEM", "WORKER_CPUS"),
    };
    let own = |name: &str| node_key(name, &node.name);
    let mac = mac_number(node.role, node.index);
    let address = address(range, node.role, node.index).unwrap_or(Ipv4Addr::UNSPECIFIED);
    let control_plane = node.role == Role::ControlPlane;
    Node {
        name: node.name.clone(),
        role: node.role,
        index: node.index,
        memory: settings.get(&own("MEM")).unwrap_or_else(|| settings.need(memory)),
        cpus: settings.get(&own("CPUS")).unwrap_or_else(|| settings.need(cpus)),
        address: settings.get(&own("ADDRESS")).unwrap_or(address),
        mac_user: derived_mac(cluster, 0, mac),
        mac_cluster: settings.get(&own("MAC")).unwrap_or_else(|| derived_mac(cluster, NIC1, mac)),
        ssh_port: port(settings, node, "SSH_PORT", number, &[]),
        api_port: control_plane.then(|| port(settings, node, "API_PORT", node.index, &[])),
        kubelet_port: (!control_plane).then(|| port(settings, node, "KUBELET_PORT", node.index, &COMPONENT_PORTS)),
    }
}

/// The `index`th port from the base on, leaving out `taken`, or what the node's own key says.
fn port(settings: &mut Settings, node: &Named, key: &str, index: usize, taken: &[u16]) -> u16 {
    let own = node_key(key, &node.name);
    if let Some(port) = settings.get(&own) {
        return port;
    }
    let base: u16 = settings.need(key);
    if let Some(port) = (base..=u16::MAX).filter(|port| !taken.contains(port)).nth(index) {
        return port;
    }
    let message = format!("`{key}` is so high that no port is left for `{}`", node.name);
    let help = format!("write a lower `{key}`, or set `{own}`");
    let found = blame(&[&settings.item(key)], message, help);
    settings.extend(found.map(|d| d.because("the ports of the nodes count up from there")));
    // One mistake for all nodes that come after it.
    settings.doubt(key);
    base
}

/// The address of a node that has none of its own; none if its block or the range is full.
fn address(range: Cidr, role: Role, index: usize) -> Option<Ipv4Addr> {
    let index = u64::try_from(index).ok()?;
    let number = match role {
        Role::ControlPlane if index >= FIRST_WORKER - FIRST_CONTROL_PLANE => return None,
        Role::ControlPlane => FIRST_CONTROL_PLANE + index,
        Role::Worker => FIRST_WORKER + index,
    };
    range.nth(number).filter(|&address| address != range.last())
}

/// One mistake for all nodes without an address, because one line mends it for all.
fn report_missing_addresses(settings: &mut Settings, names: &[Named], nodes: &[Node], range: Cidr) {
    let without: Vec<&Named> =
        names.iter().zip(nodes).filter(|(_, node)| node.address.is_unspecified()).map(|(named, _)| named).collect();
    let Some(first) = without.first() else { return };
    let more = match without.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let message = format!("there is no address for `{}`{more} in `CLUSTER_CIDR`", first.name);
    let cause = format!(
        "control planes get the addresses from number {FIRST_CONTROL_PLANE} to {} of {range}, workers those from number {FIRST_WORKER} on",
        FIRST_WORKER - 1
    );
    let help = format!("write a larger `CLUSTER_CIDR`, or set `{}`", node_key("ADDRESS", &first.name));
    let found = blame(&[&settings.item("CLUSTER_CIDR"), &first.item(settings)], message, help);
    settings.extend(found.map(|d| d.because(cause)));
    for node in without {
        settings.doubt(node_key("ADDRESS", &node.name));
    }
}

/// What tells the MAC addresses of a cluster's nodes apart; the number of the address where there is one.
fn mac_number(role: Role, index: usize) -> u64 {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    match role {
        Role::ControlPlane if index >= FIRST_WORKER - FIRST_CONTROL_PLANE => MORE_CONTROL_PLANES + index,
        Role::ControlPlane => FIRST_CONTROL_PLANE + index,
        Role::Worker => FIRST_WORKER + index,
    }
}

/// QEMU's prefix, a byte of the cluster's name, which NIC it is, and the node's number in 15 bits.
fn derived_mac(cluster: &str, nic: u8, number: u64) -> Mac {
    let [a, b, c] = QEMU;
    let [.., high, low] = number.to_be_bytes();
    Mac([a, b, c, blake3::hash(cluster.as_bytes()).as_bytes()[0], nic | high, low])
}

/// A value of a node, derived or not, as an item: it stands where its own key is, else where the key is that it
/// derives from, else where the node is named.
pub(super) fn item(settings: &Settings, node: &Named, key: &str, value: impl std::fmt::Display) -> Item {
    let own = node_key(key, &node.name);
    let base = match key {
        "ADDRESS" => "CLUSTER_CIDR",
        "MAC" => "CLUSTER_NAME",
        other => other,
    };
    if settings.written(&own).is_some() {
        return Item { shown: format!("`{own}` ({value})"), ..settings.item(&own) };
    }
    let from = settings.item(base);
    let place = if from.place == Place::Whole { node.item(settings).place } else { from.place };
    let trusted = from.trusted && settings.trusted(&own) && !settings.doubted(node.list);
    Item { shown: format!("`{own}` ({value}, derived)"), key: own, place, trusted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_addresses_do_not_mix() {
        let range: Cidr = "172.20.0.0/24".parse().unwrap();
        let of = |role, index| address(range, role, index).map(|a| a.octets()[3]);
        assert_eq!(of(Role::ControlPlane, 0), Some(10));
        assert_eq!(of(Role::ControlPlane, 9), Some(19));
        assert_eq!(of(Role::ControlPlane, 10), None);
        assert_eq!(of(Role::Worker, 0), Some(20));
        assert_eq!(of(Role::Worker, 234), Some(254));
        assert_eq!(of(Role::Worker, 235), None, "the broadcast address");
        assert_eq!(of(Role::Worker, 5000), None);
    }

    #[test]
    fn macs_differ_by_cluster_nic_and_node() {
        let all: std::collections::BTreeSet<String> = ["one", "two"]
            .into_iter()
            .flat_map(|cluster| [0, NIC1].map(|nic| (cluster, nic)))
            .flat_map(|(cluster, nic)| {
                let planes = (0..20).map(move |i| derived_mac(cluster, nic, mac_number(Role::ControlPlane, i)));
                planes.chain((0..MOST_NODES).map(move |i| derived_mac(cluster, nic, mac_number(Role::Worker, i))))
            })
            .inspect(|mac| assert!(mac.is_unicast()))
            .map(|mac| mac.to_string())
            .collect();
        assert_eq!(all.len(), 2 * 2 * (20 + MOST_NODES));
    }
}
