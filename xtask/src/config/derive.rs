//! What follows from a cluster: addresses to dial, names to certify, ports to forward.
//!
//! Pure functions of a checked [`Cluster`]. This is the one place (with the facts to come) that knows what the two
//! network modes mean; everything above reads addresses.

use std::net::Ipv4Addr;

use serde::Serialize;

use super::cluster::{Cluster, NetMode, Node, Role};

/// Offsets in QEMU's user-mode network, from its own documentation: gateway, name server, first guest.
const USER_GATEWAY: u64 = 2;
const USER_GUEST: u64 = 15;
/// Every node gets a part of the pod range with this prefix length: room for more pods than a kubelet takes.
pub const POD_RANGE_OF_A_NODE: u8 = 24;
/// Where sshd listens inside a node.
const SSH: u16 = 22;

/// A port of this host's loopback that QEMU forwards into a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forward {
    /// The node it leads to.
    pub node: String,
    /// What answers there: `ssh`, `api` or `kubelet`.
    pub service: &'static str,
    /// The configuration key that moves it, without node suffix.
    pub key: &'static str,
    /// Port on 127.0.0.1 of this host.
    pub host: u16,
    /// Port inside the node.
    pub guest: u16,
}

impl Cluster {
    /// The API server's own service address: the first of the service range.
    pub fn api_service_address(&self) -> Ipv4Addr {
        self.network.services.nth(1).expect("BUG: a checked service range has more than one address")
    }

    /// The host as guests see it on NIC0.
    pub fn user_gateway(&self) -> Ipv4Addr {
        self.network.user.nth(USER_GATEWAY).expect("BUG: a checked user range has a gateway")
    }

    /// What every guest is given on NIC0.
    pub fn user_guest(&self) -> Ipv4Addr {
        self.network.user.nth(USER_GUEST).expect("BUG: a checked user range has room for a guest")
    }

    /// The InternalIP of a node: what it calls itself.
    pub fn internal_ip(&self, node: &Node) -> Ipv4Addr {
        match self.network.mode {
            NetMode::L2 => node.address,
            NetMode::User => self.user_guest(),
        }
    }

    /// The address at which other nodes find this node.
    pub fn reachable_ip(&self, node: &Node) -> Ipv4Addr {
        match self.network.mode {
            NetMode::L2 => node.address,
            NetMode::User => self.user_gateway(),
        }
    }

    /// The API server as seen from this host.
    pub fn api_url_from_host(&self) -> String {
        let port = self.first_control_plane().api_port.unwrap_or(self.api.port);
        url(Ipv4Addr::LOCALHOST, port)
    }

    /// The API server as seen by what runs beside it.
    pub fn api_url_beside(&self) -> String {
        url(Ipv4Addr::LOCALHOST, self.api.port)
    }

    /// The API server as seen from a worker.
    pub fn api_url_from_worker(&self) -> String {
        let first = self.first_control_plane();
        match (self.network.mode, self.api.vip) {
            (NetMode::L2, Some(vip)) => url(vip, self.api.port),
            (NetMode::L2, None) => url(first.address, self.api.port),
            (NetMode::User, _) => url(self.user_gateway(), first.api_port.unwrap_or(self.api.port)),
        }
    }

    /// Names under which the API server is a Kubernetes service, from the shortest to the full one.
    pub fn api_dns_names(&self) -> Vec<String> {
        let full = format!("kubernetes.default.svc.{}", self.network.domain);
        ["kubernetes", "kubernetes.default", "kubernetes.default.svc", &full].map(String::from).to_vec()
    }

    /// Every port that QEMU forwards from this host, in node order.
    pub fn forwards(&self) -> Vec<Forward> {
        self.nodes.iter().flat_map(|node| self.forwards_of(node)).collect()
    }

    fn forwards_of(&self, node: &Node) -> Vec<Forward> {
        let forward = |service, key, host, guest| Forward { node: node.name.clone(), service, key, host, guest };
        let mut forwards = vec![forward("ssh", "SSH_PORT", node.ssh_port, SSH)];
        match (node.role, node.api_port, node.kubelet_port) {
            (Role::ControlPlane, Some(port), _) => {
                forwards.push(forward("api", "API_PORT", port, self.api.port));
            }
            // On the segment of NIC1 kubelets are dialled directly: nothing to forward.
            (Role::Worker, _, Some(port)) if self.network.mode == NetMode::User => {
                forwards.push(forward("kubelet", "KUBELET_PORT", port, port));
            }
            _ => {}
        }
        forwards
    }
}

fn url(address: Ipv4Addr, port: u16) -> String {
    format!("https://{address}:{port}")
}
