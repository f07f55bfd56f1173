//! The certificate table: every key pair and certificate of a cluster, as a function of the cluster.
//!
//! Here is decided who is named, who signs and who may do what. It does not know how any of it is made.

use std::net::Ipv4Addr;

use super::row::{Kind, Place, Row, San, Subject, Usage};
use crate::config::{Cluster, Cni, Node};

/// Signs everything that the API server believes.
pub const CLUSTER_CA: &str = "ca";
/// Signs everything that etcd believes.
pub const ETCD_CA: &str = "etcd-ca";
/// Signs what extension API servers believe.
pub const FRONT_PROXY_CA: &str = "front-proxy-ca";
/// The API server's serving certificate.
pub const API_SERVER: &str = "kubernetes";
/// The operator's certificate.
pub const ADMIN: &str = "admin";
/// The controller-manager's certificate.
pub const CONTROLLER_MANAGER: &str = "kube-controller-manager";
/// The scheduler's certificate.
pub const SCHEDULER: &str = "kube-scheduler";
/// kube-proxy's certificate.
pub const KUBE_PROXY: &str = "kube-proxy";
/// The key pair behind service account tokens.
pub const SERVICE_ACCOUNT: &str = "service-account";

const LOCALHOST: &str = "localhost";

/// Every row of a cluster, issuers before what they sign.
pub fn table(cluster: &Cluster) -> Vec<Row> {
    let mut rows = authorities(cluster);
    rows.extend(api_server(cluster));
    rows.extend(etcd(cluster));
    rows.extend(components(cluster));
    rows.extend(cluster.workers().map(|worker| kubelet(cluster, worker)));
    rows.push(service_account());
    rows
}

/// The names and addresses at which the API server is dialled.
pub fn api_sans(cluster: &Cluster) -> Vec<San> {
    let names = cluster.api_dns_names().into_iter().chain([LOCALHOST.to_string()]);
    let nodes = cluster.control_planes().map(|node| node.name.clone());
    // First the service address, then where it is dialled from beside it or this host, then from other machines. The
    // addresses of both network modes are always in it, so that a change of the mode does not reissue it.
    let mut addresses = vec![cluster.api_service_address(), Ipv4Addr::LOCALHOST];
    addresses.extend(cluster.control_planes().map(|node| node.address));
    addresses.extend(cluster.api.vip);
    addresses.extend([cluster.user_gateway(), cluster.user_guest()]);
    names.chain(nodes).map(San::Dns).chain(unique(addresses)).collect()
}

fn authorities(cluster: &Cluster) -> Vec<Row> {
    let authority = |name: &str, common_name: &str, receivers, purpose: &str| Row {
        name: name.to_string(),
        kind: Kind::Authority,
        issuer: None,
        subject: Subject::member(common_name, &cluster.name),
        sans: Vec::new(),
        usages: Vec::new(),
        days: cluster.lifetimes.ca,
        receivers,
        purpose: purpose.to_string(),
    };
    vec![
        authority(
            CLUSTER_CA,
            "kubernetes-ca",
            // The controller-manager signs certificate requests of the cluster with it: the one CA key that leaves.
            vec![Place::ControlPlanes.pair(), Place::Workers.public()],
            "vouches for the API server, the kubelets and every client of the API",
        ),
        authority(
            ETCD_CA,
            "etcd-ca",
            vec![Place::ControlPlanes.public()],
            "vouches for etcd and its few clients, so that no certificate of the cluster opens the database",
        ),
        authority(
            FRONT_PROXY_CA,
            "front-proxy-ca",
            vec![Place::ControlPlanes.public()],
            "vouches for the API server when it speaks to extension API servers on behalf of a user",
        ),
    ]
}

fn api_server(cluster: &Cluster) -> Vec<Row> {
    let on_control_planes = |row: Row| Row { receivers: vec![Place::ControlPlanes.pair()], ..row };
    vec![
        on_control_planes(Row {
            sans: api_sans(cluster),
            usages: vec![Usage::Server],
            ..leaf(
                cluster,
                CLUSTER_CA,
                API_SERVER,
                Subject::user("kube-apiserver"),
                "the API server shows it to everyone who calls",
            )
        }),
        on_control_planes(leaf(
            cluster,
            CLUSTER_CA,
            "apiserver-kubelet-client",
            // Not in system:masters: what the API server may do on a kubelet is granted to this user by a role binding.
            Subject::member("kube-apiserver-kubelet-client", "kubelet-clients"),
            "the API server shows it to kubelets when it fetches logs or runs a command in a pod",
        )),
        on_control_planes(leaf(
            cluster,
            ETCD_CA,
            "apiserver-etcd-client",
            Subject::user("kube-apiserver-etcd-client"),
            "the API server shows it to etcd",
        )),
        on_control_planes(leaf(
            cluster,
            FRONT_PROXY_CA,
            "front-proxy-client",
            Subject::user("front-proxy-client"),
            "the API server shows it to extension API servers such as metrics-server",
        )),
    ]
}

