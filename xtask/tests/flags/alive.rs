//! A control plane at work: everything that runs on one, with the command lines and documents that Nix evaluated.
//!
//! Conditions are waited for, nothing sleeps. There is no worker, so no pod runs.

use std::path::Path;

use xtask::pki::{ADMIN, CLUSTER_CA, ETCD_CA};

use crate::daemon::Daemon;
use crate::etcd::{CLIENT, Etcd};
use crate::fixtures::Fixture;
use crate::https::{Answer, BESIDE, Client, wanted};
use crate::instantiate::have_nix;
use crate::site::{Machine, Site};
use crate::tools;

fn start(programs: &Path, site: &mut Site, machine: &Machine, unit: &str) -> Daemon {
    Daemon::start(programs, &site.command(machine, unit).unwrap(), &machine.path("/"))
}

/// A control plane at work.
struct ControlPlane {
    api: (Daemon, u16),
    etcd: Etcd,
    nobody: Client,
    machine: Machine,
    /// Last, because the others live in its directory and end before it is removed.
    site: Site,
}

impl ControlPlane {
    fn of(fixture: Fixture, programs: &Path) -> ControlPlane {
        let mut site = Site::of(fixture);
        let etcd = Etcd::of(&mut site, programs);
        let name = site.cluster.first_control_plane().name.clone();
        let machine = site.node(&name);
        let port = site.port(&machine, "api");
        let api = start(programs, &mut site, &machine, "kube-apiserver");
        let nobody = Client::nobody(&site.credentials(), CLUSTER_CA);
        let plane = ControlPlane { api: (api, port), etcd, nobody, machine, site };
        plane.api.0.until("ready", || wanted(plane.admin().get(BESIDE, port, "/readyz"), 200));
        plane
    }

    fn admin(&self) -> Client {
        self.nobody.showing(ADMIN)
    }

    /// What the API server answers.
    fn get(&self, who: &Client, path: &str) -> Answer {
        who.get(BESIDE, self.api.1, path).unwrap()
    }

    /// Waits until the API server has something.
    fn found(&self, daemon: &Daemon, path: &str) -> Answer {
        daemon.until(&format!("at work: no {path}"), || wanted(self.admin().get(BESIDE, self.api.1, path), 200))
    }
}

#[test]
fn a_control_plane_of_evaluated_flags_comes_up_and_works() {
    let (true, Some(programs)) = (have_nix(), tools::programs("kubernetes")) else { return };
    let mut plane = ControlPlane::of(Fixture::named("default"), &programs);
    who_gets_in(&plane);
    secrets_are_secret_at_rest(&plane, &programs);
    requests_are_written_down(&plane);
    the_others_work_beside_it(&mut plane, &programs);
}

fn who_gets_in(plane: &ControlPlane) {
    let (nobody, worker) = (&plane.nobody, plane.site.a_worker());
    for path in ["/readyz", "/livez", "/healthz"] {
        assert_eq!(plane.get(nobody, path).status, 200, "{path}");
    }
    for path in ["/api", "/version", "/api/v1/namespaces", "/metrics", "/readyz/etcd"] {
        assert_eq!(plane.get(nobody, path).status, 401, "{path}");
    }
    let version = plane.get(&plane.admin(), "/version").body;
    assert!(version.contains("\"gitTreeState\": \"clean\""), "the programs are stamped: {version}");
    // A kubelet reads about its own node, which is not there yet, and no Secret that no pod of its own uses.
    let kubelet = nobody.showing(&worker);
    assert_eq!(plane.get(&kubelet, &format!("/api/v1/nodes/{worker}")).status, 404);
    assert_eq!(plane.get(&kubelet, "/api/v1/secrets").status, 403);
    // The certificate with which the API server calls kubelets has no rights here.
    assert_eq!(plane.get(&nobody.showing("apiserver-kubelet-client"), "/api/v1/nodes").status, 403);
    // What the authority of etcd signed is nobody here.
    assert_eq!(plane.get(&nobody.showing(CLIENT), "/api").status, 401);
}

fn secrets_are_secret_at_rest(plane: &ControlPlane, programs: &Path) {
    const WORD: &str = "c3dvcmRmaXNo"; // base64
    let body = format!(r#"{{"metadata":{{"name":"password"}},"data":{{"word":"{WORD}"}}}}"#);
    let path = "/api/v1/namespaces/default/secrets";
    let made = || wanted(plane.admin().post(BESIDE, plane.api.1, path, &body), 201);
    // The namespace is made by the API server itself, a moment after it is ready.
    plane.api.0.until("a Secret is taken", made);
    let read = plane.get(&plane.admin(), &format!("{path}/password"));
    assert!(read.body.contains(WORD), "{}", read.body);

    let at = |file: String| plane.site.credentials().join(file);
    let endpoint = format!("https://{BESIDE}:{}", plane.etcd.port());
    let stored = duct::cmd!(
        programs.join("etcdctl"),
        "get",
        "/registry/secrets/default/password",
        "--print-value-only",
        "--endpoints",
        endpoint,
        "--cacert",
        at(xtask::pki::public_file(ETCD_CA)),
        "--cert",
        at(xtask::pki::public_file(CLIENT)),
        "--key",
        at(xtask::pki::key_file(CLIENT))
    );
    let stored = stored.stdin_null().stdout_capture().run().unwrap().stdout;
    let stored = String::from_utf8_lossy(&stored);
    assert!(stored.starts_with("k8s:enc:secretbox:v1:"), "{stored}");
    assert!(!stored.contains("swordfish"), "{stored}");
}

fn requests_are_written_down(plane: &ControlPlane) {
    let log = plane.machine.path("/var/log/kubernetes/audit.log");
    let written = || {
        let text = fs_err::read_to_string(&log).map_err(|error| error.to_string())?;
        text.contains("/secrets").then_some(text).ok_or_else(|| "no Secret is mentioned".to_string())
    };
    let text = plane.api.0.until("the audit log has what was done", written);
    assert!(!text.contains("c3dvcmRmaXNo"), "the audit log has what is in a Secret");
    assert!(!text.contains("\"requestURI\":\"/readyz"), "the audit log is full of probes");
}

fn the_others_work_beside_it(plane: &mut ControlPlane, programs: &Path) {
    let mut begin = |unit, port| {
        let daemon = start(programs, &mut plane.site, &plane.machine, unit);
        (daemon, plane.site.port(&plane.machine, port))
    };
    let (controllers, controllers_port) = begin("kube-controller-manager", "controllerManager");
    let (scheduler, scheduler_port) = begin("kube-scheduler", "scheduler");
    for (daemon, port) in [(&controllers, controllers_port), (&scheduler, scheduler_port)] {
        daemon.until("healthy", || wanted(plane.nobody.get("localhost", port, "/healthz"), 200));
        // Everything else they show only to whom the API server lets.
        let metrics = plane.nobody.get("localhost", port, "/metrics").unwrap();
        assert_eq!(metrics.status, 403, "{}", metrics.body);
        assert_eq!(plane.admin().get("localhost", port, "/metrics").unwrap().status, 200);
    }
    // Work that one does with its credentials, and the office that the other holds.
    plane.found(&controllers, "/api/v1/namespaces/default/serviceaccounts/default");
    plane.found(&controllers, "/api/v1/namespaces/default/configmaps/kube-root-ca.crt");
    plane.found(&scheduler, "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler");
}
