//! `cargo xtask config`: the whole cluster as it follows from the configuration, for a person or as JSON.
//!
//! It knows how to show a checked cluster and that passwords are not to be shown. It derives nothing itself: names
//! that the API server's certificate carries are handed in, because the table of certificates is what decides them.

use std::fmt::Write as _;
use std::path::PathBuf;

use anstyle::Style;
use serde::Serialize;

use super::table::{Cell, Table, paint};
use crate::config::{
    Api, Cidr, Cluster, Forward, Image, ImageSource, Layout, Lifetimes, Loaded, Machine, NetMode, Network, Node,
    Origin, Proxy, Report, Setting, Versions, mask_password,
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const NONE: &str = "-";

/// The fully derived cluster, for `--json`.
#[derive(Debug, Serialize)]
pub struct Derived<'a> {
    /// `CLUSTER_NAME`.
    pub name: &'a str,
    /// The environment file.
    pub file: &'a PathBuf,
    /// Where everything of this cluster lies.
    pub artifacts: PathBuf,
    /// Every machine.
    pub nodes: Vec<DerivedNode<'a>>,
    /// Ranges and wiring.
    pub network: &'a Network,
    /// Port and floating address of the API server.
    pub api: &'a Api,
    /// Where the API server is found.
    pub urls: Urls,
    /// Names and addresses in the API server's certificate.
    pub api_sans: Vec<String>,
    /// Ports of this host that lead into machines.
    pub forwards: Vec<Forward>,
    /// What every machine has alike.
    pub machine: &'a Machine,
    /// The installer image.
    pub image: Image,
    /// The way out, passwords masked.
    pub proxy: Proxy,
    /// Pinned versions.
    pub versions: &'a Versions,
    /// Lifetimes of certificates.
    pub lifetimes: &'a Lifetimes,
    /// Every value in force and where it comes from.
    pub settings: &'a [Setting],
    /// What is allowed and probably not meant.
    pub warnings: &'a Report,
    /// What this asks for and cannot be built yet.
    pub not_built: Vec<String>,
}

/// A machine with what depends on the network mode.
#[derive(Debug, Serialize)]
pub struct DerivedNode<'a> {
    /// The machine.
    #[serde(flatten)]
    pub node: &'a Node,
    /// What it calls itself.
    pub internal_ip: std::net::Ipv4Addr,
    /// Where other nodes find it.
    pub reachable_ip: std::net::Ipv4Addr,
}

/// The API server from three points of view.
#[derive(Debug, Serialize)]
pub struct Urls {
    /// From this host.
    pub host: String,
    /// From a worker.
    pub worker: String,
    /// From what runs beside it.
    pub control_plane: String,
    /// From a pod: the service.
    pub service: String,
}

impl<'a> Derived<'a> {
    /// Everything that follows from a loaded configuration. `api_sans` is what the API server's certificate carries.
    pub fn new(loaded: &'a Loaded, layout: &Layout, api_sans: Vec<String>) -> Self {
        let cluster = &loaded.cluster;
        Derived {
            name: &cluster.name,
            file: &loaded.file,
            artifacts: layout.cluster(),
            nodes: cluster.nodes.iter().map(|node| derived_node(cluster, node)).collect(),
            network: &cluster.network,
            api: &cluster.api,
            urls: urls(cluster),
            api_sans,
            forwards: cluster.forwards(),
            machine: &cluster.machine,
            image: masked_image(&cluster.image),
            proxy: masked_proxy(&cluster.proxy),
            versions: &cluster.versions,
            lifetimes: &cluster.lifetimes,
            settings: &loaded.settings,
            warnings: &loaded.warnings,
            not_built: cluster.not_built(),
        }
    }
}

fn derived_node<'a>(cluster: &Cluster, node: &'a Node) -> DerivedNode<'a> {
    DerivedNode { node, internal_ip: cluster.internal_ip(node), reachable_ip: cluster.reachable_ip(node) }
}

fn urls(cluster: &Cluster) -> Urls {
    Urls {
        host: cluster.api_url_from_host(),
        worker: cluster.api_url_from_worker(),
        control_plane: cluster.api_url_beside(),
        service: format!("https://{}", cluster.api_service_address()),
    }
}

fn masked_proxy(proxy: &Proxy) -> Proxy {
    let mask = |url: &Option<String>| url.as_deref().map(mask_password);
    Proxy { http: mask(&proxy.http), https: mask(&proxy.https), ..proxy.clone() }
}

fn masked_image(image: &Image) -> Image {
    let source = match &image.source {
        ImageSource::Url { url, sha256 } => ImageSource::Url { url: mask_password(url), sha256: sha256.clone() },
        other => other.clone(),
    };
    Image { release: image.release.clone(), source }
}

/// The cluster for a person, in tables no wider than `width` where that is possible.
pub fn human(loaded: &Loaded, layout: &Layout, api_sans: &[String], width: usize) -> String {
    let derived = Derived::new(loaded, layout, api_sans.to_vec());
    let sections = [
        ("Nodes", nodes(&derived)),
        ("Network cards", cards(&derived)),
        ("Networks", networks(derived.network)),
        ("API server", api(&derived)),
        ("Ports of this host (127.0.0.1)", forwards(&derived.forwards)),
        ("Machines and what is installed", machine(&derived)),
        ("Proxy", proxy(&derived.proxy)),
        ("Changed from the defaults", changes(derived.settings)),
    ];
    let mut out = format!("{} from {}\n", paint(derived.name, BOLD), derived.file.display());
    for (title, table) in sections {
        let body = table.render(width);
        if !body.is_empty() {
            let _ = write!(out, "\n{}\n{body}", paint(title, BOLD));
        }
    }
    for sentence in &derived.not_built {
        let _ = writeln!(out, "\n{}: {sentence}", paint("not built yet", BOLD));
    }
    out
}

