//! Kubeconfigs: where the API server is, whom to believe, and who the caller is, in one file.
//!
//! It knows the document and which certificate goes into which; it makes no certificate. Certificates are embedded, so
//! that the file works wherever it is copied.

use std::path::Path;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::certificate::Certificate;
use super::holds::pair;
use super::mismatch::{self, Mismatch};
use super::row::{Place, key_file, public_file};
use super::table::{ADMIN, CLUSTER_CA, CONTROLLER_MANAGER, KUBE_PROXY, SCHEDULER};
use crate::config::{Cluster, Cni};
use crate::sys::fs::{Access, write_atomic};

/// One kubeconfig, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubeconfig {
    /// Name of the file, without its ending, and of the user in it.
    pub name: String,
    /// The certificate row that it embeds.
    pub certificate: String,
    /// The cluster's name.
    pub cluster: String,
    /// URL of the API server, as seen from where the file is used.
    pub server: String,
    /// Where copies go; the host that made it always keeps it.
    pub receivers: Vec<Place>,
}

/// Every kubeconfig of a cluster.
pub fn table(cluster: &Cluster) -> Vec<Kubeconfig> {
    let kubeconfig = |name: &str, server: String, receivers| Kubeconfig {
        name: name.to_string(),
        certificate: name.to_string(),
        cluster: cluster.name.clone(),
        server,
        receivers,
    };
    let proxies = if cluster.network.cni == Cni::Cilium { vec![] } else { vec![Place::Workers] };
    let mut all = vec![
        kubeconfig(ADMIN, cluster.api_url_from_host(), vec![]),
        kubeconfig(CONTROLLER_MANAGER, cluster.api_url_beside(), vec![Place::ControlPlanes]),
        kubeconfig(SCHEDULER, cluster.api_url_beside(), vec![Place::ControlPlanes]),
        kubeconfig(KUBE_PROXY, cluster.api_url_from_worker(), proxies),
    ];
    all.extend(
        cluster.workers().map(|worker| {
            kubeconfig(&worker.name, cluster.api_url_from_worker(), vec![Place::Node(worker.name.clone())])
        }),
    );
    all
}

impl Kubeconfig {
    /// The file's name.
    pub fn file(&self) -> String {
        format!("{}.kubeconfig", self.name)
    }

    /// The files below the certificate directory that are embedded.
    pub fn inputs(&self) -> [String; 3] {
        [public_file(CLUSTER_CA), public_file(&self.certificate), key_file(&self.certificate)]
    }

    /// Everything besides the embedded files that makes the document wrong when it changes.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("cluster", self.cluster.clone()),
            ("server", self.server.clone()),
            ("user", self.user()),
            ("certificate", self.certificate.clone()),
        ]
    }

    /// Also the name of the context. It names the cluster, so that kubeconfigs of several can be merged.
    fn user(&self) -> String {
        format!("{}@{}", self.name, self.cluster)
    }

    /// Writes the document into `dir`, with the certificates that lie in `pki`.
    pub fn write(&self, pki: &Path, dir: &Path) -> Result<()> {
        let purpose = || format!("making the kubeconfig of `{}`", self.name);
        let text = self.document(pki).with_context(purpose)?;
        write_atomic(&dir.join(self.file()), text.as_bytes(), Access::Secret).with_context(purpose)
    }

    /// Whether the file in `dir` is the one that would be written now.
    pub fn holds(&self, pki: &Path, dir: &Path) -> Result<(), Mismatch> {
        let text = mismatch::read(&dir.join(self.file()), Access::Secret)?;
        let wanted = self.document(pki)?;
        if text == wanted.as_bytes() {
            return Ok(());
        }
        Err(Mismatch::differs(format!("`{}` holds another server or other certificates than it should", self.file())))
    }

    /// The document, if what it embeds is intact.
    fn document(&self, pki: &Path) -> Result<String, Mismatch> {
        let (certificate, key) = pair(pki, &self.certificate)?;
        let authority = Certificate::read(pki, CLUSTER_CA)?;
        Ok(self.render(&authority.to_pem(), &certificate.to_pem(), &key.to_pem()))
    }

    /// The document's text, from three PEM texts.
    pub fn render(&self, authority: &str, certificate: &str, key: &str) -> String {
        let user = self.user();
        let document = Document {
            api_version: "v1",
            kind: "Config",
            current_context: &user,
            clusters: [NamedCluster {
                name: &self.cluster,
                cluster: Server { server: &self.server, authority: STANDARD.encode(authority) },
            }],
            contexts: [NamedContext { name: &user, context: Context { cluster: &self.cluster, user: &user } }],
            users: [NamedUser {
                name: &user,
                user: Credentials { certificate: STANDARD.encode(certificate), key: STANDARD.encode(key) },
            }],
        };
        super::yaml(&document)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    kind: &'a str,
    current_context: &'a str,
    clusters: [NamedCluster<'a>; 1],
    contexts: [NamedContext<'a>; 1],
    users: [NamedUser<'a>; 1],
}

#[derive(Serialize)]
struct NamedCluster<'a> {
    name: &'a str,
    cluster: Server<'a>,
}

#[derive(Serialize)]
struct Server<'a> {
    server: &'a str,
    #[serde(rename = "certificate-authority-data")]
    authority: String,
}

#[derive(Serialize)]
struct NamedContext<'a> {
    name: &'a str,
    context: Context<'a>,
}

#[derive(Serialize)]
struct Context<'a> {
    cluster: &'a str,
    user: &'a str,
}

#[derive(Serialize)]
struct NamedUser<'a> {
    name: &'a str,
    user: Credentials,
}

#[derive(Serialize)]
struct Credentials {
    #[serde(rename = "client-certificate-data")]
    certificate: String,
    #[serde(rename = "client-key-data")]
    key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_yaml_reads_as_something_else_are_quoted() {
        let kubeconfig = Kubeconfig {
            name: "0x10".into(),
            certificate: "0x10".into(),
            cluster: "no".into(),
            server: "https://198.51.100.7:7443".into(),
            receivers: vec![],
        };
        insta::assert_snapshot!(kubeconfig.render("ca", "certificate", "key"), @r#"
        apiVersion: v1
        kind: Config
        current-context: 0x10@no
        clusters:
        - name: "no"
          cluster:
            server: https://198.51.100.7:7443
            certificate-authority-data: Y2E=
        contexts:
        - name: 0x10@no
          context:
            cluster: "no"
            user: 0x10@no
        users:
        - name: 0x10@no
          user:
            client-certificate-data: Y2VydGlmaWNhdGU=
            client-key-data: a2V5
        "#);
    }
}
