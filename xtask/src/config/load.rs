//! From an environment file to a checked cluster, or to a report that holds every mistake at once.
//!
//! Orders the steps (file, lines, values, nodes, rules); what each step knows is its own file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::check;
use super::cluster::{
    Api, Cluster, Cni, Image, ImageSource, Lifetimes, Machine, NetMode, Network, Node, Proxy, Versions,
};
use super::diagnostic::Diagnostic;
use super::keys::{self, node_key};
use super::lexer::{self, Assignment};
use super::lines;
use super::nodes;
use super::report::Report;
use super::settings::{Input, Settings, Site};
use super::source;
use super::url::mask_password;

/// What to load.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The environment file, as the user named it.
    pub file: &'a Path,
    /// Where a relative `file` begins.
    pub root: &'a Path,
    /// The process environment: known keys in it win over the file, and `HOME` is what `~` stands for.
    pub environment: &'a BTreeMap<String, String>,
}

/// A cluster, and where its values came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The checked cluster.
    pub cluster: Cluster,
    /// Every value that is in force: keys of the cluster in the order of the table, then node by node.
    pub settings: Vec<Setting>,
    /// What is allowed and probably not meant.
    pub warnings: Report,
    /// The file that was read.
    pub file: PathBuf,
}

/// One value that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The key, with the suffix of its node.
    pub key: String,
    /// The value as it would be written; a password in a URL is masked, because this is made to be shown.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it would be if nobody set it; the keys of nodes have none, theirs is derived.
    pub default: Option<String>,
}