fn etcd(cluster: &Cluster) -> Vec<Row> {
    let mut rows = Vec::new();
    for node in cluster.control_planes() {
        let name = format!("etcd-server-{}", node.name);
        rows.push(Row {
            sans: etcd_sans(cluster, node),
            usages: vec![Usage::Server],
            receivers: vec![Place::Node(node.name.clone()).pair()],
            ..leaf(cluster, ETCD_CA, &name, Subject::user(&name), "etcd on this node shows it to its clients")
        });
        let name = format!("etcd-peer-{}", node.name);
        rows.push(Row {
            sans: etcd_sans(cluster, node),
            usages: vec![Usage::Server, Usage::Client],
            receivers: vec![Place::Node(node.name.clone()).pair()],
            ..leaf(
                cluster,
                ETCD_CA,
                &name,
                Subject::user(&name),
                "etcd on this node shows it to the other members, whichever of the two dials",
            )
        });
    }
    rows.push(Row {
        receivers: vec![Place::ControlPlanes.pair()],
        ..leaf(
            cluster,
            ETCD_CA,
            "etcd-client",
            Subject::user("etcd-client"),
            "the operator's tools show it to etcd for backups and health checks",
        )
    });
    rows
}

/// Clients dial etcd at the node's address or on loopback. Peers are also compared with the address they call from.
fn etcd_sans(cluster: &Cluster, node: &Node) -> Vec<San> {
    let names = [San::dns(&node.name), San::dns(LOCALHOST)];
    names.into_iter().chain(unique(vec![node.address, cluster.user_guest(), Ipv4Addr::LOCALHOST])).collect()
}

fn components(cluster: &Cluster) -> Vec<Row> {
    // They also serve health and metrics on loopback. The name localhost is enough for that, and leaves the address
    // 127.0.0.1, at which the API server is dialled, to the API server alone.
    let also_serves = |name: &'static str, purpose| Row {
        sans: vec![San::dns(LOCALHOST)],
        usages: vec![Usage::Server, Usage::Client],
        receivers: vec![Place::ControlPlanes.pair()],
        ..leaf(cluster, CLUSTER_CA, name, Subject::user(format!("system:{name}")), purpose)
    };
    let proxies = if cluster.network.cni == Cni::Cilium { vec![] } else { vec![Place::Workers.pair()] };
    vec![
        leaf(
            cluster,
            CLUSTER_CA,
            ADMIN,
            Subject::member("admin", "system:masters"),
            "the operator: may do everything, and no role binding can take that away",
        ),
        also_serves(
            CONTROLLER_MANAGER,
            "the controller-manager shows it to the API server, and to whoever reads its health on loopback",
        ),
        also_serves(SCHEDULER, "the scheduler shows it to the API server, and to whoever reads its health on loopback"),
        Row {
            receivers: proxies,
            ..leaf(
                cluster,
                CLUSTER_CA,
                KUBE_PROXY,
                Subject::user("system:kube-proxy"),
                "kube-proxy shows it to the API server; idle where Cilium takes its place",
            )
        },
    ]
}

fn kubelet(cluster: &Cluster, node: &Node) -> Row {
    Row {
        // Not the addresses of the user-mode network: every guest has the same one, and workers find the API server
        // at its gateway. A kubelet that could prove to be either could stand in for the API server.
        sans: vec![San::dns(&node.name), San::ip(node.address)],
        usages: vec![Usage::Server, Usage::Client],
        receivers: vec![Place::Node(node.name.clone()).pair()],
        ..leaf(
            cluster,
            CLUSTER_CA,
            &node.name,
            // Exactly this name and group make the API server's Node authorizer treat it as that node and no other.
            Subject::member(format!("system:node:{}", node.name), "system:nodes"),
            "the kubelet of this node shows it when it calls the API server, and when the API server calls it",
        )
    }
}

fn service_account() -> Row {
    Row {
        name: SERVICE_ACCOUNT.to_string(),
        kind: Kind::KeyPair,
        issuer: None,
        subject: Subject::default(),
        sans: Vec::new(),
        usages: Vec::new(),
        days: 0,
        receivers: vec![Place::ControlPlanes.pair()],
        purpose: "signs and checks the tokens of service accounts; a bare key pair, because a token carries no \
                  certificate"
            .to_string(),
    }
}

/// A pure client that stays on this host.
fn leaf(cluster: &Cluster, issuer: &'static str, name: &str, subject: Subject, purpose: &str) -> Row {
    Row {
        name: name.to_string(),
        kind: Kind::Leaf,
        issuer: Some(issuer),
        subject,
        sans: Vec::new(),
        usages: vec![Usage::Client],
        days: cluster.lifetimes.leaf,
        receivers: Vec::new(),
        purpose: purpose.to_string(),
    }
}

/// Addresses as names, each once, in their order.
fn unique(addresses: Vec<Ipv4Addr>) -> Vec<San> {
    let mut sans = Vec::new();
    for san in addresses.into_iter().map(San::ip) {
        if !sans.contains(&san) {
            sans.push(san);
        }
    }
    sans
}
