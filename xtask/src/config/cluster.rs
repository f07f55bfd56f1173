//! The checked cluster: what everything above this floor reads.
//!
//! A value of these types has passed every check, so nothing here can fail. It does not know where a value
//! came from (that is `config::load`'s job), nor what is made out of it.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde::Serialize;

use super::types::{Cidr, Mac};

/// A whole cluster, as one environment file describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// `CLUSTER_NAME`: a DNS label; names the directory below `artifacts/`.
    pub name: String,
    /// Control planes first, then workers, each in the order of their list.
    pub nodes: Vec<Node>,
    /// Address ranges and how the machines are wired.
    pub network: Network,
    /// Where the API server listens.
    pub api: Api,
    /// What every machine has alike.
    pub machine: Machine,
    /// Which installer image the machines are made from.
    pub image: Image,
    /// The way out, for people behind a corporate proxy.
    pub proxy: Proxy,
    /// Pinned versions of what is not part of NixOS.
    pub versions: Versions,
    /// How long certificates live.
    pub lifetimes: Lifetimes,
}

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Host name, Kubernetes node name and certificate name: a lower-case DNS label.
    pub name: String,
    /// What runs on it.
    pub role: Role,
    /// Position among the nodes of its role, from 0.
    pub index: usize,
    /// MiB of memory.
    pub memory: u32,
    /// Virtual CPUs.
    pub cpus: u32,
    /// Its address on the cluster's own segment (NIC1), in both network modes: certificates carry it either way,
    /// so that changing the mode reissues nothing.
    pub address: Ipv4Addr,
    /// Forwarded from this host's loopback to port 22 of the node.
    pub ssh_port: u16,
    /// Workers: where the kubelet listens (and what is forwarded in `NET_MODE=user`).
    pub kubelet_port: Option<u16>,
    /// Control planes: forwarded from this host's loopback to the API server.
    pub api_port: Option<u16>,
    /// NIC0 (user mode: egress, ssh).
    pub mac_user: Mac,
    /// NIC1 (the cluster's own segment).
    pub mac_cluster: Mac,
}

/// What runs on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// etcd, API server, controller-manager, scheduler; no kubelet.
    ControlPlane,
    /// containerd and kubelet.
    Worker,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::ControlPlane => "control-plane",
            Role::Worker => "worker",
        })
    }
}

/// Address ranges and wiring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Network {
    /// `NET_MODE`.
    pub mode: NetMode,
    /// `CNI`.
    pub cni: Cni,
    /// `CLUSTER_CIDR`: NIC1, node to node.
    pub cluster: Cidr,
    /// `K8S_SERVICE_CIDR`.
    pub services: Cidr,
    /// `K8S_POD_CIDR`.
    pub pods: Cidr,
    /// `USER_NET_CIDR`: what QEMU's user-mode network hands out on NIC0.
    pub user: Cidr,
    /// `K8S_CLUSTER_DNS`: the service address of CoreDNS.
    pub dns: Ipv4Addr,
    /// `K8S_CLUSTER_DOMAIN`, normally `cluster.local`.
    pub domain: String,
}

/// How the machines are wired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NetMode {
    /// A second NIC on a rootless Ethernet segment of the cluster's own.
    L2,
    /// One user-mode NIC: no node reaches another but through ports forwarded by the host.
    User,
}

/// Which pod network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cni {
    /// Cilium, replacing kube-proxy.
    Cilium,
    /// By hand: the CNI bridge plugin, one pod range per node, static routes, kube-proxy.
    Bridge,
}

/// Where the API server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Api {
    /// `API_PORT`: on the nodes, and forwarded from this host to the first control plane.
    pub port: u16,
    /// `API_VIP`: a floating address in front of several control planes.
    pub vip: Option<Ipv4Addr>,
}

/// What every machine has alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// `DISK_SIZE`, MiB.
    pub disk: u64,
    /// `ESP_SIZE`, MiB: the EFI system partition.
    pub esp: u64,
    /// `INSTALL_MEM`, MiB: memory of a machine while it installs (Nix evaluates in RAM).
    pub install_memory: u32,
}

/// Which installer image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// `NIXOS_RELEASE`, as `YY.MM`.
    pub release: String,
    /// Where the ISO comes from.
    pub source: ImageSource,
}

/// Where the ISO comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageSource {
    /// The release's channel, checked against the channel's own checksum.
    Channel,
    /// `ISO_PATH`: a file on this host.
    Path(PathBuf),
    /// `ISO_URL` with `ISO_SHA256` (64 hex digits).
    Url {
        /// http or https.
        url: String,
        /// Lower-case hex.
        sha256: String,
    },
}

/// The way out of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Proxy {
    /// `PROXY_HTTP`.
    pub http: Option<String>,
    /// `PROXY_HTTPS`.
    pub https: Option<String>,
    /// `PROXY_NO`: names, addresses and ranges that are reached directly.
    pub no: Vec<String>,
    /// `EXTRA_CA_FILE`: PEM certificates to trust besides the usual ones (TLS interception).
    pub extra_ca: Option<PathBuf>,
}

/// Pinned versions of what is not part of NixOS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// `CILIUM_VERSION`.
    pub cilium: String,
    /// `CILIUM_CLI_VERSION`.
    pub cilium_cli: String,
    /// `COREDNS_VERSION`.
    pub coredns: String,
    /// `METRICS_SERVER_VERSION`.
    pub metrics_server: String,
    /// `PAUSE_IMAGE`: a whole reference, with registry and tag.
    pub pause: String,
}

/// How long certificates live, in days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lifetimes {
    /// `CERT_DAYS`: leaves.
    pub leaf: u32,
    /// `CA_DAYS`: authorities.
    pub ca: u32,
    /// `CERT_RENEW_DAYS`: leaves with less than this left are renewed by `pki --renew`.
    pub renew: u32,
}

impl Cluster {
    /// Control planes, in order; never empty.
    pub fn control_planes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|n| n.role == Role::ControlPlane)
    }

    /// Workers, in order.
    pub fn workers(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|n| n.role == Role::Worker)
    }

    /// The control plane that workers and the host talk to when there is no VIP.
    pub fn first_control_plane(&self) -> &Node {
        self.control_planes().next().expect("BUG: a checked cluster has a control plane")
    }

    /// Looks a node up by name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|n| n.name == name)
    }

    /// What this configuration asks for and the project cannot do yet, in sentences for the user. Its certificates and
    /// kubeconfigs are made all the same.
    pub fn not_built(&self) -> Vec<String> {
        let planes = self.control_planes().count();
        let several = (planes > 1).then(|| {
            format!(
                "{planes} control planes: their certificates and kubeconfigs are made, but machines for more than one \
                 cannot be installed yet"
            )
        });
        let vip = self.api.vip.map(|vip| {
            format!("API_VIP {vip}: the API server's certificate carries it, but no machine answers to it yet")
        });
        several.into_iter().chain(vip).collect()
    }
}
