//! The table of keys: what can be written in an environment file, for whom, and of which kind.
//!
//! Data. The defaults are in `defaults.env`, the rules of a kind in `value`, the rules between keys in `check`.

use super::cluster::Role;

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key as it is written, without the suffix of a node.
    pub name: &'static str,
    /// Once for the cluster, or once a node.
    pub scope: Scope,
    /// What its value may be.
    pub kind: Kind,
    /// What it decides, in one line.
    pub doc: &'static str,
}

/// Whom a key is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The cluster; has a default.
    Cluster,
    /// The cluster; may be left out.
    Optional,
    /// One node, as `KEY_<node>`; with a role only nodes of that role. Its value is derived when it is left out.
    Node(Option<Role>),
}

/// What a value may be. A kind holds the limits of its own; limits between keys are not its business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The name of a cluster: a DNS label that is also a directory.
    ClusterName,
    /// Names of nodes, separated by blanks or commas; may be empty or not.
    Names {
        /// Whether the list must have a name in it.
        required: bool,
    },
    /// Memory: MiB, or with `M` or `G`.
    Memory,
    /// The size of a disk or partition, with `M`, `G` or `T`, and the least that makes sense (MiB).
    Size {
        /// MiB.
        least: u32,
    },
    /// A whole number in a range, of something.
    Count {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
        /// What is counted.
        of: &'static str,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An address range whose prefix length lies between two.
    Range {
        /// Shortest prefix: the largest range.
        shortest: u8,
        /// Longest prefix: the smallest range.
        longest: u8,
    },
    /// An IPv4 address.
    Address,
    /// A DNS domain.
    Domain,
    /// A port that needs no root.
    Port,
    /// A MAC address of one station.
    Mac,
    /// A NixOS release, as `YY.MM`.
    Release,
    /// A version, as `x.y.z`.
    Version,
    /// A container image with a tag or a digest.
    Image,
    /// A file of this host.
    File,
    /// A file of PEM certificates and nothing secret.
    Certificates,
    /// What can be downloaded.
    Url,
    /// A SHA-256 digest.
    Digest,
    /// A proxy.
    Proxy,
    /// What is reached without a proxy.
    NoProxy,
}

/// Leaves live ten years at most, authorities a hundred.
const LEAF_DAYS: u32 = 3650;
const CA_DAYS: u32 = 36500;
/// No release before this one was tried.
pub(super) const OLDEST_RELEASE: (u32, u32) = (25, 5);

