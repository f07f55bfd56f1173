//! What holds for every node of every fixture, rule by rule: what a snapshot would let slip.
//!
//! It reads what Nix evaluated. It does not start anything.

use std::collections::BTreeSet;

use serde_json::Value;
use xtask::config::Role;

use crate::evaluated::{Evaluated, etc, flags, has_flag, nodes, of};
use crate::instantiate::have_nix;

/// Every text in a value, with the path that leads to it.
fn texts(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((path.to_string(), text.clone())),
        Value::Array(list) => list.iter().for_each(|value| texts(value, path, found)),
        Value::Object(set) => {
            for (name, value) in set {
                found.push((path.to_string(), name.clone()));
                texts(value, &format!("{path}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn no_secret_and_no_path_of_the_store_is_in_any_of_it() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, facts, node, .. } in nodes() {
        let secrets = facts["pki"]["files"].as_array().unwrap().iter().filter(|file| file["mode"] != "0444");
        let secrets: BTreeSet<&str> = secrets.map(|file| file["name"].as_str().unwrap()).collect();
        let directory = facts["pki"]["directory"].as_str().unwrap();
        let mut found = Vec::new();
        texts(node, "", &mut found);
        for (path, text) in found {
            assert!(!text.contains("PRIVATE KEY") && !text.contains("/store/"), "{name}{path}: {text}");
            // A secret is named by where it lies on the node, and in no other way.
            for word in text.split(|c: char| c.is_whitespace() || matches!(c, '=' | ',' | '"')) {
                let Some((before, file)) = word.rsplit_once('/') else { continue };
                assert!(!secrets.contains(file) || before == directory, "{name}{path}: {word}");
            }
        }
    }
}

#[test]
fn every_credential_gets_its_owner_before_anything_starts() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, facts, node, .. } in nodes() {
        let rules = &node["systemd"]["tmpfiles"]["settings"]["10-credentials"];
        for file in facts["pki"]["files"].as_array().unwrap() {
            let path = format!("{}/{}", facts["pki"]["directory"].as_str().unwrap(), file["name"].as_str().unwrap());
            let rule = &rules[&path]["z"];
            assert_eq!(
                (&rule["user"], &rule["group"], &rule["mode"]),
                (&file["owner"], &file["group"], &file["mode"]),
                "{name}: {path}"
            );
            // Whoever owns a file is somebody on that node.
            let owner = file["owner"].as_str().unwrap();
            assert!(owner == "root" || node["users"]["users"][owner]["isSystemUser"] == true, "{name}: {owner}");
        }
    }
}

#[test]
fn a_daemon_names_only_secrets_that_its_user_can_read() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, facts, node, .. } in of(Role::ControlPlane) {
        for unit in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
            let service = &node["systemd"]["services"][unit]["serviceConfig"];
            let user = service["User"].as_str().unwrap();
            let command = service["ExecStart"].as_str().unwrap();
            for file in facts["pki"]["files"].as_array().unwrap() {
                let named = command.contains(&format!("/{}", file["name"].as_str().unwrap()));
                let readable = file["mode"] == "0444"
                    || file["owner"] == user
                    || (file["mode"] == "0440" && file["group"] == user);
                assert!(!named || readable, "{name}: {unit} cannot read {}", file["name"]);
            }
            let hardened = ["NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "ProtectKernelTunables"];
            assert!(hardened.iter().all(|key| service[*key] == true), "{name}: {unit}");
            assert_eq!(service["ProtectSystem"], "strict", "{name}: {unit}");
            assert_eq!(service["CapabilityBoundingSet"], "", "{name}: {unit}");
        }
    }
}

