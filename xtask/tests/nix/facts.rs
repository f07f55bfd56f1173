//! The facts of every fixture node, held against the files in the repository, and what must never be in them.
//!
//! It does not evaluate them.

use std::collections::BTreeSet;
use std::path::Path;

use xtask::config::{NetMode, Role};
use xtask::facts::Facts;
use xtask::sys::fs::{Access, write_atomic};

use crate::fixtures::{FIXTURES, Fixture};

/// Set to write the files anew instead of complaining.
const UPDATE: &str = "UPDATE_FACTS";

fn facts(fixture: &str, node: &str) -> Facts {
    let fixture = Fixture::named(fixture);
    let cluster = fixture.cluster();
    fixture.facts(&cluster, cluster.node(node).unwrap())
}

#[test]
fn the_files_in_the_repository_are_what_is_made_now() {
    let update = std::env::var_os(UPDATE).is_some();
    let mut stale = Vec::new();
    for fixture in FIXTURES {
        let cluster = fixture.cluster();
        for node in &cluster.nodes {
            let (path, text) = (fixture.file(&node.name), fixture.facts(&cluster, node).to_json());
            if std::fs::read_to_string(&path).ok().as_ref() == Some(&text) {
                continue;
            }
            if update {
                write_atomic(&path, text.as_bytes(), Access::Public).unwrap();
            } else {
                stale.push(path.display().to_string());
            }
        }
    }
    assert!(stale.is_empty(), "run again with {UPDATE}=1 and look at the difference:\n{}", stale.join("\n"));
}

#[test]
fn no_facts_file_is_left_over() {
    for fixture in FIXTURES {
        let nodes: BTreeSet<String> =
            fixture.cluster().nodes.iter().map(|node| format!("{}.json", node.name)).collect();
        let directory = fixture.file("x").parent().unwrap().to_path_buf();
        let names =
            std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> =
            names.filter(|name| Path::new(name).extension() == Some("json".as_ref())).collect();
        assert_eq!(files, nodes, "{}", fixture.name);
    }
}

#[test]
fn every_secret_has_a_reader_of_its_own() {
    for fixture in FIXTURES {
        let cluster = fixture.cluster();
        for node in &cluster.nodes {
            for file in fixture.facts(&cluster, node).pki.files {
                let secret = !file.mode.ends_with('4');
                let key = file.name.ends_with("-key.pem") || Path::new(&file.name).extension() != Some("pem".as_ref());
                assert_eq!(secret, key, "{}: {file:?}", node.name);
                // What the certificate table has and the table of readers has not would silently be root's.
                let rootly = file.name.starts_with(&node.name)
                    || ["etcd-client-key.pem", "kube-proxy-key.pem", "kube-proxy.kubeconfig"].contains(&&*file.name);
                assert!(!secret || rootly == (file.owner == "root"), "{}: {file:?}", node.name);
            }
        }
    }
}

#[test]
fn the_network_mode_is_told_by_addresses_alone() {
    let (wired, lonely) = (facts("default", "sigma"), facts("user-mode", "dune"));
    assert_eq!(wired.network.interfaces.len(), 2);
    assert_eq!(lonely.network.interfaces.len(), 1);
    assert_eq!((wired.network.peers.as_str(), lonely.network.peers.as_str()), ("cluster", "uplink"));
    let lonely = Fixture::named("user-mode").cluster();
    assert_eq!(lonely.network.mode, NetMode::User);
    let plane = facts("user-mode", "lighthouse");
    let gateway = lonely.user_gateway();
    assert_eq!(plane.network.hosts[&gateway], ["dune", "reef"], "every kubelet is behind the gateway");
    assert_eq!(plane.api.advertise, Some(gateway), "that is where pods find the API server");
    assert_eq!(plane.api.kubelet_address_types, ["Hostname"]);
}

#[test]
fn with_the_bridge_every_worker_has_a_part_and_everybody_a_way_to_it() {
    let fixture = Fixture::named("bridge");
    let cluster = fixture.cluster();
    for node in &cluster.nodes {
        let facts = fixture.facts(&cluster, node);
        assert_eq!(facts.pods.own.is_some(), node.role == Role::Worker, "{}", node.name);
        let others: Vec<_> = cluster.workers().filter(|other| other.name != node.name).collect();
        assert_eq!(facts.network.routes.len(), others.len(), "{}", node.name);
        for (route, other) in facts.network.routes.iter().zip(others) {
            assert_eq!(Some(route.destination), fixture.facts(&cluster, other).pods.own);
            assert_eq!(route.gateway, other.address);
            assert!(cluster.network.pods.overlaps(route.destination));
        }
    }
    assert!(facts("default", "alpha").network.routes.is_empty(), "Cilium finds its own ways");
}

#[test]
fn what_is_in_the_cluster_is_never_asked_for_at_the_proxy() {
    let proxy = facts("proxy", "chair").proxy.unwrap();
    let cluster = Fixture::named("proxy").cluster();
    let net = &cluster.network;
    for range in [net.cluster, net.user, net.services, net.pods] {
        assert!(proxy.no.contains(&range.to_string()), "{range} is not in {:?}", proxy.no);
    }
    for name in ["localhost", ".svc", ".cluster.local", "desk", "lamp", ".corp.example", "203.0.113.0/24"] {
        assert!(proxy.no.iter().any(|entry| entry == name), "{name} is not in {:?}", proxy.no);
    }
    assert_eq!(facts("default", "sigma").proxy, None);
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    assert_eq!(facts("default", "alpha").to_json(), facts("default", "alpha").to_json());
}
