//! Kubeconfigs, the encryption configuration and the ssh key, read by the programs that they are for.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::OffsetDateTime;
use xtask::config::Cluster;
use xtask::pki::kubeconfig::{self, Kubeconfig};
use xtask::pki::{self, Place, encryption, ssh};

use crate::fixtures::{Made, NOW, harbour, have, lonely};
use crate::ordinary::{cluster, plain};

fn written(cluster: &Cluster) -> (Made, tempfile::TempDir, Vec<Kubeconfig>) {
    let (made, dir) = (Made::new(cluster, NOW), tempfile::tempdir().unwrap());
    let all = kubeconfig::table(cluster);
    for one in &all {
        one.write(made.dir(), dir.path()).unwrap();
        one.holds(made.dir(), dir.path()).unwrap();
    }
    (made, dir, all)
}

fn output(program: &str, arguments: &[&str]) -> String {
    duct::cmd(program, arguments).stdin_null().stderr_capture().read().unwrap()
}

#[test]
fn every_kubeconfig_points_where_it_is_used() {
    let servers = |cluster| {
        let all = kubeconfig::table(&cluster);
        all.into_iter().map(|one| format!("{} {}", one.file(), one.server)).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(servers(harbour()), @"
    admin.kubeconfig https://127.0.0.1:6443
    kube-controller-manager.kubeconfig https://127.0.0.1:7443
    kube-scheduler.kubeconfig https://127.0.0.1:7443
    kube-proxy.kubeconfig https://172.20.5.5:7443
    oak.kubeconfig https://172.20.5.5:7443
    ash.kubeconfig https://172.20.5.5:7443
    elm.kubeconfig https://172.20.5.5:7443
    fir.kubeconfig https://172.20.5.5:7443
    yew-2.kubeconfig https://172.20.5.5:7443
    ");
    insta::assert_snapshot!(servers(lonely()), @"
    admin.kubeconfig https://127.0.0.1:6443
    kube-controller-manager.kubeconfig https://127.0.0.1:6443
    kube-scheduler.kubeconfig https://127.0.0.1:6443
    kube-proxy.kubeconfig https://10.0.2.2:6443
    uno.kubeconfig https://10.0.2.2:6443
    due.kubeconfig https://10.0.2.2:6443
    ");
}

#[test]
fn a_kubeconfig_goes_only_to_who_uses_it() {
    for one in kubeconfig::table(&harbour()) {
        let places = match one.name.as_str() {
            "admin" => vec![],
            "kube-controller-manager" | "kube-scheduler" => vec![Place::ControlPlanes],
            "kube-proxy" => vec![Place::Workers],
            worker => vec![Place::Node(worker.to_string())],
        };
        assert_eq!(one.receivers, places, "{}", one.name);
    }
    let proxy = kubeconfig::table(&plain()).into_iter().find(|one| one.name == "kube-proxy").unwrap();
    assert_eq!(proxy.receivers, vec![], "Cilium takes the place of kube-proxy");
}

#[test]
fn kubectl_reads_every_kubeconfig() {
    if !have("kubectl", &["version", "--client"]) {
        return;
    }
    // Names that YAML would read as a truth value, a number or nothing, if they were not quoted.
    for cluster in [plain(), harbour(), cluster("no", &["true"], &["null", "0x1f", "1e3"])] {
        let (made, dir, all) = written(&cluster);
        for one in all {
            let path = dir.path().join(one.file());
            let view =
                output("kubectl", &["config", "view", "--raw", "-o", "json", "--kubeconfig", path.to_str().unwrap()]);
            let view: Value = serde_json::from_str(&view).unwrap();
            let user = format!("{}@{}", one.name, cluster.name);
            let embedded = |pointer: &str| STANDARD.decode(view.pointer(pointer).unwrap().as_str().unwrap()).unwrap();
            assert_eq!(view["current-context"], user.as_str());
            assert_eq!(view.pointer("/clusters/0/name").unwrap(), cluster.name.as_str());
            assert_eq!(view.pointer("/clusters/0/cluster/server").unwrap(), one.server.as_str());
            assert_eq!(view.pointer("/contexts/0/context/cluster").unwrap(), cluster.name.as_str());
            assert_eq!(view.pointer("/contexts/0/context/user").unwrap(), user.as_str());
            assert_eq!(view.pointer("/users/0/name").unwrap(), user.as_str());
            let files = [
                ("/clusters/0/cluster/certificate-authority-data", made.public("ca")),
                ("/users/0/user/client-certificate-data", made.public(&one.certificate)),
                ("/users/0/user/client-key-data", made.key(&one.certificate)),
            ];
            for (pointer, file) in files {
                assert_eq!(embedded(pointer), std::fs::read(file).unwrap(), "{pointer} of {}", one.name);
            }
        }
    }
}

#[test]
fn a_kubeconfig_notices_what_it_embeds() {
    let (made, dir, all) = written(&plain());
    let named = |name: &str| all.iter().find(|one| one.name == name).unwrap();
    let holds = |one: &Kubeconfig| one.holds(made.dir(), dir.path()).map_err(|why| why.to_string());

    pki::issue(made.row("sigma"), made.dir(), NOW).unwrap();
    assert!(holds(named("sigma")).unwrap_err().contains("`sigma.kubeconfig` holds another server or other"));
    assert_eq!(holds(named("gamma")), Ok(()));

    let moved = Kubeconfig { server: "https://203.0.113.1:1234".to_string(), ..named("admin").clone() };
    assert!(holds(&moved).is_err());
    std::fs::copy(made.key("gamma"), made.key("admin")).unwrap();
    assert!(named("admin").write(made.dir(), dir.path()).is_err(), "a pair that is none was embedded");
    std::fs::remove_file(dir.path().join("gamma.kubeconfig")).unwrap();
    assert_eq!(holds(named("gamma")).unwrap_err(), "`gamma.kubeconfig` is missing");
}

#[test]
fn kubeconfigs_are_secret() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_made, dir, all) = written(&plain());
    for one in all {
        let mode = std::fs::metadata(dir.path().join(one.file())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", one.name);
    }
}

#[test]
fn ssh_keygen_reads_the_key() {
    // It has no option that only tells its version; this one prints the usage.
    if !have("ssh-keygen", &["-?"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    ssh::write(dir.path(), ssh::USER_KEY, "harbour").unwrap();
    let private = dir.path().join(ssh::USER_KEY);
    let public = std::fs::read_to_string(dir.path().join(ssh::public(ssh::USER_KEY))).unwrap();
    // The public half as ssh-keygen derives it from the secret one.
    assert_eq!(output("ssh-keygen", &["-y", "-f", text(&private)]), public.trim_end());
    for file in [ssh::USER_KEY.to_string(), ssh::public(ssh::USER_KEY)] {
        let line = output("ssh-keygen", &["-l", "-f", text(&dir.path().join(file))]);
        assert!(line.starts_with("256 SHA256:") && line.ends_with(" harbour (ED25519)"), "{line}");
    }
    // And it signs: a key whose halves do not fit could not.
    let message = dir.path().join("message");
    xtask::sys::fs::write_atomic(&message, b"hello", xtask::sys::fs::Access::Public).unwrap();
    output("ssh-keygen", &["-Y", "sign", "-n", "test", "-f", text(&private), text(&message)]);
    let check = ["-Y", "check-novalidate", "-n", "test", "-s", text(&dir.path().join("message.sig"))].map(String::from);
    duct::cmd("ssh-keygen", check).stdin_path(&message).stdout_capture().stderr_capture().run().unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn kubectl_parses_the_encryption_configuration_as_yaml() {
    if !have("kubectl", &["version", "--client"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(encryption::FILE);
    encryption::write(&path, false).unwrap();
    encryption::write(&path, true).unwrap();
    // `kubectl config view` is no reader for it; `kubectl patch --local` reads any document.
    let arguments = ["patch", "--local", "-f", text(&path), "--type=merge", "-p", "{}", "-o", "json"];
    let view: Value = serde_json::from_str(&output("kubectl", &arguments)).unwrap();
    let keys = view.pointer("/resources/0/providers/0/secretbox/keys").unwrap().as_array().unwrap();
    assert_eq!(keys.iter().map(|key| key["name"].as_str().unwrap()).collect::<Vec<_>>(), ["key2", "key1"]);
    for key in keys {
        assert_eq!(STANDARD.decode(key["secret"].as_str().unwrap()).unwrap().len(), 32);
    }
    assert_eq!(view.pointer("/resources/0/providers/1/identity").unwrap(), &serde_json::json!({}));
    assert_eq!(view.pointer("/resources/0/resources").unwrap(), &serde_json::json!(["secrets"]));
}

#[test]
fn the_report_for_people_shows_every_row_and_no_secret() {
    let cluster = harbour();
    let made = Made::new(&cluster, OffsetDateTime::now_utc());
    std::fs::copy(made.key("oak"), made.key("ash")).unwrap();
    let shown = pki::show(&cluster, made.dir(), OffsetDateTime::now_utc());
    let human = anstream::adapter::strip_str(&xtask::ui::pki::human(&shown, 100)).to_string();
    let json = serde_json::to_string(&shown).unwrap();
    for row in &made.rows {
        assert!(human.contains(&row.name), "{} is not shown", row.name);
        let key = std::fs::read_to_string(made.key(&row.name)).unwrap();
        let secret = key.lines().nth(1).unwrap();
        assert!(!human.contains(secret) && !json.contains(secret), "{} is shown with its key", row.name);
    }
    assert!(human.contains("`ash-key.pem` is not the key of `ash.pem`"), "{human}");
    assert!(json.contains(r#""state":"differs","why":"`ash-key.pem` is not"#), "{json}");
}

#[test]
fn the_report_for_people_looks_like_this() {
    let mut cluster = cluster("demo", &["north"], &["oak"]);
    cluster.network.mode = xtask::config::NetMode::User;
    let made = Made::new(&cluster, NOW);
    std::fs::remove_file(made.public("etcd-client")).unwrap();
    let shown = pki::show(&cluster, made.dir(), NOW + time::Duration::days(1));
    let human = xtask::ui::pki::human(&shown, 110);
    insta::assert_snapshot!(anstream::adapter::strip_str(&human).to_string());
}
