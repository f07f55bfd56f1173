//! What each node is installed from: who gets what, what moves when something changes, and what Nix says to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::openssl::have;
use crate::repo::Repo;
use crate::zoo::{WORKERS, ZOO};

const NODES: [&str; 3] = ["lion", "bee", "wasp"];

fn staged() -> Repo {
    let repo = Repo::new(ZOO);
    let run = repo.tasks(&["stage"]);
    assert_eq!(run.code, 0, "{run:?}");
    repo
}

fn stage_of<'n>(nodes: impl IntoIterator<Item = &'n str>) -> BTreeSet<String> {
    nodes.into_iter().flat_map(|node| [format!("facts/{node}"), format!("stage/{node}")]).collect()
}

/// What the archive of a node holds: path, then mode and owner.
fn archive(repo: &Repo, node: &str) -> BTreeMap<String, (u32, String, Vec<u8>)> {
    let mut archive = tar::Archive::new(std::fs::File::open(repo.at(&format!("stage/{node}.tar"))).unwrap());
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let header = entry.header();
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0, 0, 0));
        let owner = header.username().unwrap().unwrap_or_default().to_string();
        let (path, mode) = (entry.path().unwrap().display().to_string(), header.mode().unwrap());
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        files.insert(path, (mode, owner, bytes));
    }
    files
}

/// The files of one directory of an archive, without it.
fn below(repo: &Repo, node: &str, dir: &str) -> BTreeSet<String> {
    archive(repo, node).keys().filter_map(|path| path.strip_prefix(dir).map(String::from)).collect()
}

#[test]
fn every_node_is_given_its_own_credentials_and_nobody_elses() {
    let repo = staged();
    let worker = |name: &str| {
        BTreeSet::from([
            "ca.pem".to_string(),
            format!("{name}.pem"),
            format!("{name}-key.pem"),
            format!("{name}.kubeconfig"),
        ])
    };
    for name in WORKERS {
        assert_eq!(below(&repo, name, "pki/"), worker(name));
    }
    let lion = below(&repo, "lion", "pki/");
    for needed in ["kubernetes-key.pem", "etcd-server-lion-key.pem", "ca-key.pem", "encryption-config.yaml"] {
        assert!(lion.contains(needed), "{needed}: {lion:?}");
    }
    let never = ["etcd-ca-key.pem", "front-proxy-ca-key.pem", "admin-key.pem", "admin.kubeconfig", "bee-key.pem"];
    assert!(never.iter().all(|name| !lion.contains(*name)), "{lion:?}");
    for node in NODES {
        let files = archive(&repo, node);
        let pem = std::fs::read(repo.at("pki/ca.pem")).unwrap();
        assert_eq!(files["pki/ca.pem"], (0o444, "root".to_string(), pem));
        let key = std::fs::read(repo.at(&format!("ssh/hosts/{node}/ssh_host_ed25519_key"))).unwrap();
        assert_eq!(files["ssh/ssh_host_ed25519_key"], (0o600, "root".to_string(), key));
        assert_eq!(repo.mode(&format!("stage/{node}.tar")), 0o600);
        assert_eq!(repo.mode(&format!("stage/{node}")), 0o700);
    }
    let files = archive(&repo, "lion");
    assert_eq!(
        (files["pki/etcd-peer-lion-key.pem"].0, files["pki/etcd-peer-lion-key.pem"].1.as_str()),
        (0o400, "etcd")
    );
}

#[test]
fn the_directory_is_the_archive_laid_out() {
    let repo = staged();
    for node in NODES {
        let files = archive(&repo, node);
        let dir = repo.at(&format!("stage/{node}"));
        let laid = walkdir::WalkDir::new(&dir).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
        let laid: BTreeMap<String, Vec<u8>> = laid
            .map(|e| (e.path().strip_prefix(&dir).unwrap().display().to_string(), std::fs::read(e.path()).unwrap()))
            .collect();
        assert_eq!(laid, files.into_iter().map(|(path, (.., bytes))| (path, bytes)).collect());
        for (path, mode) in
            [("nixos/configuration.nix", 0o644), ("ssh/ssh_host_ed25519_key", 0o600), ("pki/ca.pem", 0o644)]
        {
            assert_eq!(repo.mode(&format!("stage/{node}/{path}")), mode, "{path}");
        }
    }
}

#[test]
fn staging_again_is_nothing_to_do_and_the_same_inputs_are_the_same_bytes() {
    let repo = staged();
    repo.tasks(&["stage"]).made_nothing();
    let bytes = |node: &str| std::fs::read(repo.at(&format!("stage/{node}.tar"))).unwrap();
    let first = NODES.map(bytes);
    repo.tasks(&["stage", "--force"]).made_only(NODES.map(|node| format!("stage/{node}")));
    assert_eq!(NODES.map(bytes), first, "forced, and still the same");
    repo.delete("stage");
    repo.tasks(&["configs"]).made_only(NODES.map(|node| format!("stage/{node}")));
    assert_eq!(NODES.map(bytes), first);
}

