//! Certificates, kubeconfigs, the encryption key and the ssh key. Knows the Cluster, and nothing of the graph.
//!
//! [`table()`] says what a cluster needs, [`issue()`] makes one row of it, [`holds()`] compares what lies on disk with
//! a row. Nothing here decides *when* something is made: that is the graph's affair.

mod aside;
mod certificate;
pub mod encryption;
mod holds;
mod issue;
mod key;
pub mod kubeconfig;
mod mismatch;
mod pem;
mod renew;
mod row;
mod show;
pub mod ssh;
mod table;

pub use aside::{keys_aside, set_aside};
pub use holds::{holds, serves};
pub use issue::issue;
pub use mismatch::Mismatch;
pub use renew::{Renewal, renewable};
pub use row::{ALGORITHM, Kind, Part, Place, Receiver, Row, San, Subject, Usage, key_file, public_file};
pub use show::{Shown, State, show};
pub use table::{
    ADMIN, API_SERVER, CLUSTER_CA, CONTROLLER_MANAGER, ETCD_CA, FRONT_PROXY_CA, KUBE_PROXY, SCHEDULER, SERVICE_ACCOUNT,
    api_sans, table,
};

/// A document of ours as YAML: block style, and long base64 on one line, because that is what other tools write.
fn yaml(document: &impl serde::Serialize) -> String {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(document, options).expect("BUG: a document of strings and lists is YAML")
}