impl Setting {
    /// Whether somebody made it another than it would be by itself.
    pub fn is_changed(&self) -> bool {
        matches!(self.origin, Origin::File { .. } | Origin::Environment) && self.default.as_ref() != Some(&self.value)
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Origin {
    /// That line of the file.
    File {
        /// From 1.
        line: usize,
    },
    /// The process environment.
    Environment,
    /// Nobody set it.
    Default,
    /// It follows from other values.
    Derived,
}

/// Loads a cluster. An error is a report with at least one error in it; its warnings are there too.
pub fn load(request: &Request) -> Result<Loaded, Report> {
    let file = request.root.join(request.file);
    let text = source::read(&file, request.file)?;
    let home = request.environment.get("HOME").map(String::as_str);
    let mut lexed = lexer::lex(&text.content, home);
    let meant = lines::mend_bad_keys(&mut lexed.mistakes);
    let mut report = text.report;
    if lexed.assignments.is_empty() && lexed.mistakes.is_empty() {
        report.push(nothing_in_it(&text.content));
    }
    lexed.mistakes.into_iter().for_each(|mistake| report.push(mistake));
    let directory = file.parent().unwrap_or(request.root);
    let input = Input { assignments: &lexed.assignments, environment: request.environment, directory };
    let mut settings = Settings::read(input, report);
    for key in meant {
        settings.doubt(key);
    }
    lines::report_repeated(&mut settings);
    let names = nodes::names(&mut settings);
    lines::report_unknown(&mut settings, &names);
    let nodes = nodes::derive(&mut settings, &names);
    let cluster = assemble(&settings, nodes);
    check::all(&mut settings, &cluster, &names);
    let list = list(&settings, &lexed.assignments, &cluster);
    let report = settings.into_report();
    if report.has_errors() {
        return Err(report);
    }
    Ok(Loaded { cluster, settings: list, warnings: report, file })
}

fn nothing_in_it(content: &str) -> Diagnostic {
    let what = if content.is_empty() { "is empty" } else { "sets nothing" };
    let help = "put the file back, or write at least `CLUSTER_NAME=` and a name into it to take every default";
    Diagnostic::error(format!("the environment file {what}"), help)
        .because("the defaults would do, but a file without a single line is more likely one that was cut short")
}

/// Puts the values together. Where a value is bad its default stands in, and the report says so: the result is a
/// draft until the report is known to hold no error.
fn assemble(settings: &Settings, nodes: Vec<Node>) -> Cluster {
    let word = |key: &str| settings.need::<String>(key);
    let size = |key: &str| u64::from(settings.need::<u32>(key));
    Cluster {
        name: word("CLUSTER_NAME"),
        nodes,
        network: Network {
            mode: if word("NET_MODE") == "user" { NetMode::User } else { NetMode::L2 },
            cni: if word("CNI") == "bridge" { Cni::Bridge } else { Cni::Cilium },
            cluster: settings.need("CLUSTER_CIDR"),
            services: settings.need("K8S_SERVICE_CIDR"),
            pods: settings.need("K8S_POD_CIDR"),
            user: settings.need("USER_NET_CIDR"),
            dns: settings.need("K8S_CLUSTER_DNS"),
            domain: word("K8S_CLUSTER_DOMAIN"),
        },
        api: Api { port: settings.need("API_PORT"), vip: settings.get("API_VIP") },
        machine: Machine {
            disk: size("DISK_SIZE"),
            esp: size("ESP_SIZE"),
            install_memory: settings.need("INSTALL_MEM"),
        },
        image: Image { release: word("NIXOS_RELEASE"), source: image_source(settings) },
        proxy: Proxy {
            http: settings.get("PROXY_HTTP"),
            https: settings.get("PROXY_HTTPS"),
            no: settings.get("PROXY_NO").unwrap_or_default(),
            extra_ca: settings.get("EXTRA_CA_FILE"),
        },
        versions: Versions {
            cilium: word("CILIUM_VERSION"),
            cilium_cli: word("CILIUM_CLI_VERSION"),
            coredns: word("COREDNS_VERSION"),
            metrics_server: word("METRICS_SERVER_VERSION"),
            pause: word("PAUSE_IMAGE"),
        },
        lifetimes: Lifetimes {
            leaf: settings.need("CERT_DAYS"),
            ca: settings.need("CA_DAYS"),
            renew: settings.need("CERT_RENEW_DAYS"),
        },
    }
}

fn image_source(settings: &Settings) -> ImageSource {
    let url = settings.get("ISO_URL").zip(settings.get("ISO_SHA256"));
    match (settings.get("ISO_PATH"), url) {
        (Some(path), _) => ImageSource::Path(path),
        (None, Some((url, sha256))) => ImageSource::Url { url, sha256 },
        (None, None) => ImageSource::Channel,
    }
}

fn list(settings: &Settings, assignments: &[Assignment], cluster: &Cluster) -> Vec<Setting> {
    let written = |key: &str| {
        let (text, site) = settings.written(key).filter(|(text, _)| !text.is_empty())?;
        let origin = match site {
            Site::File(at) => Origin::File { line: assignments[at].line },
            Site::Environment => Origin::Environment,
            Site::Default => Origin::Default,
        };
        let default = settings.default(key).map(String::from);
        Some(Setting { key: key.to_string(), value: mask_password(text), origin, default })
    };
    let mut list: Vec<Setting> = keys::globals().filter_map(|key| written(key.name)).collect();
    for node in &cluster.nodes {
        list.extend(derived(node).into_iter().map(|(name, value)| {
            let key = node_key(name, &node.name);
            written(&key).unwrap_or(Setting { key, value, origin: Origin::Derived, default: None })
        }));
    }
    list
}

/// The keys of a node with the values they would have to have to change nothing.
fn derived(node: &Node) -> Vec<(&'static str, String)> {
    let values = [
        ("MEM", Some(node.memory.to_string())),
        ("CPUS", Some(node.cpus.to_string())),
        ("ADDRESS", Some(node.address.to_string())),
        ("MAC", Some(node.mac_cluster.to_string())),
        ("SSH_PORT", Some(node.ssh_port.to_string())),
        ("API_PORT", node.api_port.map(|port| port.to_string())),
        ("KUBELET_PORT", node.kubelet_port.map(|port| port.to_string())),
    ];
    values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}
