//! Inputs that are fine: what follows from them, and what they are warned about.

use super::*;

use xtask::config::{Cluster, Cni, ImageSource, Layout, NetMode, Origin, Role};
use xtask::ui::config::{Derived, human};

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn column<T: std::fmt::Debug>(cluster: &Cluster, of: impl Fn(&xtask::config::Node) -> T) -> Vec<T> {
    cluster.nodes.iter().map(of).collect()
}

fn warnings(text: &str) -> Vec<String> {
    good(text).warnings.diagnostics().iter().map(|d| d.message.clone()).collect()
}

#[test]
fn the_defaults_are_those_that_were_promised() {
    let loaded = good("CLUSTER_NAME=hardway\n");
    let cluster = &loaded.cluster;
    assert!(loaded.warnings.is_empty());
    assert!(cluster.not_built().is_empty());
    assert_eq!(column(cluster, |n| n.name.clone()), ["alpha", "sigma", "gamma"]);
    assert_eq!(column(cluster, |n| n.role), [Role::ControlPlane, Role::Worker, Role::Worker]);
    assert_eq!(column(cluster, |n| n.address.to_string()), ["192.168.100.10", "192.168.100.20", "192.168.100.21"]);
    assert_eq!(column(cluster, |n| (n.memory, n.cpus)), [(8192, 2); 3]);
    assert_eq!(column(cluster, |n| n.ssh_port), [2222, 2223, 2224]);
    assert_eq!(column(cluster, |n| n.api_port), [Some(6443), None, None]);
    assert_eq!(column(cluster, |n| n.kubelet_port), [None, Some(10250), Some(10251)]);
    assert_eq!((cluster.network.mode, cluster.network.cni), (NetMode::L2, Cni::Cilium));
    assert_eq!(cluster.network.services.to_string(), "10.32.0.0/24");
    assert_eq!(cluster.network.pods.to_string(), "10.200.0.0/16");
    assert_eq!(cluster.network.dns.to_string(), "10.32.0.10");
    assert_eq!((cluster.machine.disk, cluster.machine.esp, cluster.machine.install_memory), (20480, 512, 4096));
    assert_eq!(cluster.image.release, "26.05");
    assert_eq!(cluster.image.source, ImageSource::Channel);
    assert_eq!((cluster.lifetimes.leaf, cluster.lifetimes.ca, cluster.lifetimes.renew), (365, 3650, 30));
    assert_eq!(cluster.api_url_from_host(), "https://127.0.0.1:6443");
    assert_eq!(cluster.api_url_from_worker(), "https://192.168.100.10:6443");
}

#[test]
fn any_number_of_nodes_with_any_names() {
    let loaded = good(
        "CLUSTER_NAME=lab\nCONTROL_PLANE_NAMES='cp-1, cp-2, cp-3'\nWORKER_NAMES=\"rack-1-a rack-1-b,rack-2-a\track-2-b w5\"\n\
         CLUSTER_CIDR=172.20.0.0/16\nK8S_SERVICE_CIDR=172.21.0.0/20\nK8S_POD_CIDR=172.24.0.0/13\nK8S_CLUSTER_DNS=172.21.0.53\n\
         SSH_PORT_rack_1_b=4022\nMEM_rack_2_a=3G\nCPUS_cp_2=4\nADDRESS_w5=172.20.9.9\nMAC_w5=02:00:00:00:00:05\n\
         API_PORT=7443\nAPI_PORT_cp_3=9443\nKUBELET_PORT=10254\nAPI_VIP=172.20.0.5\n",
    );
    let cluster = &loaded.cluster;
    assert!(loaded.warnings.is_empty(), "{}", plain(&loaded.warnings));
    assert_eq!(column(cluster, |n| n.ssh_port), [2222, 2223, 2224, 2225, 4022, 2227, 2228, 2229]);
    let api: Vec<_> = cluster.control_planes().filter_map(|n| n.api_port).collect();
    assert_eq!(api, [7443, 7444, 9443]);
    let kubelet: Vec<_> = cluster.workers().filter_map(|n| n.kubelet_port).collect();
    assert_eq!(kubelet, [10254, 10255, 10258, 10260, 10261], "ports of other components are left out");
    let node = |name: &str| cluster.node(name).unwrap();
    assert_eq!((node("rack-2-a").memory, node("rack-2-b").memory, node("cp-2").cpus), (3072, 8192, 4));
    assert_eq!(node("cp-3").address.to_string(), "172.20.0.12");
    assert_eq!(node("rack-2-b").address.to_string(), "172.20.0.23");
    assert_eq!(node("w5").address.to_string(), "172.20.9.9");
    assert_eq!(node("w5").mac_cluster.to_string(), "02:00:00:00:00:05");
    assert_eq!(cluster.api_url_from_worker(), "https://172.20.0.5:7443");
    assert_eq!(cluster.forwards().len(), 11);
    let not_built = cluster.not_built();
    assert!(not_built[0].starts_with("3 control planes: their certificates and kubeconfigs are made"));
    assert!(not_built[1].starts_with("API_VIP 172.20.0.5"));
}

