//! Room for the cluster: memory and disk space, wanted and there.
//!
//! Reading the host is one half, judging the numbers is a pure other half. It does not know how machines are made.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::catalogue::Id;
use super::finding::{Finding, State};
use super::host::{Host, Os};
use super::probe;
use crate::config::{Cluster, ImageSource, Layout};

const MIB: u64 = 1 << 20;
/// An installed node with its container images, by estimate: image files are sparse and grow up to `DISK_SIZE`.
const INSTALLED_NODE: u64 = 6 << 30;
/// An installer image and what is unpacked from it, rounded up.
const INSTALLER: u64 = 2 << 30;

/// Bytes of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    total: u64,
    available: u64,
}

/// Bytes of disk space that a cluster takes, and that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Space {
    /// To install every node.
    needed: u64,
    /// With every image grown to its full size.
    full: u64,
    free: u64,
}

/// Whether the nodes fit into memory together.
pub(super) fn memory(host: &Host, cluster: &Cluster) -> Finding {
    let wanted = cluster.nodes.iter().map(|node| u64::from(node.memory) * MIB).sum();
    match read_memory(host) {
        Some(memory) => judge_memory(wanted, memory),
        None => {
            Finding::new(Id::Memory, State::Warning).detail(format!("unknown here; the nodes want {}", gib(wanted)))
        }
    }
}

fn judge_memory(wanted: u64, memory: Memory) -> Finding {
    let (state, mend) = match wanted {
        w if w > memory.total => {
            (State::Unsuitable, Some("lower `CONTROL_PLANE_MEM` and `WORKER_MEM`, or name fewer nodes"))
        }
        w if w > memory.available => {
            (State::Warning, Some("close what you do not need, or lower `CONTROL_PLANE_MEM` and `WORKER_MEM`"))
        }
        _ => (State::Ok, None),
    };
    let (wanted, available, total) = (gib(wanted), gib(memory.available), gib(memory.total));
    let detail = format!("{available} free of {total}; the nodes want {wanted}");
    Finding::new(Id::Memory, state).detail(detail).mend(mend.map(String::from))
}

fn read_memory(host: &Host) -> Option<Memory> {
    match host.os {
        Os::Linux => meminfo(&std::fs::read_to_string("/proc/meminfo").ok()?),
        Os::Mac => {
            let size = probe::output(Path::new("/usr/sbin/sysctl"), &["-n", "hw.memsize"])?;
            vm_stat(size.trim().parse().ok()?, &probe::output(Path::new("/usr/bin/vm_stat"), &[])?)
        }
    }
}

/// Linux: `MemAvailable` is the kernel's own estimate of what can be had without swapping.
fn meminfo(text: &str) -> Option<Memory> {
    let field = |name: &str| -> Option<u64> {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    };
    Some(Memory { total: field("MemTotal")?, available: field("MemAvailable")? })
}

/// macOS: pages that are free, or hold what can be dropped.
fn vm_stat(total: u64, text: &str) -> Option<Memory> {
    let page: u64 = text.split_once("page size of ")?.1.split(' ').next()?.parse().ok()?;
    let pages = |name: &str| -> Option<u64> {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        value.trim().trim_end_matches('.').parse().ok()
    };
    let available = pages("Pages free")? + pages("Pages inactive")? + pages("Pages speculative").unwrap_or(0);
    Some(Memory { total, available: available * page })
}

/// Whether the disk images fit where they will lie.
pub(super) fn disk(cluster: &Cluster, layout: &Layout) -> Finding {
    let dir = layout.disks();
    match free_space(&dir) {
        Ok(free) => judge_disk(space(cluster, free, allocated(&dir))).path(dir),
        Err(error) => Finding::new(Id::Disk, State::Warning).detail(format!("{error:#}")).path(dir),
    }
}

/// What the images of an earlier run already take is neither needed again nor free.
fn space(cluster: &Cluster, free: u64, taken: u64) -> Space {
    let nodes = cluster.nodes.len() as u64;
    let image = cluster.machine.disk * MIB;
    let installer = if matches!(cluster.image.source, ImageSource::Path(_)) { 0 } else { INSTALLER };
    let more = |bytes: u64| (nodes * bytes).saturating_sub(taken) + installer;
    Space { needed: more(INSTALLED_NODE.min(image)), full: more(image), free }
}

