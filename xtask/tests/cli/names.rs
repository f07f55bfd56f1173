//! Two modules held against each other: names that `config` refuses for nodes, and files that `pki` writes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use xtask::config::{Cluster, Request, load};
use xtask::pki::{self, kubeconfig};
use xtask::sys::fs::{Access, write_atomic};

fn cluster(planes: &str, workers: &str) -> Option<Cluster> {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("CONTROL_PLANE_NAMES='{planes}'\nWORKER_NAMES='{workers}'\n");
    write_atomic(&dir.path().join("cluster.env"), text.as_bytes(), Access::Public).unwrap();
    let request = Request { file: Path::new("cluster.env"), root: dir.path(), environment: &BTreeMap::new() };
    load(&request).ok().map(|loaded| loaded.cluster)
}

/// Every name that a row, a file without its ending, or a kubeconfig has.
fn names(cluster: &Cluster) -> BTreeSet<String> {
    let rows = pki::table(cluster);
    let files = rows.iter().flat_map(pki::Row::files).map(|(file, _)| file.trim_end_matches(".pem").to_string());
    let configs = kubeconfig::table(cluster).into_iter().map(|config| config.name);
    rows.iter().map(|row| row.name.clone()).chain(files).chain(configs).collect()
}

#[test]
fn no_node_can_be_called_like_a_file_that_is_there_anyway() {
    let base = cluster("one", "two").unwrap();
    for name in names(&base).into_iter().filter(|name| name != "two") {
        assert!(cluster("one", &format!("two {name}")).is_none(), "a worker may be called `{name}`");
        if name != "one" {
            assert!(cluster(&format!("one {name} three"), "two").is_none(), "a control plane may be called `{name}`");
        }
    }
}

#[test]
fn whatever_nodes_are_called_no_two_tasks_write_one_file() {
    for (planes, workers) in [
        ("one", ""),
        ("etcd", "key peer server client"),
        ("ca1 ca-2 x-ca", "cakey kube proxy kube-proxy2 admin1"),
        ("a b c d e", "f g h i j k"),
        ("system", "node pem kubeconfig aside encryption encryption-config ssh id"),
    ] {
        let cluster = cluster(planes, workers).unwrap_or_else(|| panic!("refused: {planes} / {workers}"));
        let mut seen = BTreeSet::new();
        for row in pki::table(&cluster) {
            assert!(seen.insert(row.name.clone()), "`{}` is there twice", row.name);
            for (file, _) in row.files() {
                assert!(seen.insert(file.clone()), "`{file}` is written twice");
            }
        }
    }
}
