//! The cluster of a person who changes nothing, for the tests and for the bench.
//!
//! It makes values by hand, because what is tried on it must not depend on how an environment file is read.

use std::net::Ipv4Addr;

use xtask::config::{
    Api, Cidr, Cluster, Cni, Image, ImageSource, Lifetimes, Mac, Machine, NetMode, Network, Node, Proxy, Role, Versions,
};

/// One control plane and two workers.
pub(crate) fn plain() -> Cluster {
    cluster("hardway", &["alpha"], &["sigma", "gamma"])
}

/// The ordinary cluster with those nodes.
pub(crate) fn cluster(name: &str, control_planes: &[&str], workers: &[&str]) -> Cluster {
    let masters = (0..).zip(control_planes).map(|(index, name)| node(name, Role::ControlPlane, index));
    let others = (0..).zip(workers).map(|(index, name)| node(name, Role::Worker, index));
    Cluster {
        name: name.to_string(),
        nodes: masters.chain(others).collect(),
        network: Network {
            mode: NetMode::L2,
            cni: Cni::Cilium,
            cluster: cidr("192.168.100.0/24"),
            services: cidr("10.32.0.0/24"),
            pods: cidr("10.200.0.0/16"),
            user: cidr("10.0.2.0/24"),
            dns: Ipv4Addr::new(10, 32, 0, 10),
            domain: "cluster.local".to_string(),
        },
        api: Api { port: 6443, vip: None },
        machine: Machine { disk: 20480, esp: 512, install_memory: 4096 },
        image: Image { release: "26.05".to_string(), source: ImageSource::Channel },
        proxy: Proxy::default(),
        versions: Versions {
            cilium: "1.2.3".to_string(),
            cilium_cli: "1.2.3".to_string(),
            coredns: "1.2.3".to_string(),
            metrics_server: "1.2.3".to_string(),
            pause: "registry.example/pause:1".to_string(),
        },
        lifetimes: Lifetimes { leaf: 365, ca: 3650, renew: 30 },
    }
}

fn node(name: &str, role: Role, index: u8) -> Node {
    let worker = role == Role::Worker;
    let number = index + if worker { 20 } else { 10 };
    Node {
        name: name.to_string(),
        role,
        index: index.into(),
        memory: 8192,
        cpus: 2,
        address: Ipv4Addr::new(192, 168, 100, number),
        ssh_port: 2200 + u16::from(number),
        kubelet_port: worker.then_some(10250 + u16::from(index)),
        api_port: (!worker).then_some(6443 + u16::from(index)),
        mac_user: Mac([0x52, 0x54, 0, 0, 0, number]),
        mac_cluster: Mac([0x52, 0x54, 0, 0, 1, number]),
    }
}

/// A range that is known to be well formed.
pub(crate) fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}