#[test]
fn a_change_restages_those_that_it_is_about() {
    let repo = staged();
    repo.set("PAUSE_IMAGE", "registry.example/pause:2");
    let reasons = repo.ok(&["explain", "stage"]);
    assert!(reasons.contains("config images.pause: registry.k8s.io/pause:"), "{reasons}");
    repo.tasks(&["stage"]).made_only(stage_of(WORKERS));
    repo.set("WORKER_MEM", "4096");
    repo.tasks(&["stage"]).made_nothing();
    repo.set("CNI", "bridge");
    let run = repo.tasks(&["stage"]);
    assert!(run.made.contains("stage/bee") && run.made.contains("stage/wasp"), "{run:?}");
    // Only one node, and nobody else's.
    repo.set("K8S_CLUSTER_DOMAIN", "zoo.internal");
    let run = repo.tasks(&["stage", "wasp"]);
    assert!(run.made.contains("stage/wasp") && !run.made.contains("stage/bee"), "{run:?}");
    let unknown = repo.run(&["stage", "bear"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("no node `bear`") && unknown.stderr.contains("lion, bee, wasp"), "{unknown:?}");
}

#[test]
fn an_edited_module_restages_every_node_and_a_new_key_only_its_own() {
    let repo = Repo::new(ZOO);
    let real = std::fs::read_link(repo.root().join("nix")).unwrap();
    std::fs::remove_file(repo.root().join("nix")).unwrap();
    for entry in walkdir::WalkDir::new(&real).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
        let path = entry.path().strip_prefix(&real).unwrap();
        std::fs::create_dir_all(repo.root().join("nix").join(path).parent().unwrap()).unwrap();
        repo.write(&format!("nix/{}", path.display()), std::fs::read(entry.path()).unwrap());
    }
    assert_eq!(repo.tasks(&["stage"]).code, 0);
    let module = std::fs::read_to_string(repo.root().join("nix/modules/base.nix")).unwrap();
    repo.write("nix/modules/base.nix", format!("{module}# a remark\n"));
    repo.tasks(&["stage"]).made_only(NODES.map(|node| format!("stage/{node}")));
    repo.write("nix/harness/remark.txt", "not part of any machine");
    repo.tasks(&["stage"]).made_nothing();
    assert_eq!(repo.tasks(&["run", "pki/bee", "--force"]).code, 0);
    repo.tasks(&["stage"]).made_only(["kubeconfig/bee", "stage/bee"]);
    repo.tasks(&["run", "ssh-key", "--force"]).made_only(["ssh-key"]);
    repo.tasks(&["stage"]).made_only(stage_of(NODES));
}

#[test]
fn what_a_killed_run_left_of_a_bundle_is_swept_up() {
    let repo = staged();
    let left =
        ["stage/.bee.tar.x.tmp", "stage/.bee.next.tmp/pki/bee-key.pem", "ssh/hosts/bee/.ssh_host_ed25519_key.x.tmp"];
    for file in left {
        std::fs::create_dir_all(repo.at(file).parent().unwrap()).unwrap();
        xtask::sys::fs::write_atomic(&repo.at(file), b"half a key", xtask::sys::fs::Access::Secret).unwrap();
    }
    repo.tasks(&["stage"]).made_nothing();
    assert!(left.iter().all(|file| !repo.at(file).exists()));
    assert!(!repo.at("stage/.bee.next.tmp").exists());
}

#[test]
fn nothing_that_nix_reads_holds_a_secret() {
    let repo = staged();
    for node in NODES {
        for (path, (.., bytes)) in archive(&repo, node) {
            if path.starts_with("nixos/") {
                let text = String::from_utf8(bytes).unwrap();
                assert!(!text.contains("PRIVATE KEY") && !text.contains("secret:"), "{node}: {path}");
            }
        }
    }
}

#[test]
fn a_node_is_shown_checked_and_compared_before_it_exists() {
    if !have("nix-instantiate", &["--version"]) {
        return;
    }
    let repo = Repo::new(ZOO);
    // Before any key is made: looking needs none.
    let checked = repo.ok(&["nix", "check"]);
    for node in NODES {
        assert!(checked.contains(&format!("ok  evaluate {node}: ")), "{checked}");
    }
    assert!(!repo.root().join("artifacts").exists(), "looking left something behind");
    let unit = repo.ok(&["nix", "show", "lion", "kube-apiserver"]);
    for part in
        ["# kube-apiserver.service", "--advertise-address=172.20.0.10", "--service-cluster-ip-range=172.21.0.0/24"]
    {
        assert!(unit.contains(part), "{part}: {unit}");
    }
    assert!(repo.ok(&["nix", "show", "bee"]).contains("kubelet.service\n"));
    let wrong = repo.run(&["nix", "show", "bee", "etcd"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("no unit or file `etcd`"), "{wrong:?}");
    let never = repo.run(&["nix", "diff"]);
    assert!(never.code == 1 && never.stderr.contains("cargo xtask stage"), "{never:?}");
    repo.tasks(&["stage"]);
    assert!(repo.ok(&["nix", "diff"]).contains("every node is staged as it is described"));
    repo.set("K8S_CLUSTER_DOMAIN", "zoo.internal");
    let diff = repo.ok(&["nix", "diff", "lion"]);
    assert!(diff.contains("lion: kube-apiserver.service"), "{diff}");
    assert!(diff.contains("-   --service-account-issuer") && diff.contains("zoo.internal"), "{diff}");
    let changed = repo.json(&["nix", "diff", "--json"]);
    assert!(changed.as_array().unwrap().iter().any(|one| one["node"] == "bee"), "{changed}");
}

#[test]
fn without_nix_it_says_how_to_get_one() {
    let empty = tempfile::tempdir().unwrap();
    let repo = Repo::new(ZOO).with("PATH", empty.path().to_str().unwrap());
    let output = repo.run(&["nix", "check"]);
    assert!(output.code == 1 && output.stderr.contains("https://nixos.org/download"), "{output:?}");
}
