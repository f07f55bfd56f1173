//! Who on a node may read which file of credentials.
//!
//! Goes by the file's name. It does not know what is in a file, who signed it or which nodes receive it: the list of
//! what a node receives is given to it.

use serde::Serialize;

/// A file that a node is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its name.
    pub file: String,
    /// Whether whoever reads it could pass for its owner.
    pub secret: bool,
}

/// A file as it lies on the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Installed {
    /// Its name in the directory.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// The group that it belongs to.
    pub group: String,
    /// Its permissions, in octal.
    pub mode: String,
}

impl Installed {
    /// How the files that a node is given lie on it, by name.
    pub fn of(credentials: &[Credential]) -> Vec<Installed> {
        let mut files: Vec<Installed> = credentials.iter().map(installed).collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        files
    }

    /// Its permissions as a number.
    pub fn permissions(&self) -> u32 {
        u32::from_str_radix(&self.mode, 8).expect("BUG: modes are written here, in octal")
    }
}

const ROOT: &str = "root";
const API_SERVER: &str = "kube-apiserver";
const CONTROLLER_MANAGER: &str = "kube-controller-manager";
const SCHEDULER: &str = "kube-scheduler";
const ETCD: &str = "etcd";

/// Names, or beginnings of names that end in `*`, and the user that reads the secret. What is in no row is root's.
const READERS: [(&str, &str); 12] = [
    ("kubernetes-key.pem", API_SERVER),
    ("apiserver-kubelet-client-key.pem", API_SERVER),
    ("apiserver-etcd-client-key.pem", API_SERVER),
    ("front-proxy-client-key.pem", API_SERVER),
    ("service-account-key.pem", API_SERVER),
    ("encryption-config.yaml", API_SERVER),
    ("etcd-server-*", ETCD),
    ("etcd-peer-*", ETCD),
    ("ca-key.pem", CONTROLLER_MANAGER),
    ("kube-controller-manager*", CONTROLLER_MANAGER),
    ("kube-scheduler*", SCHEDULER),
    // The operator's backups run as root, and so do the kubelet and kube-proxy.
    ("etcd-client-key.pem", ROOT),
];

/// The one secret with two readers: the API server signs tokens on request, the controller-manager those of old.
const SHARED: (&str, &str) = ("service-account-key.pem", CONTROLLER_MANAGER);

fn installed(credential: &Credential) -> Installed {
    let name = credential.file.clone();
    let to = |owner: &str, group: &str, mode: &str| Installed {
        name: name.clone(),
        owner: owner.to_string(),
        group: group.to_string(),
        mode: mode.to_string(),
    };
    match reader(&name) {
        _ if !credential.secret => to(ROOT, ROOT, "0444"),
        owner if name == SHARED.0 => to(owner, SHARED.1, "0440"),
        owner => to(owner, owner, "0400"),
    }
}

fn reader(file: &str) -> &'static str {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(beginning) => file.starts_with(beginning),
        None => file == pattern,
    };
    READERS.iter().find(|(pattern, _)| fits(pattern)).map_or(ROOT, |(_, reader)| reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(file: &str, secret: bool) -> String {
        let Installed { name, owner, group, mode } = installed(&Credential { file: file.to_string(), secret });
        format!("{mode} {owner}:{group} {name}")
    }

    #[test]
    fn a_secret_is_readable_by_its_user_alone() {
        assert_eq!(line("kubernetes-key.pem", true), "0400 kube-apiserver:kube-apiserver kubernetes-key.pem");
        assert_eq!(line("etcd-peer-north-key.pem", true), "0400 etcd:etcd etcd-peer-north-key.pem");
        assert_eq!(
            line("kube-scheduler.kubeconfig", true),
            "0400 kube-scheduler:kube-scheduler kube-scheduler.kubeconfig"
        );
        assert_eq!(line("oak-key.pem", true), "0400 root:root oak-key.pem");
    }

    #[test]
    fn one_secret_has_two_readers() {
        let expected = "0440 kube-apiserver:kube-controller-manager service-account-key.pem";
        assert_eq!(line("service-account-key.pem", true), expected);
    }

    #[test]
    fn what_is_public_is_nobodys_but_roots_to_change() {
        assert_eq!(line("kubernetes.pem", false), "0444 root:root kubernetes.pem");
        assert_eq!(line("kube-scheduler.pem", false), "0444 root:root kube-scheduler.pem");
    }

    #[test]
    fn files_come_by_name() {
        let files = ["b.pem", "a.pem"].map(|file| Credential { file: file.to_string(), secret: false });
        assert_eq!(Installed::of(&files).iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.pem", "b.pem"]);
    }
}
