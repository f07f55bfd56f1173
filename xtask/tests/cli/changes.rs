//! From nothing to a complete set, and then exactly what a change of `cluster.env` is about.

use std::collections::BTreeSet;

use super::openssl::{have, openssl, verify};
use super::repo::Repo;
use super::zoo::{AUTHORITIES, WORKERS, ZOO, certs, configs, everything, kubeconfigs, leaves};

/// A repository with a complete set.
fn made(text: &str) -> Repo {
    let repo = Repo::new(text);
    repo.pki(&[]);
    repo
}

#[test]
fn the_first_run_makes_exactly_the_table_and_the_second_nothing() {
    let repo = Repo::new(ZOO);
    repo.pki(&[]).made_only(everything());
    let names = [&AUTHORITIES[..], &leaves(), &["service-account"]].concat();
    let files = names.iter().flat_map(|name| [format!("{name}.pem"), format!("{name}-key.pem")]);
    let expected: Vec<String> = files.chain(["encryption-config.yaml".to_string()]).collect();
    assert_eq!(repo.bytes("pki").into_keys().collect::<BTreeSet<_>>(), expected.into_iter().collect());
    let configs: Vec<String> = repo.bytes("kubeconfig").into_keys().collect();
    assert_eq!(configs.len(), kubeconfigs().len(), "{configs:?}");
    let again = repo.pki(&[]);
    again.made_nothing();
    assert_eq!((again.up_to_date, again.kept.len()), (everything().len(), 0));
}

#[test]
fn what_is_secret_is_closed() {
    let repo = made(ZOO);
    for dir in ["pki", "kubeconfig", "ssh", "state"] {
        assert_eq!(repo.mode(dir), 0o700, "{dir}");
    }
    for name in repo.bytes("pki").into_keys() {
        let secret = name.ends_with("-key.pem") || name == "encryption-config.yaml";
        assert_eq!(repo.mode(&format!("pki/{name}")), if secret { 0o600 } else { 0o644 }, "{name}");
    }
    for name in repo.bytes("kubeconfig").into_keys() {
        assert_eq!(repo.mode(&format!("kubeconfig/{name}")), 0o600, "{name}");
    }
    assert_eq!((repo.mode("ssh/id_ed25519"), repo.mode("ssh/id_ed25519.pub")), (0o600, 0o644));
    assert_eq!(repo.mode("state/key"), 0o600);
}

#[test]
fn every_kubeconfig_points_to_where_it_is_used() {
    let repo = made(ZOO);
    let server = |name: &str| {
        let text = repo.read(&format!("kubeconfig/{name}.kubeconfig"));
        text.lines().find_map(|line| line.trim().strip_prefix("server: ").map(String::from)).unwrap()
    };
    for name in ["admin", "kube-controller-manager", "kube-scheduler"] {
        assert_eq!(server(name), "https://127.0.0.1:7443", "{name}");
    }
    for name in ["kube-proxy", "bee", "wasp"] {
        assert_eq!(server(name), "https://172.20.0.10:7443", "{name}");
    }
}

#[test]
fn the_set_holds_before_another_implementation() {
    if have("openssl", &["version"]) {
        verify(&made(ZOO), true);
    }
}

#[test]
fn three_control_planes_and_four_workers_get_what_they_need() {
    let text = "CLUSTER_NAME=farm\nCONTROL_PLANE_NAMES=hen,cow,pig\nWORKER_NAMES='oat rye pea nut'\nAPI_VIP=10.9.8.7\n\
                CLUSTER_CIDR=10.9.8.0/24\nNIXOS_RELEASE=25.11\n";
    let repo = Repo::new(text);
    let first = repo.pki(&[]);
    for node in ["hen", "cow", "pig"] {
        assert!(first.made.is_superset(&certs(&[&format!("etcd-server-{node}"), &format!("etcd-peer-{node}")])));
    }
    let workers = ["oat", "rye", "pea", "nut"];
    assert!(first.made.is_superset(&(&certs(&workers) | &configs(&workers))), "{:?}", first.made);
    assert_eq!(first.made.len(), everything().len() + 2 * 2 + 2 * 2);
    repo.pki(&[]).made_nothing();
    if have("openssl", &["version"]) {
        let (_, names) = openssl(&repo, &["x509", "-noout", "-ext", "subjectAltName", "-in", "kubernetes.pem"]);
        let expected = ["10.9.8.7", "10.9.8.10", "10.9.8.11", "10.9.8.12", "DNS:hen", "DNS:cow", "DNS:pig"];
        assert!(expected.iter().all(|name| names.contains(name)), "{names}");
    }
}

#[test]
fn a_new_worker_gets_its_own_two_files_and_one_that_leaves_costs_nothing() {
    let repo = made(ZOO);
    repo.set("WORKER_NAMES", "bee wasp ant");
    repo.pki(&[]).made_only(&certs(&["ant"]) | &configs(&["ant"]));
    repo.set("WORKER_NAMES", "bee wasp");
    repo.pki(&[]).made_nothing();
    repo.set("WORKER_NAMES", "bee wasp ant");
    repo.pki(&[]).made_nothing();
}