fn nodes(derived: &Derived) -> Table {
    let mut table =
        Table::new().header(["NAME", "ROLE", "ADDRESS", "CALLS ITSELF", "MEMORY", "CPUS", "SSH", "API", "KUBELET"]);
    for DerivedNode { node, internal_ip, .. } in &derived.nodes {
        let port = |port: Option<u16>| Cell::from(port.map_or(NONE.to_string(), |port| port.to_string()));
        table.row([
            node.name.as_str().into(),
            node.role.to_string().into(),
            node.address.to_string().into(),
            internal_ip.to_string().into(),
            format!("{} MiB", node.memory).into(),
            node.cpus.to_string().into(),
            node.ssh_port.to_string().into(),
            port(node.api_port),
            port(node.kubelet_port),
        ]);
    }
    table.indent(2)
}

fn cards(derived: &Derived) -> Table {
    let mut table = Table::new().header(["NAME", "NIC0: USER MODE, THE WAY OUT", "NIC1: THE CLUSTER'S OWN"]).indent(2);
    for DerivedNode { node, .. } in &derived.nodes {
        let own = if derived.network.mode == NetMode::L2 { node.mac_cluster.to_string() } else { NONE.to_string() };
        table.row([node.name.as_str().into(), node.mac_user.to_string().into(), own.into()]);
    }
    table
}

fn networks(network: &Network) -> Table {
    let mut table = Table::new().indent(2);
    let mode = serde_word(&network.mode);
    let range = |cidr: Cidr, what: &str| format!("{cidr}  {what}");
    table.row(["mode".into(), mode.into()]);
    table.row(["pod network".into(), serde_word(&network.cni).into()]);
    table.row(["nodes".into(), range(network.cluster, "their own segment").into()]);
    table.row(["user mode".into(), range(network.user, "the way out").into()]);
    table.row(["services".into(), range(network.services, "virtual addresses").into()]);
    table.row(["pods".into(), range(network.pods, "a /24 for each node").into()]);
    table.row(["cluster DNS".into(), format!("{}  for {}", network.dns, network.domain).into()]);
    table
}

/// How serde spells a unit variant, which is how the configuration spells it.
fn serde_word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(String::from)).unwrap_or_default()
}

fn api(derived: &Derived) -> Table {
    let mut table = Table::new().indent(2);
    let vip = derived.api.vip.map_or(NONE.to_string(), |vip| vip.to_string());
    for (what, value) in [
        ("from this host", derived.urls.host.clone()),
        ("from a worker", derived.urls.worker.clone()),
        ("from beside it", derived.urls.control_plane.clone()),
        ("from a pod", derived.urls.service.clone()),
        ("floating address", vip),
        ("certified as", derived.api_sans.join(", ")),
    ] {
        table.row([what.into(), value.into()]);
    }
    table
}

fn forwards(forwards: &[Forward]) -> Table {
    let mut table = Table::new().header(["PORT", "LEADS TO", "SERVICE", "MOVED BY"]).indent(2);
    for forward in forwards {
        table.row([
            forward.host.to_string().into(),
            format!("{}:{}", forward.node, forward.guest).into(),
            forward.service.into(),
            Cell::styled(format!("{}_{}", forward.key, forward.node.replace('-', "_")), DIM),
        ]);
    }
    table
}

fn machine(derived: &Derived) -> Table {
    let mut table = Table::new().indent(2);
    let (machine, versions, days) = (derived.machine, derived.versions, derived.lifetimes);
    let image = match &derived.image.source {
        ImageSource::Channel => "the release's own".to_string(),
        ImageSource::Path(path) => path.display().to_string(),
        ImageSource::Url { url, sha256 } => format!("{url} (sha256 {sha256})"),
    };
    for (what, value) in [
        ("disk", format!("{} MiB, of which {} MiB EFI", machine.disk, machine.esp)),
        ("installing takes", format!("{} MiB of memory", machine.install_memory)),
        ("NixOS", derived.image.release.clone()),
        ("installer image", image),
        ("Cilium", format!("{} (cli {})", versions.cilium, versions.cilium_cli)),
        ("CoreDNS", versions.coredns.clone()),
        ("metrics-server", versions.metrics_server.clone()),
        ("pause image", versions.pause.clone()),
        ("certificates", format!("{} days, renewed when less than {} are left", days.leaf, days.renew)),
        ("authorities", format!("{} days", days.ca)),
        ("artifacts", derived.artifacts.display().to_string()),
    ] {
        table.row([what.into(), value.into()]);
    }
    table
}

fn proxy(proxy: &Proxy) -> Table {
    let mut table = Table::new().indent(2);
    let extra = proxy.extra_ca.as_ref().map(|path| path.display().to_string());
    let no = Some(proxy.no.join(", ")).filter(|no| !no.is_empty());
    for (what, value) in
        [("http", proxy.http.clone()), ("https", proxy.https.clone()), ("not for", no), ("extra authorities", extra)]
    {
        if let Some(value) = value {
            table.row([what.into(), value.into()]);
        }
    }
    table
}

fn changes(settings: &[Setting]) -> Table {
    let mut table = Table::new().indent(2);
    for setting in settings.iter().filter(|setting| setting.is_changed()) {
        let origin = match setting.origin {
            Origin::File { line } => format!("line {line}"),
            _ => "environment".to_string(),
        };
        let default = setting.default.as_ref().map_or(String::new(), |default| format!(" (default {default})"));
        table.row([
            setting.key.as_str().into(),
            Cell::styled(origin, DIM),
            format!("{}{default}", setting.value).into(),
        ]);
    }
    table
}