#[test]
fn a_control_plane_runs_no_kubelet_and_a_worker_nothing_of_the_control_plane() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, role, facts, node } in nodes() {
        let units: Vec<&str> = node["systemd"]["services"].as_object().unwrap().keys().map(String::as_str).collect();
        let bridge = facts["pods"]["cni"] == "bridge";
        let archives = facts["images"]["archives"] != Value::Array(Vec::new());
        let mut expected = match role {
            Role::ControlPlane => vec!["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
            Role::Worker => vec!["containerd", "kubelet"],
        };
        if *role == Role::Worker && bridge {
            expected.extend(["kube-proxy", "pod-egress"]);
        }
        if *role == Role::Worker && archives {
            expected.push("container-images");
        }
        expected.sort_unstable();
        assert_eq!(units, expected, "{name}");
    }
}

#[test]
fn nothing_gives_up_on_a_peer_and_nothing_requires_one() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, node, .. } in nodes() {
        for (unit, value) in node["systemd"]["services"].as_object().unwrap() {
            assert!(value.get("requires").is_none() && value.get("bindsTo").is_none(), "{name}: {unit}");
            if value["serviceConfig"]["Type"] == "oneshot" {
                continue;
            }
            assert_eq!(value["startLimitIntervalSec"], 0, "{name}: {unit}");
            assert_eq!(value["serviceConfig"]["Restart"], "always", "{name}: {unit}");
        }
    }
}

#[test]
fn etcd_asks_everybody_for_a_certificate_of_its_own_authority() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, node, .. } in of(Role::ControlPlane) {
        for flag in [
            "--client-cert-auth=true",
            "--peer-client-cert-auth=true",
            "--trusted-ca-file=/var/lib/kubernetes/pki/etcd-ca.pem",
            "--peer-trusted-ca-file=/var/lib/kubernetes/pki/etcd-ca.pem",
            "--enable-grpc-gateway=false",
        ] {
            assert!(has_flag(node, "etcd", flag), "{name}: {flag}");
        }
        let service = &node["systemd"]["services"]["etcd"]["serviceConfig"];
        assert_eq!((&service["User"], &service["StateDirectoryMode"]), (&"etcd".into(), &"0700".into()), "{name}");
        // Nothing without TLS but on loopback.
        let plain = flags(node, "etcd").into_iter().filter(|flag| flag.contains("http://"));
        assert!(
            plain.clone().all(|flag| flag.contains("http://127.0.0.1:")),
            "{name}: {:?}",
            plain.collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_api_server_holds_the_checks_of_the_benchmark() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, node, .. } in of(Role::ControlPlane) {
        for flag in [
            "--authorization-mode=Node,RBAC",
            "--profiling=false",
            "--service-account-lookup=true",
            "--service-account-extend-token-expiration=false",
            "--kubelet-certificate-authority=/var/lib/kubernetes/pki/ca.pem",
            "--encryption-provider-config=/var/lib/kubernetes/pki/encryption-config.yaml",
            "--audit-log-maxage=30",
            "--audit-log-maxbackup=10",
            "--audit-log-maxsize=100",
            "--tls-min-version=VersionTLS12",
            "--enable-aggregator-routing=true",
        ] {
            assert!(has_flag(node, "kube-apiserver", flag), "{name}: {flag}");
        }
        let own = flags(node, "kube-apiserver");
        let begins = |prefix: &str| own.iter().find(|flag| flag.starts_with(prefix));
        assert_eq!(begins("--anonymous-auth"), None, "the file says it, and both together are refused");
        assert_eq!(begins("--token-auth-file").or(begins("--basic-auth-file")), None);
        let admission = begins("--enable-admission-plugins=").unwrap();
        assert!(
            ["NodeRestriction", "ServiceAccount", "DenyServiceExternalIPs"].iter().all(|one| admission.contains(one))
        );
        let anonymous = &etc(node, "kubernetes/authentication.json")["anonymous"]["conditions"];
        let paths: Vec<&str> = anonymous.as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["/livez", "/readyz", "/healthz"], "{name}");
        for unit in ["kube-controller-manager", "kube-scheduler"] {
            assert!(has_flag(node, unit, "--bind-address=127.0.0.1"), "{name}: {unit}");
        }
        assert!(has_flag(node, "kube-controller-manager", "--use-service-account-credentials=true"), "{name}");
        assert_eq!(etc(node, "kubernetes/scheduler.json")["enableProfiling"], false, "{name}");
    }
}

