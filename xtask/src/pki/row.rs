//! One row of the certificate table: who is named, who signs, for which use, and where copies go.
//!
//! Pure data. It does not know how a key is made, what lies on disk, or which rows a cluster needs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Serialize, Serializer};
use time::Duration;

use crate::config::{Node, Role};
use crate::sys::fs::Access;

/// The only kind of key that is made: small, fast, and understood by everything that speaks TLS.
pub const ALGORITHM: &str = "ECDSA P-256 with SHA-256";

/// A certificate is valid from a little before it is made, because the clock of a guest may be behind this host's.
pub(super) const SKEW: Duration = Duration::minutes(5);

/// A certificate (or a bare key pair) that a cluster needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Name of the files: `NAME.pem` and `NAME-key.pem`.
    pub name: String,
    /// What the files hold.
    pub kind: Kind,
    /// Name of the row that signs; authorities sign themselves and a bare key pair is signed by nobody.
    pub issuer: Option<&'static str>,
    /// Whom the certificate names; empty for a bare key pair.
    pub subject: Subject,
    /// What a server may be called; empty for pure clients, which nobody dials.
    pub sans: Vec<San>,
    /// What a leaf may be used for; empty for authorities and bare key pairs.
    pub usages: Vec<Usage>,
    /// Days until it ends; 0 for a bare key pair, which never does.
    pub days: u32,
    /// Where copies go. The host that made the files always keeps both.
    pub receivers: Vec<Receiver>,
    /// One sentence on what it is there for.
    pub purpose: String,
}

/// What the two files of a row hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A self-signed certificate that may sign others.
    Authority,
    /// A certificate that may sign nothing.
    Leaf,
    /// A private key and its public key, with no certificate around it.
    KeyPair,
}

/// The two parts of a distinguished name that Kubernetes reads: the user and the group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// CN: the user name of a client.
    pub common_name: String,
    /// O: the group of a client.
    pub organisation: Option<String>,
}

/// A subject alternative name: what the other side dialled, and so what it compares.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum San {
    /// A host name.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

/// Which end of a TLS connection a certificate may stand at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// The end that is dialled.
    Server,
    /// The end that dials.
    Client,
}

/// A place that is given a copy, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receiver {
    /// Where to.
    pub to: Place,
    /// How much of it.
    pub part: Part,
}

/// One node or all nodes of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Every control plane.
    ControlPlanes,
    /// Every worker.
    Workers,
    /// The node of that name.
    Node(String),
}

/// How much of a row a place is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// `NAME.pem` alone.
    Public,
    /// `NAME.pem` and `NAME-key.pem`.
    Pair,
}

impl Row {
    /// Everything that makes the files wrong when it changes, as a person would write it. Where copies go and what
    /// the row is for are not among it.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("kind", self.kind.to_string()), ("algorithm", ALGORITHM.to_string())];
        if self.kind != Kind::KeyPair {
            fields.push(("subject", self.subject.to_string()));
            fields.push(("issuer", self.issuer.unwrap_or("itself").to_string()));
            fields.push(("names", list(&self.sans)));
            fields.push(("usages", list(&self.usages)));
            fields.push(("days", self.days.to_string()));
        }
        fields
    }

    /// The two files, in the order in which they are written.
    pub fn files(&self) -> [(String, Access); 2] {
        [(key_file(&self.name), Access::Secret), (public_file(&self.name), Access::Public)]
    }

    /// The files of the issuer that are read when this row is issued; none where nobody else signs.
    pub fn issuer_files(&self) -> Vec<String> {
        self.issuer.map(|issuer| vec![key_file(issuer), public_file(issuer)]).unwrap_or_default()
    }

    /// How long the certificate lives from the moment it is made.
    pub(super) fn lifetime(&self) -> Duration {
        Duration::days(self.days.into())
    }

    /// What of this row belongs on a node.
    pub fn part_for(&self, node: &Node) -> Option<Part> {
        self.receivers.iter().filter(|receiver| receiver.to.includes(node)).map(|receiver| receiver.part).max()
    }
}

/// The file name of a private key.
pub fn key_file(name: &str) -> String {
    format!("{name}-key.pem")
}

/// The file name of a certificate, or of the public half of a bare key pair.
pub fn public_file(name: &str) -> String {
    format!("{name}.pem")
}

impl Place {
    /// Whether the node is (in) that place.
    pub fn includes(&self, node: &Node) -> bool {
        match self {
            Place::ControlPlanes => node.role == Role::ControlPlane,
            Place::Workers => node.role == Role::Worker,
            Place::Node(name) => *name == node.name,
        }
    }

    /// Gives the place the public file only.
    #[must_use]
    pub fn public(self) -> Receiver {
        Receiver { to: self, part: Part::Public }
    }

    /// Gives the place the public file and the private key.
    #[must_use]
    pub fn pair(self) -> Receiver {
        Receiver { to: self, part: Part::Pair }
    }
}

impl Subject {
    /// A name without a group.
    pub fn user(common_name: impl Into<String>) -> Self {
        Subject { common_name: common_name.into(), organisation: None }
    }

    /// A name within a group.
    pub fn member(common_name: impl Into<String>, organisation: impl Into<String>) -> Self {
        Subject { common_name: common_name.into(), organisation: Some(organisation.into()) }
    }
}

impl San {
    /// A host name.
    pub fn dns(name: impl Into<String>) -> Self {
        San::Dns(name.into())
    }

    /// An address.
    pub fn ip(address: Ipv4Addr) -> Self {
        San::Ip(address.into())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(organisation) = &self.organisation {
            write!(f, "O={organisation}, ")?;
        }
        write!(f, "CN={}", self.common_name)
    }
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            San::Dns(name) => write!(f, "DNS:{name}"),
            San::Ip(address) => write!(f, "IP:{address}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Authority => "authority",
            Kind::Leaf => "leaf",
            Kind::KeyPair => "key pair",
        })
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Usage::Server => "server",
            Usage::Client => "client",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::ControlPlanes => f.write_str("control planes"),
            Place::Workers => f.write_str("workers"),
            Place::Node(name) => f.write_str(name),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A list as a person reads it; `none` instead of nothing, so that a difference shows.
pub(super) fn list<T: fmt::Display>(items: &[T]) -> String {
    if items.is_empty() {
        return "none".to_string();
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