#[test]
fn one_more_control_plane_moves_no_worker() {
    let cluster = |planes: &str| good(&format!("CONTROL_PLANE_NAMES='{planes}'\nWORKER_NAMES='w1 w2'\n")).cluster;
    let workers = |c: &Cluster| c.workers().map(|n| (n.address, n.mac_user, n.mac_cluster)).collect::<Vec<_>>();
    assert_eq!(workers(&cluster("a")), workers(&cluster("a b c")));
}

#[test]
fn every_mac_address_is_one_of_a_kind() {
    let names = |prefix: &str, n: usize| (0..n).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>().join(" ");
    let text = |name: &str| {
        let addresses: Vec<String> = (10..13).map(|i| format!("ADDRESS_cp{i}=10.7.255.{i}\n")).collect();
        format!(
            "CLUSTER_NAME={name}\nCONTROL_PLANE_NAMES='{}'\nWORKER_NAMES='{}'\nCLUSTER_CIDR=10.7.0.0/16\n{}\
             K8S_POD_CIDR=172.16.0.0/12\nKUBELET_PORT=40000\n",
            names("cp", 13),
            names("w", 300),
            addresses.concat(),
        )
    };
    let macs: std::collections::BTreeSet<String> = ["one", "two"]
        .iter()
        .flat_map(|name| good(&text(name)).cluster.nodes)
        .flat_map(|n| [n.mac_user, n.mac_cluster])
        .map(|mac| mac.to_string())
        .collect();
    assert_eq!(macs.len(), 2 * 2 * 313);
}

#[test]
fn the_environment_wins_over_the_file_for_known_keys() {
    let loaded = Space::new("WORKER_NAMES='w1 w2'\nWORKER_MEM=4G\nCNI=cilium\n")
        .with("WORKER_NAMES", "w1 w-3")
        .with("MEM_w_3", "5G")
        .with("CNI", "bridge")
        .with("PATH", "/bin")
        .with("MEM_w2", "6G")
        .load()
        .unwrap();
    assert_eq!(column(&loaded.cluster, |n| n.memory), [8192, 4096, 5120]);
    assert_eq!(loaded.cluster.network.cni, Cni::Bridge);
    let origin = |key: &str| &loaded.settings.iter().find(|s| s.key == key).unwrap().origin;
    assert_eq!(*origin("WORKER_NAMES"), Origin::Environment);
    assert_eq!(*origin("MEM_w_3"), Origin::Environment);
    assert_eq!(*origin("WORKER_MEM"), Origin::File { line: 2 });
    assert_eq!(*origin("DISK_SIZE"), Origin::Default);
    assert_eq!(*origin("MEM_w1"), Origin::Derived);
    let changed: Vec<_> = loaded.settings.iter().filter(|s| s.is_changed()).map(|s| s.key.as_str()).collect();
    assert_eq!(changed, ["WORKER_NAMES", "WORKER_MEM", "CNI", "MEM_w_3"]);
}

#[test]
fn a_bad_line_that_the_environment_overrides_does_no_harm() {
    let space = Space::new("DISK_SIZE=1G\n");
    assert!(space.load().is_err());
    assert_eq!(space.with("DISK_SIZE", "30G").load().unwrap().cluster.machine.disk, 30 * 1024);
}

