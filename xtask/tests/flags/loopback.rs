//! Moves a configuration from the machine that it is made for into a directory and onto loopback of this one.
//!
//! Paths get a root before them, addresses become 127.0.0.1, and every address and port of the cluster gets a free port
//! of its own, the same one wherever it is named. It does not know which program reads the result.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what Linux and macOS hand out for outgoing connections, so that nobody is given one of ours in between.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 8_000;

/// The directories of a node that its daemons read and write.
const MOVED: [&str; 3] = ["/etc/", "/run/", "/var/"];

/// The free port for each port that somebody in a cluster listens on.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    given: BTreeMap<(String, u16), u16>,
}

impl Ports {
    /// The port here for a port there. Every node has a loopback of its own.
    pub(crate) fn here(&mut self, node: &str, address: Ipv4Addr, port: u16) -> u16 {
        let own = address.is_loopback() || address.is_unspecified();
        let host = if own { node.to_string() } else { address.to_string() };
        *self.given.entry((host, port)).or_insert_with(free_port)
    }

    /// The same text with every `scheme://address:port` on loopback.
    pub(crate) fn dialled_here(&mut self, node: &str, text: &str) -> String {
        let mut pieces = text.split("://");
        let mut out = pieces.next().unwrap_or_default().to_string();
        for piece in pieces {
            let end = piece.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ':')).unwrap_or(piece.len());
            let place = match piece[..end].parse::<SocketAddrV4>() {
                Ok(there) => format!("127.0.0.1:{}", self.here(node, *there.ip(), there.port())),
                Err(_) => piece[..end].to_string(),
            };
            out.extend(["://", &place, &piece[end..]]);
        }
        out
    }

    /// An argument that says where to listen, on loopback; every other argument as it is.
    pub(crate) fn listening_here(&mut self, node: &str, argument: &str) -> String {
        match argument.split_once('=') {
            Some((flag @ "--bind-address", _)) => format!("{flag}=127.0.0.1"),
            Some((flag @ "--secure-port", port)) => {
                format!("{flag}={}", self.here(node, Ipv4Addr::LOCALHOST, port.parse().unwrap()))
            }
            _ => argument.to_string(),
        }
    }
}

/// The same text with the paths of a node below a root.
pub(crate) fn moved(text: &str, root: &Path) -> String {
    let root = root.display().to_string();
    MOVED.iter().fold(text.to_string(), |text, directory| {
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(directory) {
            let before = &rest[..at];
            out.push_str(before);
            // A path begins a value; what has something before it is the middle of another path.
            if before.is_empty() || before.ends_with(['=', '"', ',', ' ']) || before.ends_with("://") {
                out.push_str(&root);
            }
            out.push_str(directory);
            rest = &rest[at + directory.len()..];
        }
        out + rest
    })
}

/// A port of loopback on which nobody listens. Two runs at once begin at different ones.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = std::process::id().wrapping_mul(97) % u32::from(PORTS);
    let begin = u16::try_from(begin).unwrap();
    let candidate = || FIRST_PORT + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
    std::iter::repeat_with(candidate)
        .take(usize::from(PORTS))
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .expect("every port is taken")
}

#[test]
fn paths_move_and_other_texts_stay() {
    let root = Path::new("/tmp/r");
    assert_eq!(moved("--a=/var/lib/x,/etc/y", root), "--a=/tmp/r/var/lib/x,/tmp/r/etc/y");
    assert_eq!(moved("{\"s\": \"unix:///run/z.sock\"}", root), "{\"s\": \"unix:///tmp/r/run/z.sock\"}");
    assert_eq!(moved("/etc/etc/x", root), "/tmp/r/etc/etc/x");
    assert_eq!(moved("--b=/opt/var/x --c=metc/y", root), "--b=/opt/var/x --c=metc/y");
}

#[test]
fn the_same_place_gets_the_same_port_everywhere() {
    let mut ports = Ports::default();
    let text = ports.dialled_here("owl", "owl=https://192.0.2.7:80,elk=https://192.0.2.8:80,https://127.0.0.1:80/x");
    let again = ports.here("elk", Ipv4Addr::new(192, 0, 2, 7), 80);
    assert!(text.starts_with(&format!("owl=https://127.0.0.1:{again},elk=https://127.0.0.1:")), "{text}");
    let own = ports.here("owl", Ipv4Addr::UNSPECIFIED, 80);
    assert!(text.ends_with(&format!(",https://127.0.0.1:{own}/x")), "{text}");
    assert_ne!(own, ports.here("elk", Ipv4Addr::LOCALHOST, 80), "each node has its own loopback");
    assert_eq!(ports.listening_here("owl", "--secure-port=80"), format!("--secure-port={own}"));
    assert_eq!(ports.listening_here("owl", "--bind-address=0.0.0.0"), "--bind-address=127.0.0.1");
    assert_eq!(ports.dialled_here("owl", "see https://example.org/80"), "see https://example.org/80");
}
