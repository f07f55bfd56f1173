//! What the certificate table and the list of kubeconfigs mean for one node: the files that it is given.
//!
//! It reads both tables and neither makes nor copies a file.

use crate::config::{Cluster, Node};
use crate::facts::Credential;
use crate::pki::{self, Part, encryption, kubeconfig};

/// Every file of credentials that a node is given, and whether it is a secret.
pub fn credentials(cluster: &Cluster, node: &Node) -> Vec<Credential> {
    let public = |file: String| Credential { file, secret: false };
    let secret = |file: String| Credential { file, secret: true };
    let mut files = Vec::new();
    for row in pki::table(cluster) {
        let Some(part) = row.part_for(node) else { continue };
        files.push(public(pki::public_file(&row.name)));
        if part == Part::Pair {
            files.push(secret(pki::key_file(&row.name)));
        }
    }
    let configs = kubeconfig::table(cluster).into_iter();
    let own = configs.filter(|config| config.receivers.iter().any(|place| place.includes(node)));
    files.extend(own.map(|config| secret(config.file())));
    if pki::Place::ControlPlanes.includes(node) {
        files.push(secret(encryption::FILE.to_string()));
    }
    files
}
