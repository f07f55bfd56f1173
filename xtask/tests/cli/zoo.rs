//! The cluster that most tests start from, and what it must consist of, spelled out by hand.
//!
//! It does not ask the program: the lists here are what the program is held against.

use std::collections::BTreeSet;

/// One control plane and two workers, with names, ranges and ports unlike those of the ordinary cluster.
pub(crate) const ZOO: &str = "\
CLUSTER_NAME=zoo
CONTROL_PLANE_NAMES=lion
WORKER_NAMES='bee wasp'
CLUSTER_CIDR=172.20.0.0/24
USER_NET_CIDR=172.19.0.0/24
K8S_SERVICE_CIDR=172.21.0.0/24
K8S_CLUSTER_DNS=172.21.0.10
K8S_POD_CIDR=172.24.0.0/16
API_PORT=7443
SSH_PORT=4022
KUBELET_PORT=11250
";

/// Workers of [`ZOO`].
pub(crate) const WORKERS: [&str; 2] = ["bee", "wasp"];

/// Certificates of [`ZOO`] below each authority; kubelets apart.
const BELOW_CA: [&str; 6] =
    ["kubernetes", "apiserver-kubelet-client", "admin", "kube-controller-manager", "kube-scheduler", "kube-proxy"];
pub(crate) const BELOW_ETCD_CA: [&str; 4] =
    ["apiserver-etcd-client", "etcd-server-lion", "etcd-peer-lion", "etcd-client"];
pub(crate) const BELOW_FRONT_PROXY_CA: [&str; 1] = ["front-proxy-client"];
pub(crate) const AUTHORITIES: [&str; 3] = ["ca", "etcd-ca", "front-proxy-ca"];

/// Certificates that the cluster's authority signs.
pub(crate) fn below_ca() -> Vec<&'static str> {
    [&BELOW_CA[..], &WORKERS].concat()
}

/// Every leaf.
pub(crate) fn leaves() -> Vec<&'static str> {
    [&below_ca()[..], &BELOW_ETCD_CA, &BELOW_FRONT_PROXY_CA].concat()
}

/// Every kubeconfig.
pub(crate) fn kubeconfigs() -> Vec<&'static str> {
    [&["admin", "kube-controller-manager", "kube-scheduler", "kube-proxy"][..], &WORKERS].concat()
}

/// The tasks that make these certificates.
pub(crate) fn certs(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("pki/{name}")).collect()
}

/// The tasks that make these kubeconfigs.
pub(crate) fn configs(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("kubeconfig/{name}")).collect()
}

/// All of it.
pub(crate) fn everything() -> BTreeSet<String> {
    let certificates = [&AUTHORITIES[..], &leaves(), &["service-account"]].concat();
    let others = ["encryption", "ssh-key"].map(String::from);
    certs(&certificates).into_iter().chain(configs(&kubeconfigs())).chain(others).collect()
}
