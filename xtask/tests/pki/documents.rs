//! Kubeconfigs, the encryption configuration and the ssh key, read by the programs that they are for.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::OffsetDateTime;
use xtask::config::Cluster;
use xtask::pki::kubeconfig::{self, Kubeconfig};
use xtask::pki::{self, Place, encryption, ssh};

use crate::fixtures::{Made, NOW, cluster, harbour, have, lonely, plain};

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
    if !have("ssh-keygen", &["-A", "-f", "/nonexistent"]) && !have("ssh", &["-V"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    ssh::write(dir.path(), "harbour").unwrap();
    let private = dir.path().join(ssh::PRIVATE);
    let public = std::fs::read_to_string(dir.path().join(ssh::PUBLIC)).unwrap();
    // The public half as ssh-keygen derives it from the secret one.
    assert_eq!(output("ssh-keygen", &["-y", "-f", text(&private)]), public.trim_end());
    for file in [ssh::PRIVATE, ssh::PUBLIC] {
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
    insta::assert_snapshot!(anstream::adapter::strip_str(&human).to_string(), @"
    Who signed whom
    An authority vouches for what hangs below it.
    ca                           vouches for the API server, the kubelets and every client of the API
    ├─ kubernetes                the API server shows it to everyone who calls
    ├─ apiserver-kubelet-client  the API server shows it to kubelets when it fetches logs or runs a command in a
                                 pod
    ├─ admin                     the operator: may do everything, and no role binding can take that away
    ├─ kube-controller-manager   the controller-manager shows it to the API server, and to whoever reads its
                                 health on loopback
    ├─ kube-scheduler            the scheduler shows it to the API server, and to whoever reads its health on
                                 loopback
    ├─ kube-proxy                kube-proxy shows it to the API server; idle where Cilium takes its place
    └─ oak                       the kubelet of this node shows it when it calls the API server, and when the API
                                 server calls it
    etcd-ca                      vouches for etcd and its few clients, so that no certificate of the cluster opens
                                 the database
    ├─ apiserver-etcd-client     the API server shows it to etcd
    ├─ etcd-server-north         etcd on this node shows it to its clients
    ├─ etcd-peer-north           etcd on this node shows it to the other members, whichever of the two dials
    └─ etcd-client               the operator's tools show it to etcd for backups and health checks
    front-proxy-ca               vouches for the API server when it speaks to extension API servers on behalf of a
                                 user
    └─ front-proxy-client        the API server shows it to extension API servers such as metrics-server
    service-account              signs and checks the tokens of service accounts; a bare key pair, because a token
                                 carries no certificate

    What each says
    CN is the user and O the group that the API server sees.
    NAME                      USE            ENDS        LEFT    STATE    SUBJECT
    ca                        signs          2041-05-01  3649 d  ok       O=demo, CN=kubernetes-ca
    etcd-ca                   signs          2041-05-01  3649 d  ok       O=demo, CN=etcd-ca
    front-proxy-ca            signs          2041-05-01  3649 d  ok       O=demo, CN=front-proxy-ca
    kubernetes                server         2032-05-03  364 d   ok       CN=kube-apiserver
    apiserver-kubelet-client  client         2032-05-03  364 d   ok       O=kubelet-clients,
                                                                          CN=kube-apiserver-kubelet-client
    apiserver-etcd-client     client         2032-05-03  364 d   ok       CN=kube-apiserver-etcd-client
    front-proxy-client        client         2032-05-03  364 d   ok       CN=front-proxy-client
    etcd-server-north         server         2032-05-03  364 d   ok       CN=etcd-server-north
    etcd-peer-north           server+client  2032-05-03  364 d   ok       CN=etcd-peer-north
    etcd-client               client         -           -       missing  CN=etcd-client
    admin                     client         2032-05-03  364 d   ok       O=system:masters, CN=admin
    kube-controller-manager   server+client  2032-05-03  364 d   ok       CN=system:kube-controller-manager
    kube-scheduler            server+client  2032-05-03  364 d   ok       CN=system:kube-scheduler
    kube-proxy                client         2032-05-03  364 d   ok       CN=system:kube-proxy
    oak                       server+client  2032-05-03  364 d   ok       O=system:nodes, CN=system:node:oak
    service-account           tokens         never       never   ok       (a bare key pair)

    What servers may be called
    A client refuses a server that it dialled by another name.
    kubernetes               kubernetes, kubernetes.default, kubernetes.default.svc,
                             kubernetes.default.svc.cluster.local, localhost, north, 10.32.0.1, 127.0.0.1,
                             192.168.100.10, 10.0.2.2, 10.0.2.15
    etcd-server-north        north, localhost, 192.168.100.10, 10.0.2.15, 127.0.0.1
    etcd-peer-north          north, localhost, 192.168.100.10, 10.0.2.15, 127.0.0.1
    kube-controller-manager  localhost
    kube-scheduler           localhost
    oak                      oak, 192.168.100.20, 10.0.2.15, 10.0.2.2

    Where copies go
    This host keeps everything; nobody else is given more than this.
    ca                        control planes (certificate and key), workers (certificate)
    etcd-ca                   control planes (certificate)
    front-proxy-ca            control planes (certificate)
    kubernetes                control planes (certificate and key)
    apiserver-kubelet-client  control planes (certificate and key)
    apiserver-etcd-client     control planes (certificate and key)
    front-proxy-client        control planes (certificate and key)
    etcd-server-north         north (certificate and key)
    etcd-peer-north           north (certificate and key)
    etcd-client               control planes (certificate and key)
    admin                     stays here
    kube-controller-manager   control planes (certificate and key)
    kube-scheduler            control planes (certificate and key)
    kube-proxy                stays here
    oak                       oak (certificate and key)
    service-account           control planes (both keys)

    What is not as it should be
    `cargo xtask pki` mends it.
    missing  etcd-client
    ");
}
