//! What one node's NixOS configuration is derived from: everything that `nix/` may know, as one document.
//!
//! [`Facts::of`] is a pure function of a checked cluster, written as `facts.json` beside the modules. It names files of
//! credentials and who may read them; it holds no secret and no type that could hold one, because whatever Nix reads
//! ends in a store that everybody on the node can read. It does not know how NixOS is configured: that is `nix/`.
//!
//! This is the one place besides `config` that knows what the network modes mean. The modules read addresses.

mod credentials;
mod extras;
mod network;
mod types;

use anyhow::{Result, ensure};

use crate::config::{Cluster, Node, Role};

pub use credentials::{Credential, Installed};
pub use extras::{Architecture, Extras};
pub use types::{
    Api, Disks, Etcd, Facts, HostKey, Images, Interface, Machine, Member, Mirror, Network, Pki, Pods, Ports, Proxy,
    Route, Services, Ssh,
};

/// Label of the root file system: what the installer formats and what the configuration mounts.
pub const ROOT_LABEL: &str = "nixos";
/// Label of the EFI system partition.
pub const ESP_LABEL: &str = "ESP";
/// Where a node keeps its credentials; root's, and everybody may look what is there.
pub const PKI_DIRECTORY: &str = "/var/lib/kubernetes/pki";
/// Where sshd looks for the one host key, which is made on the host so that `known_hosts` is exact.
pub const SSH_HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key";
/// Where archives of container images lie on a node.
pub const IMAGE_DIRECTORY: &str = "/var/lib/kubernetes/images";

impl Facts {
    /// The facts of a node of a cluster.
    pub fn of(cluster: &Cluster, node: &Node, extras: &Extras) -> Facts {
        Facts {
            cluster: cluster.name.clone(),
            release: cluster.image.release.clone(),
            machine: machine(node, extras),
            network: network::network(cluster, node),
            services: Services {
                range: cluster.network.services,
                dns: cluster.network.dns,
                domain: cluster.network.domain.clone(),
            },
            pods: network::pods(cluster, node),
            api: network::api(cluster, node),
            etcd: etcd(cluster),
            ports: Ports::new(cluster.api.port, node.kubelet_port),
            pki: Pki { directory: PKI_DIRECTORY.to_string(), files: Installed::of(&extras.credentials) },
            ssh: Ssh {
                authorized_keys: extras.authorized_keys.clone(),
                host_keys: vec![HostKey { kind: "ed25519".to_string(), path: SSH_HOST_KEY.to_string() }],
            },
            proxy: network::proxy(cluster),
            authorities: extras.authorities.clone(),
            images: (!is_control_plane(node)).then(|| Images {
                pause: cluster.versions.pause.clone(),
                archives: extras.archives.clone(),
                mirrors: extras.mirrors.clone(),
            }),
        }
    }

    /// The document as it lies beside the modules: the same facts give the same bytes.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("BUG: facts are strings, numbers, lists and maps");
        text + "\n"
    }
}

fn machine(node: &Node, extras: &Extras) -> Machine {
    Machine {
        name: node.name.clone(),
        role: node.role,
        platform: extras.architecture.platform().to_string(),
        console: extras.architecture.console().to_string(),
        disks: Disks { root: by_label(ROOT_LABEL), esp: by_label(ESP_LABEL) },
    }
}

fn by_label(label: &str) -> String {
    format!("/dev/disk/by-label/{label}")
}

fn etcd(cluster: &Cluster) -> Etcd {
    let member = |node: &Node| {
        let address = cluster.internal_ip(node);
        let url = |port: u16| format!("https://{address}:{port}");
        Member { name: node.name.clone(), client: url(types::ETCD_CLIENT), peer: url(types::ETCD_PEER) }
    };
    Etcd { token: cluster.name.clone(), members: cluster.control_planes().map(member).collect() }
}

/// Splits a file of PEM certificates into single ones, and refuses anything else in it: what becomes a fact can be read
/// by everybody on the node.
pub fn certificates(pem: &str) -> Result<Vec<String>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let others = pem.lines().filter(|line| line.contains("-----BEGIN ") && line.trim() != BEGIN).count();
    ensure!(others == 0, "there is more than certificates in it; leave the certificates and take out the rest");
    let parts = pem.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
    let found: Vec<String> = parts.map(|(body, _)| format!("{BEGIN}\n{}\n{END}\n", body.trim())).collect();
    ensure!(!found.is_empty(), "there is no certificate in it; it must be PEM, from {BEGIN} to {END}");
    Ok(found)
}

/// Whether a node runs the control plane.
fn is_control_plane(node: &Node) -> bool {
    node.role == Role::ControlPlane
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(word: &str, body: &str) -> String {
        format!("-----BEGIN {word}-----\n{body}\n-----END {word}-----\n")
    }

    #[test]
    fn a_bundle_becomes_single_certificates() {
        let bundle = format!("Corporate CA\n{}\n# next\n{}", pem("CERTIFICATE", "QUJD"), pem("CERTIFICATE", "REVG"));
        assert_eq!(certificates(&bundle).unwrap(), [pem("CERTIFICATE", "QUJD"), pem("CERTIFICATE", "REVG")]);
    }

    #[test]
    fn a_key_in_the_bundle_never_becomes_a_fact() {
        let key = ["PRIVATE", " KEY"].concat();
        let bundle = format!("{}{}", pem("CERTIFICATE", "QUJD"), pem(&key, "c2VjcmV0"));
        let error = certificates(&bundle).unwrap_err().to_string();
        assert!(error.contains("more than certificates") && !error.contains("c2VjcmV0"), "{error}");
        assert!(certificates("no PEM at all").unwrap_err().to_string().contains("no certificate in it"));
    }
}