/// Every key, in the order in which `cluster.env` explains them.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    cluster("CLUSTER_NAME", Kind::ClusterName, "names the directory below `artifacts/` and keeps clusters apart"),
    cluster("CONTROL_PLANE_NAMES", Kind::Names { required: true }, "machines that run etcd and the API server"),
    cluster("WORKER_NAMES", Kind::Names { required: false }, "machines that run pods"),

    cluster("CONTROL_PLANE_MEM", Kind::Memory, "memory of each control plane"),
    cluster("WORKER_MEM", Kind::Memory, "memory of each worker"),
    cluster("CONTROL_PLANE_CPUS", CPUS, "virtual CPUs of each control plane"),
    cluster("WORKER_CPUS", CPUS, "virtual CPUs of each worker"),
    node("MEM", None, Kind::Memory, "memory of this node"),
    node("CPUS", None, CPUS, "virtual CPUs of this node"),
    cluster("DISK_SIZE", Kind::Size { least: 4 * 1024 }, "disk of each machine; the image grows as it is filled"),
    cluster("ESP_SIZE", Kind::Size { least: 128 }, "EFI system partition: kernels and the boot loader"),
    cluster("INSTALL_MEM", Kind::Memory, "memory of a machine while NixOS is installed on it"),

    cluster("NET_MODE", Kind::Choice(&["l2", "user"]), "how the machines are wired"),
    cluster("CNI", Kind::Choice(&["cilium", "bridge"]), "what carries packets between pods"),
    cluster("CLUSTER_CIDR", Kind::Range { shortest: 8, longest: 29 }, "addresses of the nodes"),
    node("ADDRESS", None, Kind::Address, "address of this node on the cluster's own network"),
    node("MAC", None, Kind::Mac, "MAC address of this node on the cluster's own network"),
    cluster("USER_NET_CIDR", Kind::Range { shortest: 8, longest: 27 }, "QEMU's user-mode network, the way out"),
    cluster("K8S_SERVICE_CIDR", Kind::Range { shortest: 12, longest: 28 }, "virtual addresses of services"),
    cluster("K8S_POD_CIDR", Kind::Range { shortest: 8, longest: 24 }, "addresses of pods, a /24 for each node"),
    cluster("K8S_CLUSTER_DNS", Kind::Address, "service address of CoreDNS"),
    cluster("K8S_CLUSTER_DOMAIN", Kind::Domain, "DNS domain of services"),

    cluster("API_PORT", Kind::Port, "where the API server listens, and the first port of this host that leads to one"),
    node("API_PORT", Some(Role::ControlPlane), Kind::Port, "port of this host that leads to this node's API server"),
    optional("API_VIP", Kind::Address, "floating address in front of several control planes"),
    cluster("SSH_PORT", Kind::Port, "port of this host that leads to ssh on the first node; the others count up"),
    node("SSH_PORT", None, Kind::Port, "port of this host that leads to ssh on this node"),
    cluster("KUBELET_PORT", Kind::Port, "where the kubelet of the first worker listens; the others count up"),
    node("KUBELET_PORT", Some(Role::Worker), Kind::Port, "where the kubelet of this worker listens"),

    cluster("NIXOS_RELEASE", Kind::Release, "release that is installed"),
    optional("ISO_PATH", Kind::File, "installer image on this host"),
    optional("ISO_URL", Kind::Url, "installer image to download"),
    optional("ISO_SHA256", Kind::Digest, "SHA-256 of what `ISO_URL` leads to"),

    cluster("CILIUM_VERSION", Kind::Version, "Cilium"),
    cluster("CILIUM_CLI_VERSION", Kind::Version, "the tool that installs Cilium"),
    cluster("COREDNS_VERSION", Kind::Version, "CoreDNS"),
    cluster("METRICS_SERVER_VERSION", Kind::Version, "metrics-server"),
    cluster("PAUSE_IMAGE", Kind::Image, "image of the process that holds a pod's namespaces open"),

    cluster("CERT_DAYS", Kind::Count { min: 1, max: LEAF_DAYS, of: "days" }, "how long a certificate lives"),
    cluster("CA_DAYS", Kind::Count { min: 2, max: CA_DAYS, of: "days" }, "how long an authority lives"),
    cluster("CERT_RENEW_DAYS", Kind::Count { min: 1, max: LEAF_DAYS, of: "days" }, "renew what has less left"),

    optional("PROXY_HTTP", Kind::Proxy, "proxy for http"),
    optional("PROXY_HTTPS", Kind::Proxy, "proxy for https"),
    optional("PROXY_NO", Kind::NoProxy, "names, addresses and ranges that are reached without a proxy"),
    optional("EXTRA_CA_FILE", Kind::Certificates, "authorities to trust besides the usual ones"),
];

const CPUS: Kind = Kind::Count { min: 1, max: 64, of: "CPUs" };

const fn cluster(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, scope: Scope::Cluster, kind, doc }
}

const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, scope: Scope::Optional, kind, doc }
}

const fn node(name: &'static str, role: Option<Role>, kind: Kind, doc: &'static str) -> Key {
    Key { name, scope: Scope::Node(role), kind, doc }
}

impl Key {
    /// Whether it is written once for the cluster.
    pub fn is_global(&self) -> bool {
        !matches!(self.scope, Scope::Node(_))
    }

    /// Whether it can be written for nodes of this role.
    pub(super) fn fits(&self, role: Role) -> bool {
        match self.scope {
            Scope::Node(only) => only.is_none_or(|only| only == role),
            _ => false,
        }
    }

    /// The key of one node: a shell variable has no `-` in its name, so `_` stands for it. Two nodes never share
    /// one, because a DNS label has no `_`.
    pub fn of_node(&self, node: &str) -> String {
        node_key(self.name, node)
    }
}

/// The key of one node, from its name alone.
pub(super) fn node_key(name: &str, node: &str) -> String {
    format!("{name}_{}", node.replace('-', "_"))
}

/// The keys that are written once for the cluster.
pub(super) fn globals() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| key.is_global())
}

/// The keys that are written once a node.
pub(super) fn of_nodes() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| !key.is_global())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_of_a_node_reads_like_a_key_of_the_cluster() {
        for node in of_nodes() {
            let prefix = format!("{}_", node.name);
            for other in KEYS {
                assert!(!other.name.starts_with(&prefix), "{} and {}", other.name, node.name);
            }
        }
    }

    #[test]
    fn names_are_unique_within_their_scope() {
        for (i, key) in KEYS.iter().enumerate() {
            let twin = KEYS[..i].iter().find(|k| k.name == key.name && k.is_global() == key.is_global());
            assert!(twin.is_none(), "{} is there twice", key.name);
        }
    }
}