#[test]
fn the_kubelet_answers_nobody_unknown() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, facts, node, .. } in of(Role::Worker) {
        let kubelet = etc(node, "kubernetes/kubelet.json");
        assert_eq!(kubelet["authentication"]["anonymous"]["enabled"], false, "{name}");
        assert_eq!(kubelet["authorization"]["mode"], "Webhook", "{name}");
        assert_eq!((&kubelet["readOnlyPort"], &kubelet["protectKernelDefaults"]), (&0.into(), &true.into()), "{name}");
        assert_eq!(kubelet["port"], facts["ports"]["kubelet"], "{name}");
        assert_eq!(kubelet["clusterDNS"][0], facts["services"]["dns"], "{name}");
        assert_eq!(node["environment"]["etc"]["kubernetes/kubelet.json"]["mode"], "0600", "{name}");
        let address = format!("--node-ip={}", facts["network"]["address"].as_str().unwrap());
        assert!(has_flag(node, "kubelet", &address), "{name}");
        // It checks these and refuses to start where one is otherwise.
        let sysctl = &node["boot"]["kernel"]["sysctl"];
        for (key, value) in
            [("vm.overcommit_memory", 1), ("vm.panic_on_oom", 0), ("kernel.panic", 10), ("kernel.panic_on_oops", 1)]
        {
            assert_eq!(sysctl[key], value, "{name}: {key}");
        }
    }
}

#[test]
fn the_runtime_and_the_kubelet_manage_control_groups_alike() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, facts, node, .. } in of(Role::Worker) {
        let toml = node["environment"]["etc"]["containerd/config.toml"]["text"].as_str().unwrap();
        assert!(toml.contains("SystemdCgroup = true"), "{name}");
        assert_eq!(etc(node, "kubernetes/kubelet.json")["cgroupDriver"], "systemd", "{name}");
        assert!(toml.contains(&format!("sandbox = {}", facts["images"]["pause"])), "{name}");
        let directories = &node["systemd"]["tmpfiles"]["settings"]["20-cni"];
        assert!(
            directories["/opt/cni/bin"]["d"].is_object() && directories["/etc/cni/net.d"]["d"].is_object(),
            "{name}"
        );
        assert!(node["environment"]["etc"].get("cni/net.d").is_none(), "{name}: it must stay writable");
    }
}

#[test]
fn each_network_has_its_own_and_nothing_of_the_other() {
    if !have_nix() {
        return;
    }
    for Evaluated { name, role, facts, node } in nodes() {
        let modules = node["boot"].get("kernelModules").and_then(Value::as_array).cloned().unwrap_or_default();
        let cilium = modules.iter().any(|module| module == "cls_bpf");
        let conflist = node["environment"]["etc"].get("cni/net.d/10-bridge.conflist").is_some();
        let bridge = facts["pods"]["cni"] == "bridge";
        assert_eq!(cilium, *role == Role::Worker && !bridge, "{name}");
        assert_eq!(conflist, *role == Role::Worker && bridge, "{name}");
        if conflist {
            let subnet = &etc(node, "cni/net.d/10-bridge.conflist")["plugins"][0]["ipam"]["ranges"][0][0]["subnet"];
            assert_eq!(*subnet, facts["pods"]["own"], "{name}");
            assert_eq!(etc(node, "kubernetes/kube-proxy.json")["mode"], "nftables", "{name}");
        }
        let peers = facts["network"]["peers"].as_str().unwrap();
        let routes = &node["systemd"]["network"]["networks"][format!("10-{peers}")]["routes"];
        let known = facts["network"]["routes"].as_array().unwrap();
        assert_eq!(routes.as_array().unwrap().len(), known.len(), "{name}");
    }
}