#[test]
fn files_are_found_beside_the_environment_file_and_in_the_home() {
    let space = Space::new("ISO_PATH=x.iso\nEXTRA_CA_FILE=~/ca.pem\n");
    space.write("x.iso", "");
    space.write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
    let home = space.dir.path().display().to_string();
    let cluster = space.with("HOME", &home).load().unwrap().cluster;
    assert_eq!(cluster.image.source, ImageSource::Path(Path::new(&home).join("x.iso")));
    assert_eq!(cluster.proxy.extra_ca, Some(Path::new(&home).join("ca.pem")));
}

#[test]
fn an_empty_value_takes_an_optional_key_back() {
    let text = format!("ISO_URL=https://host/x.iso\nISO_SHA256={DIGEST}\nPROXY_HTTP=\n");
    assert!(matches!(good(&text).cluster.image.source, ImageSource::Url { .. }));
    let cluster = Space::new(&text).with("ISO_URL", "").with("ISO_SHA256", "").load().unwrap().cluster;
    assert_eq!(cluster.image.source, ImageSource::Channel);
    assert_eq!(cluster.proxy.http, None);
}

#[test]
fn what_is_allowed_and_probably_not_meant_is_a_warning() {
    for (text, warning) in [
        ("CONTROL_PLANE_NAMES='a b'\n", "2 control planes survive no more failures than 1"),
        ("WORKER_NAMES=\n", "there are no workers"),
        ("WORKER_MEM=1536\n", "`WORKER_MEM` is less than 2048 MiB"),
        ("NET_MODE=user\nCNI=bridge\n", "pods on different workers cannot reach each other with `NET_MODE=user`"),
        ("CERT_DAYS=20\n", "every certificate is due for renewal as soon as it is made"),
        ("PROXY_HTTP=http://me:hush@proxy:3128\n", "`PROXY_HTTP` has a password in it"),
    ] {
        assert_eq!(warnings(text), [warning], "{text}");
    }
}

#[test]
fn user_mode_reaches_everything_through_the_host() {
    let cluster = good("NET_MODE=user\nWORKER_NAMES=w1\nUSER_NET_CIDR=10.77.0.0/24\nAPI_PORT_alpha=8443\n").cluster;
    assert_eq!(cluster.api_url_from_worker(), "https://10.77.0.2:8443");
    let ports: Vec<_> = cluster.forwards().iter().map(|f| (f.service, f.host, f.guest)).collect();
    assert_eq!(ports, [("ssh", 2222, 22), ("api", 8443, 6443), ("ssh", 2223, 22), ("kubelet", 10250, 10250)]);
}

#[test]
fn kubelet_ports_clash_on_this_host_only_when_they_are_forwarded() {
    let text = "WORKER_NAMES='w1 w2'\nKUBELET_PORT_w2=10250\n";
    assert!(Space::new(text).load().is_ok());
    let report = Space::new(text).with("NET_MODE", "user").load().unwrap_err();
    assert!(plain(&report).contains("port 10250 of this host would lead to two places"), "{}", plain(&report));
}

#[test]
fn the_cluster_is_shown_without_passwords() {
    let loaded = good(&format!(
        "CLUSTER_NAME=lab\nWORKER_NAMES=w1\nPROXY_HTTP=http://me:hush@proxy:3128\nPROXY_NO=.corp\nAPI_PORT=7443\n\
         ISO_URL=https://me:hush@host/x.iso\nISO_SHA256={DIGEST}\n"
    ));
    let layout = Layout::new("/repo", &loaded.cluster.name);
    let text = human(&loaded, &layout, &["kubernetes".into(), "10.32.0.1".into()], 100);
    let text = anstream::adapter::strip_str(&text).to_string();
    let data = serde_json::to_value(Derived::new(&loaded, &layout, vec!["kubernetes".into()])).unwrap();
    for shown in [
        "lab from",
        "w1",
        "https://127.0.0.1:7443",
        "kubernetes, 10.32.0.1",
        "http://me:***@proxy:3128",
        "line 5",
        "(default 6443)",
    ] {
        assert!(text.contains(shown), "{shown}:\n{text}");
    }
    assert!(!text.contains("hush") && !data.to_string().contains("hush"));
    assert_eq!(data["api_sans"][0], "kubernetes");
    assert_eq!(data["nodes"][1]["internal_ip"], "192.168.100.20");
    assert_eq!(data["forwards"][1]["host"], 7443);
    assert_eq!(data["settings"][0]["origin"]["from"], "file");
    assert_eq!(data["artifacts"], "/repo/artifacts/lab");
}
