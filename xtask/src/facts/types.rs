//! The document itself. `nix/modules/facts/options.nix` mirrors it field by field: a key that only one of the two knows
//! fails the evaluation.
//!
//! Types only. It does not know where a value comes from.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::Serialize;

use super::credentials::Installed;
use crate::config::{Cidr, Cni, Mac, Role};

/// Everything that one node's configuration is derived from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The cluster's name.
    pub cluster: String,
    /// The NixOS release that is installed: keeps the layout of state as it was then.
    pub release: String,
    /// The machine itself.
    pub machine: Machine,
    /// Its network cards, its neighbours, the way to pods elsewhere.
    pub network: Network,
    /// The virtual addresses of services.
    pub services: Services,
    /// The addresses of pods.
    pub pods: Pods,
    /// Where the API server is.
    pub api: Api,
    /// Who is in the etcd cluster.
    pub etcd: Etcd,
    /// Who listens where.
    pub ports: Ports,
    /// The files of credentials that this node is given.
    pub pki: Pki,
    /// Who may log in, and how the node proves who it is.
    pub ssh: Ssh,
    /// The way out, if it is not a straight one.
    pub proxy: Option<Proxy>,
    /// Certificates (PEM) of authorities to trust besides the usual ones.
    pub authorities: Vec<String>,
    /// Where container images come from; a control plane runs no containers.
    pub images: Option<Images>,
}

/// The machine itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Host name, Kubernetes node name and name of its certificates.
    pub name: String,
    /// What runs on it.
    pub role: Role,
    /// As Nix calls it, such as `x86_64-linux`.
    pub platform: String,
    /// The serial port that the kernel talks on.
    pub console: String,
    /// What is mounted.
    pub disks: Disks,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Disks {
    /// The root file system (ext4).
    pub root: String,
    /// The EFI system partition (vfat).
    pub esp: String,
}

/// Network cards and neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Its cards, in order.
    pub interfaces: Vec<Interface>,
    /// The card that leads out of the cluster.
    pub uplink: String,
    /// The card on which this node finds the others.
    pub peers: String,
    /// What the node calls its own address: the kubelet reports it, etcd listens on it.
    pub address: Ipv4Addr,
    /// Who is where: address to names.
    pub hosts: BTreeMap<Ipv4Addr, Vec<String>>,
    /// Ways to the pods of other nodes.
    pub routes: Vec<Route>,
}

/// One network card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Interface {
    /// What it is renamed to.
    pub name: String,
    /// How it is recognised: slots and probe order differ between machines, this does not.
    pub mac: Mac,
    /// Its fixed address with the prefix length; without one it asks by DHCP.
    pub address: Option<String>,
    /// Whether the node counts as online only when this card is up.
    pub required: bool,
}

/// A static route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Where to.
    pub destination: Cidr,
    /// Through which neighbour.
    pub gateway: Ipv4Addr,
}

/// The virtual addresses of services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Services {
    /// All of them.
    pub range: Cidr,
    /// Where pods ask for names.
    pub dns: Ipv4Addr,
    /// The domain of the cluster.
    pub domain: String,
}

/// The addresses of pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pods {
    /// What carries packets between them.
    pub cni: Cni,
    /// All of them.
    pub range: Cidr,
    /// How long the prefix of one node's part is.
    pub node_prefix: u8,
    /// This node's part, where it is fixed beforehand; else the cluster hands parts out while it runs.
    pub own: Option<Cidr>,
}

/// Where the API server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Api {
    /// As this node calls it.
    pub url: String,
    /// The address that a control plane tells the cluster: pods reach it behind the first service address.
    pub advertise: Option<Ipv4Addr>,
    /// By what of a node its kubelet is called, best first.
    pub kubelet_address_types: Vec<String>,
}

/// Who is in the etcd cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Etcd {
    /// Keeps members of two clusters apart that find each other by mistake.
    pub token: String,
    /// All of them, in order.
    pub members: Vec<Member>,
}

/// A member of the etcd cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The node's name.
    pub name: String,
    /// Where clients find it.
    pub client: String,
    /// Where the other members find it.
    pub peer: String,
}

/// Who listens where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ports {
    /// The API server.
    pub api: u16,
    /// etcd, for clients.
    pub etcd_client: u16,
    /// etcd, among its members.
    pub etcd_peer: u16,
    /// etcd's metrics and health, on loopback and without TLS.
    pub etcd_metrics: u16,
    /// The controller-manager, on loopback.
    pub controller_manager: u16,
    /// The scheduler, on loopback.
    pub scheduler: u16,
    /// The kubelet, on a worker.
    pub kubelet: Option<u16>,
    /// The kubelet's own health, on loopback.
    pub kubelet_health: u16,
    /// kube-proxy's metrics, on loopback.
    pub proxy_metrics: u16,
    /// kube-proxy's health.
    pub proxy_health: u16,
    /// Cilium's tunnel (UDP).
    pub cilium_tunnel: u16,
    /// Cilium's agents ask each other for their health.
    pub cilium_health: u16,
    /// Cilium's agents tell the relay what they see.
    pub cilium_hubble: u16,
    /// First and last port of services of the type NodePort.
    pub node_ports: [u16; 2],
}

/// etcd's ports; other places are made of them.
pub(super) const ETCD_CLIENT: u16 = 2379;
pub(super) const ETCD_PEER: u16 = 2380;

impl Ports {
    /// What the configuration chooses, beside what the programs choose by themselves and nobody here wants otherwise.
    pub(super) fn new(api: u16, kubelet: Option<u16>) -> Ports {
        Ports {
            api,
            etcd_client: ETCD_CLIENT,
            etcd_peer: ETCD_PEER,
            etcd_metrics: 2381,
            controller_manager: 10257,
            scheduler: 10259,
            kubelet,
            kubelet_health: 10248,
            proxy_metrics: 10249,
            proxy_health: 10256,
            cilium_tunnel: 8472,
            cilium_health: 4240,
            cilium_hubble: 4244,
            node_ports: [30000, 32767],
        }
    }
}

/// The files of credentials that this node is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pki {
    /// The directory that they lie in.
    pub directory: String,
    /// All of them, by name.
    pub files: Vec<Installed>,
}

/// Who may log in, and how the node proves who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ssh {
    /// Public keys that open root's account.
    pub authorized_keys: Vec<String>,
    /// Private keys of the node, by path: they are laid there before the first start.
    pub host_keys: Vec<HostKey>,
}

/// A private key of the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostKey {
    /// As `ssh-keygen -t` calls it.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it lies.
    pub path: String,
}

/// The way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proxy {
    /// For http.
    pub http: Option<String>,
    /// For https.
    pub https: Option<String>,
    /// What is reached directly.
    pub no: Vec<String>,
}

/// Where container images come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Images {
    /// The image of the process that holds a pod's namespaces open.
    pub pause: String,
    /// Archives on the node that are loaded before the kubelet starts.
    pub archives: Vec<String>,
    /// Registries that are asked somewhere else.
    pub mirrors: Vec<Mirror>,
}

/// A registry that is asked somewhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mirror {
    /// The registry as images name it.
    pub registry: String,
    /// Where it is asked first. Without TLS if the URL says `http`.
    pub endpoint: String,
}
