//! Ports of the loopback address that the cluster wants to forward: free, or taken by whom.
//!
//! A port is tried by binding it for a moment, which is what QEMU will do. It does not yet know a port that is taken
//! by this very cluster from one that is taken by a stranger.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use super::catalogue::Id;
use super::finding::{Finding, State};
use crate::config::Forward;

/// A process that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holder {
    pid: u32,
    name: String,
}

/// One finding if all are free, else one for each that is not.
pub(super) fn examine(forwards: &[Forward]) -> Vec<Finding> {
    let taken: Vec<Finding> = forwards.iter().filter_map(taken).collect();
    if !taken.is_empty() {
        return taken;
    }
    let mut ports: Vec<u16> = forwards.iter().map(|forward| forward.host).collect();
    ports.sort_unstable();
    let list = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    vec![Finding::new(Id::Ports, State::Ok).detail(format!("{list}: free"))]
}

fn taken(forward: &Forward) -> Option<Finding> {
    let error = TcpListener::bind((Ipv4Addr::LOCALHOST, forward.host)).err()?;
    let detail = match (error.kind(), holder(forward.host)) {
        (ErrorKind::AddrInUse, Some(holder)) => format!("taken by `{}`, process {}", holder.name, holder.pid),
        (ErrorKind::AddrInUse, None) => {
            "taken by a process of somebody else, or one that cannot be seen from here".into()
        }
        _ => format!("cannot be opened: {error}"),
    };
    let Forward { node, service, host, .. } = forward;
    let mut finding = Finding::new(Id::Ports, State::Unsuitable)
        .detail(format!("{detail}; wanted for {service} of {node}"))
        .mend(format!("end that process, or set `{}` to a port that is free", key_of(forward)));
    finding.title = format!("port {host}");
    Some(finding)
}

/// The key that moves this forward alone. A shell variable cannot hold a hyphen.
fn key_of(forward: &Forward) -> String {
    format!("{}_{}", forward.key, forward.node.replace('-', "_"))
}

/// Who listens on a port, where the kernel tells (Linux, and processes that we may look at).
fn holder(port: u16) -> Option<Holder> {
    let inodes: Vec<u64> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|text| listening(&text, port))
        .collect();
    let processes = std::fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let pid: u32 = pids.find(|pid| holds(*pid, &inodes))?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(Holder { pid, name: name.trim().to_string() })
}

/// The inodes of the sockets that listen on a port, from the text of `/proc/net/tcp`.
fn listening(table: &str, port: u16) -> Vec<u64> {
    const LISTEN: &str = "0A";
    let row = |line: &str| -> Option<u64> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local) = fields.get(1)?.rsplit_once(':')?;
        let ours = u16::from_str_radix(local, 16) == Ok(port) && fields.get(3) == Some(&LISTEN);
        if ours { fields.get(9)?.parse().ok() } else { None }
    };
    table.lines().skip(1).filter_map(row).collect()
}

fn holds(pid: u32, inodes: &[u64]) -> bool {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let links = entries.filter_map(Result::ok).filter_map(|entry| std::fs::read_link(entry.path()).ok());
    links.filter_map(|link| socket(&link)).any(|inode| inodes.contains(&inode))
}

/// `socket:[4711]` → 4711.
fn socket(link: &Path) -> Option<u64> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(host: u16) -> Forward {
        Forward { node: "rack-1".into(), service: "ssh", key: "SSH_PORT", host, guest: 1 }
    }

    #[test]
    fn the_kernels_table_names_the_socket() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n\
            1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0\n\
            2: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0\n\
            short line\n";
        assert_eq!(listening(table, 8080), [4711]);
        assert_eq!(listening(table, 8082), [0; 0]);
        assert_eq!(socket(Path::new("socket:[4711]")), Some(4711));
        assert_eq!(socket(Path::new("/dev/null")), None);
    }

    #[test]
    fn a_taken_port_names_its_key_and_its_holder() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let finding = examine(&[forward(port)]).remove(0);
        assert_eq!((finding.title, finding.state), (format!("port {port}"), State::Unsuitable));
        assert!(finding.mend.unwrap().contains("`SSH_PORT_rack_1`"));
        let detail = finding.found.unwrap().detail.unwrap();
        if cfg!(target_os = "linux") {
            assert!(detail.contains(&format!("process {}", std::process::id())), "{detail}");
        }
        assert!(detail.ends_with("wanted for ssh of rack-1"), "{detail}");
    }

    #[test]
    fn free_ports_are_one_line() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let findings = examine(&[forward(port)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].found.as_ref().unwrap().detail, Some(format!("{port}: free")));
    }
}