#[test]
fn only_a_worker_that_moves_up_to_another_address_is_certified_anew() {
    let repo = made(ZOO);
    repo.set("WORKER_NAMES", "wasp");
    repo.pki(&[]).made_only(&certs(&["wasp"]) | &configs(&["wasp"]));
    repo.set("WORKER_NAMES", "bee wasp");
    repo.set("ADDRESS_wasp", "172.20.0.20");
    repo.set("ADDRESS_bee", "172.20.0.77");
    repo.pki(&[]).made_only(&certs(&["bee"]) | &configs(&["bee"]));
}

#[test]
fn names_of_the_api_server_cost_its_certificate_and_nothing_that_embeds_no_server() {
    let repo = made(ZOO);
    repo.set("K8S_CLUSTER_DOMAIN", "zoo.example");
    repo.pki(&[]).made_only(["pki/kubernetes"]);
    repo.set("K8S_SERVICE_CIDR", "172.22.0.0/24");
    repo.set("K8S_CLUSTER_DNS", "172.22.0.10");
    repo.pki(&[]).made_only(["pki/kubernetes"]);
    // The floating address is also where workers dial.
    repo.set("API_VIP", "172.20.0.5");
    repo.pki(&[]).made_only(&certs(&["kubernetes"]) | &configs(&["kube-proxy", "bee", "wasp"]));
}

#[test]
fn what_no_credential_says_costs_nothing() {
    let repo = made(ZOO);
    let other = [
        ("WORKER_MEM", "3072"),
        ("CPUS_bee", "3"),
        ("DISK_SIZE", "30G"),
        ("K8S_POD_CIDR", "172.26.0.0/16"),
        ("CNI", "bridge"),
        ("SSH_PORT", "4100"),
        ("KUBELET_PORT", "12250"),
        ("MAC_wasp", "52:54:00:01:02:03"),
        ("COREDNS_VERSION", "9.9.9"),
        ("CERT_RENEW_DAYS", "20"),
    ];
    for (key, value) in other {
        repo.set(key, value);
        let run = repo.pki(&[]);
        assert!(run.made.is_empty() && run.kept.is_empty(), "{key}: {run:?}");
    }
}

#[test]
fn the_network_mode_moves_the_servers_of_kubeconfigs_alone() {
    let repo = made(ZOO);
    repo.set("NET_MODE", "user");
    repo.pki(&[]).made_only(configs(&["kube-proxy", "bee", "wasp"]));
    assert!(repo.read("kubeconfig/bee.kubeconfig").contains("server: https://172.19.0.2:7443\n"));
}

#[test]
fn ports_and_ranges_cost_what_names_them() {
    let repo = made(ZOO);
    repo.set("API_PORT", "8443");
    repo.pki(&[]).made_only(configs(&kubeconfigs()));
    repo.set("API_PORT_lion", "9443");
    repo.pki(&[]).made_only(configs(&["admin"]));
    let etcd = ["etcd-server-lion", "etcd-peer-lion"];
    repo.set("USER_NET_CIDR", "172.18.0.0/24");
    repo.pki(&[]).made_only(certs(&[&["kubernetes"][..], &etcd].concat()));
    repo.set("CLUSTER_CIDR", "172.17.0.0/24");
    let certificates = certs(&[&["kubernetes"][..], &etcd, &WORKERS].concat());
    repo.pki(&[]).made_only(&certificates | &configs(&["kube-proxy", "bee", "wasp"]));
}

#[test]
fn lifetimes_cost_leaves_and_authorities_what_they_signed() {
    let repo = made(ZOO);
    repo.set("CERT_DAYS", "300");
    let run = repo.pki(&[]);
    run.made_only(&certs(&leaves()) | &configs(&kubeconfigs()));
    repo.set("CA_DAYS", "3000");
    let all = &everything() - &["pki/service-account", "encryption", "ssh-key"].map(String::from).into();
    repo.pki(&[]).made_only(all);
}

#[test]
fn one_more_control_plane_is_a_member_of_etcd_and_a_name_of_the_api_server() {
    let repo = made(ZOO);
    repo.set("CONTROL_PLANE_NAMES", "lion puma lynx");
    let members = ["etcd-server-puma", "etcd-peer-puma", "etcd-server-lynx", "etcd-peer-lynx"];
    repo.pki(&[]).made_only(certs(&[&["kubernetes"][..], &members].concat()));
    assert!(!repo.at("pki/puma.pem").exists(), "a control plane has no kubelet");
}

#[test]
fn parts_of_the_set_can_be_asked_for() {
    let repo = Repo::new(ZOO);
    repo.tasks(&["encryption"]).made_only(["encryption"]);
    repo.tasks(&["ssh-key"]).made_only(["ssh-key"]);
    repo.tasks(&["run", "pki/etcd-client"]).made_only(["pki/etcd-ca", "pki/etcd-client"]);
    repo.tasks(&["run", "kubeconfig/bee"]).made_only(["pki/ca", "pki/bee", "kubeconfig/bee"]);
    let rest = &everything() - &configs(&kubeconfigs());
    let certificates = repo.tasks(&["certs"]).made;
    assert!(certificates.is_subset(&rest), "{certificates:?}");
    repo.tasks(&["kubeconfigs"]).made_only(&configs(&kubeconfigs()) - &configs(&["bee"]));
    repo.pki(&[]).made_nothing();
}