fn judge_disk(space: Space) -> Finding {
    let Space { needed, full, free } = space;
    let (state, mend) = if free < needed {
        (State::Unsuitable, Some("free some space, or name fewer nodes"))
    } else if free < full {
        (State::Warning, Some("it is enough to begin with; lower `DISK_SIZE` if the images must never fill this disk"))
    } else {
        (State::Ok, None)
    };
    let (free, needed, full) = (gib(free), gib(needed), gib(full));
    let detail = format!("{free} free; about {needed} to install, {full} once every image is full");
    Finding::new(Id::Disk, state).detail(detail).mend(mend.map(String::from))
}

/// Bytes that we may still write to the file system that holds, or will hold, a path.
fn free_space(path: &Path) -> Result<u64> {
    let existing = path.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let stat = rustix::fs::statvfs(existing)
        .with_context(|| format!("cannot ask for the free space of `{}`", existing.display()))?;
    Ok(stat.f_bavail * stat.f_frsize)
}

/// Bytes that the files below a directory really take: images are sparse.
fn allocated(dir: &Path) -> u64 {
    let files = walkdir::WalkDir::new(dir).into_iter().filter_map(Result::ok).filter_map(|entry| entry.metadata().ok());
    // `st_blocks` counts in 512 bytes whatever the file system's own block is.
    files.filter(std::fs::Metadata::is_file).map(|meta| meta.blocks() * 512).sum()
}

/// Tenths of a GiB, which is as much as anybody wants to know.
fn gib(bytes: u64) -> String {
    let tenths = (bytes * 10) >> 30;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn linux_and_macos_tell_their_memory() {
        let linux = "MemTotal:       16306664 kB\nMemFree:  1 kB\nMemAvailable:    8153332 kB\n";
        assert_eq!(meminfo(linux), Some(Memory { total: 16_306_664 << 10, available: 8_153_332 << 10 }));
        assert_eq!(meminfo("MemTotal: lots"), None);
        let mac = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:       1000.\n\
                   Pages active:     9.\nPages inactive:     200.\nPages speculative:  34.\n";
        assert_eq!(vm_stat(8 * GIB, mac), Some(Memory { total: 8 * GIB, available: 1234 * 16384 }));
        assert_eq!(vm_stat(1, "nonsense"), None);
    }

    #[test]
    fn too_much_memory_is_fatal_only_beyond_the_machine() {
        let memory = Memory { total: 16 * GIB, available: 4 * GIB };
        let state = |wanted| judge_memory(wanted, memory).state;
        assert_eq!([state(4 * GIB), state(5 * GIB), state(17 * GIB)], [State::Ok, State::Warning, State::Unsuitable]);
        let detail = judge_memory(5 * GIB, memory).found.unwrap().detail.unwrap();
        assert_eq!(detail, "4.0 GiB free of 16.0 GiB; the nodes want 5.0 GiB");
    }

    #[test]
    fn sparse_images_warn_before_they_fail() {
        let state = |free| judge_disk(Space { needed: 20 * GIB, full: 60 * GIB, free: free * GIB }).state;
        assert_eq!([state(19), state(20), state(60)], [State::Unsuitable, State::Warning, State::Ok]);
    }

    #[test]
    fn space_is_asked_of_the_nearest_directory_that_exists() {
        let dir = tempfile::tempdir().unwrap();
        assert!(free_space(&dir.path().join("not/yet/there")).unwrap() > 0);
        assert_eq!(allocated(&dir.path().join("not/yet")), 0);
        std::fs::File::create(dir.path().join("sparse")).unwrap().set_len(GIB).unwrap();
        assert!(allocated(dir.path()) < GIB, "a hole takes no space");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([gib(0), gib(GIB * 3 / 2), gib(23 * GIB)], ["0.0 GiB", "1.5 GiB", "23.0 GiB"]);
    }
}
