//! The table itself: every row of two clusters, what a change of the cluster changes, and who is given what.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use xtask::config::{Cluster, NetMode, Role};
use xtask::pki::{self, Kind, Part, Row, table};

use crate::fixtures::{harbour, lonely};
use crate::ordinary::{cluster, plain};

/// A line a row: who, signed by whom, for what, how long, and who gets what. The names follow on their own line.
fn text(cluster: &Cluster) -> String {
    let mut out = String::new();
    for row in table(cluster) {
        let fields: BTreeMap<_, _> = row.fields().into_iter().collect();
        let field = |name| fields.get(name).map_or("-", String::as_str);
        let receivers: Vec<_> = row.receivers.iter().map(|r| format!("{} {:?}", r.to, r.part)).collect();
        let words = ["kind", "subject", "issuer", "usages", "days"].map(field).join(" | ");
        let places = if receivers.is_empty() { "nobody else".to_string() } else { receivers.join(", ") };
        let _ = writeln!(out, "{}: {words} | {places}", row.name);
        if !row.sans.is_empty() {
            let _ = writeln!(out, "    {}", field("names"));
        }
    }
    out
}

#[test]
fn the_table_of_the_ordinary_cluster() {
    insta::assert_snapshot!(text(&plain()), @"
    ca: authority | O=hardway, CN=kubernetes-ca | itself | none | 3650 | control planes Pair, workers Public
    etcd-ca: authority | O=hardway, CN=etcd-ca | itself | none | 3650 | control planes Public
    front-proxy-ca: authority | O=hardway, CN=front-proxy-ca | itself | none | 3650 | control planes Public
    kubernetes: leaf | CN=kube-apiserver | ca | server | 365 | control planes Pair
        DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc, DNS:kubernetes.default.svc.cluster.local, DNS:localhost, DNS:alpha, IP:10.32.0.1, IP:127.0.0.1, IP:192.168.100.10, IP:10.0.2.2, IP:10.0.2.15
    apiserver-kubelet-client: leaf | O=kubelet-clients, CN=kube-apiserver-kubelet-client | ca | client | 365 | control planes Pair
    apiserver-etcd-client: leaf | CN=kube-apiserver-etcd-client | etcd-ca | client | 365 | control planes Pair
    front-proxy-client: leaf | CN=front-proxy-client | front-proxy-ca | client | 365 | control planes Pair
    etcd-server-alpha: leaf | CN=etcd-server-alpha | etcd-ca | server | 365 | alpha Pair
        DNS:alpha, DNS:localhost, IP:192.168.100.10, IP:10.0.2.15, IP:127.0.0.1
    etcd-peer-alpha: leaf | CN=etcd-peer-alpha | etcd-ca | server, client | 365 | alpha Pair
        DNS:alpha, DNS:localhost, IP:192.168.100.10, IP:10.0.2.15, IP:127.0.0.1
    etcd-client: leaf | CN=etcd-client | etcd-ca | client | 365 | control planes Pair
    admin: leaf | O=system:masters, CN=admin | ca | client | 365 | nobody else
    kube-controller-manager: leaf | CN=system:kube-controller-manager | ca | server, client | 365 | control planes Pair
        DNS:localhost
    kube-scheduler: leaf | CN=system:kube-scheduler | ca | server, client | 365 | control planes Pair
        DNS:localhost
    kube-proxy: leaf | CN=system:kube-proxy | ca | client | 365 | nobody else
    sigma: leaf | O=system:nodes, CN=system:node:sigma | ca | server, client | 365 | sigma Pair
        DNS:sigma, IP:192.168.100.20
    gamma: leaf | O=system:nodes, CN=system:node:gamma | ca | server, client | 365 | gamma Pair
        DNS:gamma, IP:192.168.100.21
    service-account: key pair | - | - | - | - | control planes Pair
    ");
}

#[test]
fn the_table_of_a_larger_cluster() {
    insta::assert_snapshot!(text(&harbour()), @"
    ca: authority | O=harbour, CN=kubernetes-ca | itself | none | 7300 | control planes Pair, workers Public
    etcd-ca: authority | O=harbour, CN=etcd-ca | itself | none | 7300 | control planes Public
    front-proxy-ca: authority | O=harbour, CN=front-proxy-ca | itself | none | 7300 | control planes Public
    kubernetes: leaf | CN=kube-apiserver | ca | server | 90 | control planes Pair
        DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc, DNS:kubernetes.default.svc.corp.internal, DNS:localhost, DNS:north, DNS:east, DNS:west, IP:10.96.0.1, IP:127.0.0.1, IP:172.20.5.40, IP:172.20.5.41, IP:172.20.5.42, IP:172.20.5.5, IP:10.7.0.2, IP:10.7.0.15
    apiserver-kubelet-client: leaf | O=kubelet-clients, CN=kube-apiserver-kubelet-client | ca | client | 90 | control planes Pair
    apiserver-etcd-client: leaf | CN=kube-apiserver-etcd-client | etcd-ca | client | 90 | control planes Pair
    front-proxy-client: leaf | CN=front-proxy-client | front-proxy-ca | client | 90 | control planes Pair
    etcd-server-north: leaf | CN=etcd-server-north | etcd-ca | server | 90 | north Pair
        DNS:north, DNS:localhost, IP:172.20.5.40, IP:10.7.0.15, IP:127.0.0.1
    etcd-peer-north: leaf | CN=etcd-peer-north | etcd-ca | server, client | 90 | north Pair
        DNS:north, DNS:localhost, IP:172.20.5.40, IP:10.7.0.15, IP:127.0.0.1
    etcd-server-east: leaf | CN=etcd-server-east | etcd-ca | server | 90 | east Pair
        DNS:east, DNS:localhost, IP:172.20.5.41, IP:10.7.0.15, IP:127.0.0.1
    etcd-peer-east: leaf | CN=etcd-peer-east | etcd-ca | server, client | 90 | east Pair
        DNS:east, DNS:localhost, IP:172.20.5.41, IP:10.7.0.15, IP:127.0.0.1
    etcd-server-west: leaf | CN=etcd-server-west | etcd-ca | server | 90 | west Pair
        DNS:west, DNS:localhost, IP:172.20.5.42, IP:10.7.0.15, IP:127.0.0.1
    etcd-peer-west: leaf | CN=etcd-peer-west | etcd-ca | server, client | 90 | west Pair
        DNS:west, DNS:localhost, IP:172.20.5.42, IP:10.7.0.15, IP:127.0.0.1
    etcd-client: leaf | CN=etcd-client | etcd-ca | client | 90 | control planes Pair
    admin: leaf | O=system:masters, CN=admin | ca | client | 90 | nobody else
    kube-controller-manager: leaf | CN=system:kube-controller-manager | ca | server, client | 90 | control planes Pair
        DNS:localhost
    kube-scheduler: leaf | CN=system:kube-scheduler | ca | server, client | 90 | control planes Pair
        DNS:localhost
    kube-proxy: leaf | CN=system:kube-proxy | ca | client | 90 | workers Pair
    oak: leaf | O=system:nodes, CN=system:node:oak | ca | server, client | 90 | oak Pair
        DNS:oak, IP:172.20.5.43
    ash: leaf | O=system:nodes, CN=system:node:ash | ca | server, client | 90 | ash Pair
        DNS:ash, IP:172.20.5.44
    elm: leaf | O=system:nodes, CN=system:node:elm | ca | server, client | 90 | elm Pair
        DNS:elm, IP:172.20.5.45
    fir: leaf | O=system:nodes, CN=system:node:fir | ca | server, client | 90 | fir Pair
        DNS:fir, IP:172.20.5.46
    yew-2: leaf | O=system:nodes, CN=system:node:yew-2 | ca | server, client | 90 | yew-2 Pair
        DNS:yew-2, IP:172.20.5.47
    service-account: key pair | - | - | - | - | control planes Pair
    ");
}

fn fields(cluster: &Cluster) -> BTreeMap<String, Vec<(&'static str, String)>> {
    table(cluster).into_iter().map(|row| (row.name.clone(), row.fields())).collect()
}

/// Names of the rows that are new or whose files would be made again.
fn reissued(before: &Cluster, after: &Cluster) -> Vec<String> {
    let old = fields(before);
    fields(after).into_iter().filter(|(name, fields)| old.get(name) != Some(fields)).map(|(name, _)| name).collect()
}

#[test]
fn a_change_reissues_what_depends_on_it_and_nothing_else() {
    let before = plain();
    assert_eq!(reissued(&before, &cluster("hardway", &["alpha"], &["sigma", "gamma", "delta"])), ["delta"]);
    assert_eq!(reissued(&cluster("hardway", &["alpha"], &["sigma", "gamma", "delta"]), &before), [""; 0]);

    let mut after = before.clone();
    after.api.vip = Some(Ipv4Addr::new(192, 168, 100, 5));
    assert_eq!(reissued(&before, &after), ["kubernetes"]);

    let mut after = before.clone();
    after.network.domain = "elsewhere.internal".to_string();
    assert_eq!(reissued(&before, &after), ["kubernetes"]);

    let mut after = before.clone();
    after.nodes[1].address = Ipv4Addr::new(192, 168, 100, 77);
    assert_eq!(reissued(&before, &after), ["sigma"]);

    let mut after = before.clone();
    after.nodes[0].address = Ipv4Addr::new(192, 168, 100, 77);
    assert_eq!(reissued(&before, &after), ["etcd-peer-alpha", "etcd-server-alpha", "kubernetes"]);

    let mut after = before.clone();
    (after.nodes[1].memory, after.nodes[1].ssh_port, after.api.port) = (1024, 9999, 7443);
    assert_eq!(reissued(&before, &after), [""; 0]);

    let mut after = before.clone();
    after.network.mode = NetMode::User;
    assert_eq!(reissued(&before, &after), [""; 0]);
}

#[test]
fn issuers_come_before_what_they_sign_and_no_two_rows_share_a_file() {
    for cluster in [plain(), harbour(), lonely()] {
        let mut files = BTreeMap::new();
        for row in table(&cluster) {
            for file in row.issuer_files() {
                assert!(files.contains_key(&file), "`{file}` is needed by {} before it is made", row.name);
            }
            for (file, _) in row.files() {
                assert_eq!(files.insert(file, row.name.clone()), None, "{}", row.name);
            }
        }
    }
}

#[test]
fn every_row_is_complete() {
    for row in table(&harbour()) {
        assert!(!row.purpose.is_empty() && !row.purpose.ends_with('.'), "{}", row.name);
        assert_eq!(row.kind == Kind::Leaf, row.issuer.is_some(), "{}", row.name);
        assert_eq!(row.kind == Kind::Leaf, !row.usages.is_empty(), "{}", row.name);
        let serves = row.usages.contains(&pki::Usage::Server);
        assert_eq!(serves, !row.sans.is_empty(), "{}: servers have names and clients have none", row.name);
    }
}

fn parts<'a>(rows: &'a [Row], cluster: &'a Cluster) -> impl Iterator<Item = (&'a Row, &'a xtask::config::Node, Part)> {
    rows.iter().flat_map(|row| cluster.nodes.iter().filter_map(move |node| Some((row, node, row.part_for(node)?))))
}

#[test]
fn keys_go_only_to_who_uses_them() {
    let cluster = harbour();
    let rows = table(&cluster);
    for (row, node, part) in parts(&rows, &cluster).filter(|(.., part)| *part == Part::Pair) {
        let (row, place) = (row.name.as_str(), format!("{part:?} of {} on {}", row.name, node.name));
        match node.role {
            // A worker holds its own key, and that of kube-proxy where there is one.
            Role::Worker => assert!(row == node.name || row == "kube-proxy", "{place}"),
            Role::ControlPlane => {
                assert!(!["admin", "kube-proxy", "etcd-ca", "front-proxy-ca"].contains(&row), "{place}");
                assert!(cluster.workers().all(|worker| worker.name != row), "{place}");
                let own = [format!("etcd-server-{}", node.name), format!("etcd-peer-{}", node.name)];
                let mut etcd = ["etcd-server-", "etcd-peer-"].iter();
                assert!(etcd.all(|prefix| !row.starts_with(prefix)) || own.iter().any(|name| name == row), "{place}");
            }
        }
    }
    let holders = |name| parts(&rows, &cluster).filter(move |(row, ..)| row.name == name).count();
    assert_eq!((holders("admin"), holders("ca"), holders("etcd-ca")), (0, 8, 3));
}
