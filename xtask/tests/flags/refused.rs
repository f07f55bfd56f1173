//! The net has no holes: what a daemon would refuse, or would put up with for the last time, is found.
//!
//! Each case takes a node that is right and makes one thing of it wrong.

use serde_json::Value;

use crate::accepted::{KUBELET, adapt};
use crate::etcd::Etcd;
use crate::fixtures::Fixture;
use crate::instantiate::have_nix;
use crate::site::{Machine, Site};
use crate::tools;
use crate::verdict::objections;

/// What is wrong about a node.
enum Wrong {
    /// A flag more.
    Flag(&'static str),
    /// Another document at that path.
    Document(&'static str, fn(&mut Value)),
}

/// A node of a fixture, a unit of it, what is made wrong, and a word of the objection.
struct Case(&'static str, &'static str, Wrong, &'static str);

fn unknown(document: &mut Value) {
    document["colour"] = "green".into();
}

const AUDIT: &str = "/etc/kubernetes/audit-policy.json";
const AUTHENTICATION: &str = "/etc/kubernetes/authentication.json";
const PROXY: &str = "/etc/kubernetes/kube-proxy.json";
const SCHEDULER: &str = "/etc/kubernetes/scheduler.json";

#[rustfmt::skip] // a table
const CASES: [Case; 17] = [
    Case("lock", "kube-apiserver", Wrong::Flag("--colour=green"), "unknown flag: --colour"),
    Case("lock", "kube-controller-manager", Wrong::Flag("--colour=green"), "unknown flag: --colour"),
    Case("lock", "kube-scheduler", Wrong::Flag("--colour=green"), "unknown flag: --colour"),
    Case("tug", "kubelet", Wrong::Flag("--colour=green"), "unknown flag: --colour"),
    Case("tug", "kube-proxy", Wrong::Flag("--colour=green"), "unknown flag: --colour"),
    Case("lock", "kube-apiserver", Wrong::Flag("--secure-port=many"), "invalid argument"),
    Case("lock", "kube-apiserver", Wrong::Flag("--anonymous-auth=false"), "did not come"),
    Case("tug", "kubelet", Wrong::Flag("--cgroup-driver=systemd"), "has been deprecated"),
    Case("tug", "kubelet", Wrong::Document(KUBELET, unknown), "colour"),
    Case("tug", "kubelet", Wrong::Document(KUBELET, |kubelet| kubelet["port"] = "many".into()), "did not come"),
    Case("tug", "kubelet", Wrong::Document(KUBELET, |kubelet| kubelet["readOnlyPort"] = (-1).into()), "did not come"),
    Case("tug", "kube-proxy", Wrong::Document(PROXY, unknown), "colour"),
    Case("tug", "kube-proxy", Wrong::Document(PROXY, |proxy| proxy["mode"] = "magic".into()), "did not come"),
    Case("lock", "kube-scheduler", Wrong::Document(SCHEDULER, unknown), "colour"),
    Case("lock", "kube-apiserver", Wrong::Document(AUTHENTICATION, unknown), "colour"),
    Case("lock", "kube-apiserver", Wrong::Document(AUDIT, unknown), "colour"),
    Case("lock", "kube-apiserver", Wrong::Document(AUDIT, |audit| audit["rules"][0]["level"] = "Loud".into()), "Loud"),
];

#[test]
fn what_is_wrong_is_found() {
    let (true, Some(programs)) = (have_nix(), tools::programs("kubernetes")) else { return };
    let mut site = Site::of(Fixture::named("bridge"));
    let _etcd = Etcd::of(&mut site, &programs);
    for (number, Case(name, unit, wrong, word)) in (1..).zip(CASES) {
        let machine: Machine = site.node(name);
        adapt(&machine);
        let mut command = site.command(&machine, unit).unwrap();
        match wrong {
            Wrong::Flag(flag) => command = command.and(flag),
            Wrong::Document(path, change) => machine.edit(path, change),
        }
        let complaints = objections(&programs, command, &machine).join("\n");
        assert!(complaints.contains(word), "case {number}, {unit}: `{word}` is not in: {complaints}");
    }
}
