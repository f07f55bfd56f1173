//! The fixture clusters: an environment file each, and a facts file for every node, which Nix evaluates too.
//!
//! It does not know what is tried on them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use xtask::config::{self, Cluster, Node, Role};
use xtask::facts::{self, Architecture, Extras, Facts, IMAGE_DIRECTORY, Mirror};
use xtask::plan;

/// A fixture: the name of its directory, and what no environment file says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fixture {
    pub(crate) name: &'static str,
    architecture: Architecture,
    /// Archives of images and a mirror come along.
    images: bool,
}

pub(crate) const FIXTURES: [Fixture; 7] = [
    fixture("default"),
    fixture("five-workers"),
    fixture("user-mode"),
    Fixture { images: true, ..fixture("bridge") },
    Fixture { images: true, ..fixture("proxy") },
    Fixture { architecture: Architecture::Aarch64, ..fixture("aarch64") },
    fixture("three-control-planes"),
];

const fn fixture(name: &'static str) -> Fixture {
    Fixture { name, architecture: Architecture::X86_64, images: false }
}

/// The directory of all fixtures.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

impl Fixture {
    /// The fixture of that name.
    pub(crate) fn named(name: &str) -> Fixture {
        FIXTURES.into_iter().find(|fixture| fixture.name == name).unwrap_or_else(|| panic!("no fixture `{name}`"))
    }

    pub(crate) fn cluster(self) -> Cluster {
        let root = directory().join(self.name);
        let request = config::Request { file: Path::new("cluster.env"), root: &root, environment: &BTreeMap::new() };
        config::load(&request).unwrap_or_else(|report| panic!("{}: {report:?}", self.name)).cluster
    }

    /// The facts of a node, made by the code under test.
    pub(crate) fn facts(self, cluster: &Cluster, node: &Node) -> Facts {
        Facts::of(cluster, node, &self.extras(cluster, node))
    }

    fn extras(self, cluster: &Cluster, node: &Node) -> Extras {
        let mut extras = Extras::bare(self.architecture);
        extras.credentials = plan::credentials(cluster, node);
        extras.authorized_keys = vec![format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIfixture {}", cluster.name)];
        if let Some(path) = &cluster.proxy.extra_ca {
            extras.authorities = facts::certificates(&std::fs::read_to_string(path).unwrap()).unwrap();
        }
        if self.images && node.role == Role::Worker {
            extras.archives = vec![format!("{IMAGE_DIRECTORY}/first.tar"), format!("{IMAGE_DIRECTORY}/second.tar")];
            let mirror = |registry: &str, endpoint: &str| Mirror {
                registry: registry.to_string(),
                endpoint: endpoint.to_string(),
            };
            extras.mirrors = vec![mirror("docker.io", "https://mirror.example/docker")];
        }
        extras
    }

    /// Where the facts of a node lie in the repository.
    pub(crate) fn file(self, node: &str) -> PathBuf {
        directory().join(self.name).join(format!("{node}.json"))
    }
}
