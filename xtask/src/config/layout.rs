//! Where things lie: the repository, the artifacts of one cluster, the shared cache.
//!
//! Paths only. It creates nothing and does not know what is written there.

use std::path::{Path, PathBuf};

/// The places of one cluster, all below `artifacts/<cluster>/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
    cluster: String,
}

impl Layout {
    /// `root` is the repository, `cluster` the checked `CLUSTER_NAME`.
    pub fn new(root: impl Into<PathBuf>, cluster: impl Into<String>) -> Self {
        Layout { root: root.into(), cluster: cluster.into() }
    }

    /// The repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Everything of this cluster.
    pub fn cluster(&self) -> PathBuf {
        self.root.join("artifacts").join(&self.cluster)
    }

    /// Downloads shared by all clusters.
    pub fn cache(&self) -> PathBuf {
        self.root.join("artifacts").join("cache")
    }

    /// Certificates and keys (0700).
    pub fn pki(&self) -> PathBuf {
        self.cluster().join("pki")
    }

    /// Kubeconfigs (0700: they embed keys).
    pub fn kubeconfig(&self) -> PathBuf {
        self.cluster().join("kubeconfig")
    }

    /// The key pair that opens the nodes (0700).
    pub fn ssh(&self) -> PathBuf {
        self.cluster().join("ssh")
    }

    /// The key pair by which a node proves over ssh who it is (0700).
    pub fn host_keys(&self, node: &str) -> PathBuf {
        self.ssh().join("hosts").join(node)
    }

    /// The facts of each node.
    pub fn facts(&self) -> PathBuf {
        self.cluster().join("facts")
    }

    /// What the installer carries into each node (0700).
    pub fn stage(&self) -> PathBuf {
        self.cluster().join("stage")
    }

    /// The hand-written NixOS modules.
    pub fn nix(&self) -> PathBuf {
        self.root.join("nix")
    }

    /// One log a task.
    pub fn logs(&self) -> PathBuf {
        self.cluster().join("logs")
    }

    /// What the graph remembers, its lock and the last trace.
    pub fn state(&self) -> PathBuf {
        self.cluster().join("state")
    }

    /// Sockets and pid files of running machines.
    pub fn run(&self) -> PathBuf {
        self.cluster().join("run")
    }

    /// Disk images: `clean` leaves them alone.
    pub fn disks(&self) -> PathBuf {
        self.cluster().join("disks")
    }
}
