//! A fixture cluster on this machine: its credentials, made by the code under test, and for each node a directory that
//! stands for the root of its file system.
//!
//! It starts nothing, and knows no program.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use time::OffsetDateTime;
use xtask::config::Cluster;
use xtask::pki::{self, encryption, kubeconfig};
use xtask::sys::fs::{Access, create_dir, write_atomic};

use crate::command::Command;
use crate::fixtures::Fixture;
use crate::instantiate;
use crate::loopback::{Ports, moved};

/// A cluster whose credentials have been made.
pub(crate) struct Site {
    pub(crate) cluster: Cluster,
    fixture: Fixture,
    directory: tempfile::TempDir,
    ports: Ports,
}

impl Site {
    pub(crate) fn of(fixture: Fixture) -> Site {
        let (cluster, directory) = (fixture.cluster(), tempfile::tempdir().unwrap());
        let site = Site { cluster, fixture, directory, ports: Ports::default() };
        let (made, now) = (site.credentials(), OffsetDateTime::now_utc());
        create_dir(&made, Access::Secret).unwrap();
        for row in pki::table(&site.cluster) {
            pki::issue(&row, &made, now).unwrap();
        }
        for config in kubeconfig::table(&site.cluster) {
            config.write(&made, &made).unwrap();
        }
        encryption::write(&made.join(encryption::FILE), false).unwrap();
        site
    }

    /// Where all credentials lie, also those that no node is given.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.directory.path().join("credentials")
    }

    /// The name of some worker.
    pub(crate) fn a_worker(&self) -> String {
        self.cluster.workers().next().unwrap().name.clone()
    }

    /// A node, with its own credentials and the files below /etc that Nix evaluated.
    pub(crate) fn node(&mut self, name: &str) -> Machine {
        let evaluated = instantiate::node(&self.fixture.file(name)).unwrap();
        let facts = self.fixture.facts(&self.cluster, self.cluster.node(name).unwrap());
        let root = self.directory.path().join(name);
        let machine = Machine { name: name.to_string(), root, credentials: facts.pki.directory.clone(), evaluated };
        for file in &facts.pki.files {
            let text = fs_err::read_to_string(self.credentials().join(&file.name)).unwrap();
            let text = self.ports.dialled_here(name, &text);
            machine.write(&format!("{}/{}", machine.credentials, file.name), &text);
        }
        let files = machine.evaluated["environment"]["etc"].as_object().unwrap();
        for (file, entry) in files {
            if let Some(text) = entry["text"].as_str() {
                machine.write(&format!("/etc/{file}"), &moved(text, &machine.root));
            }
        }
        // What StateDirectory and LogsDirectory of the units are for.
        for directory in ["var/lib/etcd", "var/lib/kubelet", "var/log/kubernetes"] {
            create_dir(&machine.root.join(directory), Access::Secret).unwrap();
        }
        machine
    }

    /// What a unit of a node starts, with its paths below the node's root and its addresses on loopback.
    pub(crate) fn command(&mut self, machine: &Machine, unit: &str) -> Option<Command> {
        let command = Command::of(&machine.evaluated, unit)?;
        let arguments = command.arguments.iter().map(|argument| {
            let dialled = self.ports.dialled_here(&machine.name, argument);
            moved(&self.ports.listening_here(&machine.name, &dialled), &machine.root)
        });
        Some(Command { arguments: arguments.collect(), ..command })
    }

    /// The port of this machine that stands for a port that the facts of a node name.
    pub(crate) fn port(&mut self, machine: &Machine, what: &str) -> u16 {
        let facts = fs_err::read_to_string(self.fixture.file(&machine.name)).unwrap();
        let facts: Value = serde_json::from_str(&facts).unwrap();
        let port = facts["ports"][what].as_u64().unwrap_or_else(|| panic!("no port `{what}`"));
        self.ports.here(&machine.name, Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap())
    }
}

/// A node as a directory.
pub(crate) struct Machine {
    pub(crate) name: String,
    root: PathBuf,
    /// The directory that they lie in, on the node.
    credentials: String,
    evaluated: Value,
}

impl Machine {
    /// A path of the node, here.
    pub(crate) fn path(&self, there: &str) -> PathBuf {
        self.root.join(there.trim_start_matches('/'))
    }

    /// Every file of credentials of the node.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = PathBuf> {
        let entries = fs_err::read_dir(self.path(&self.credentials)).unwrap();
        entries.map(|entry| entry.unwrap().path())
    }

    /// Puts a file in place of what is at a path of the node.
    pub(crate) fn write(&self, there: &str, text: &str) {
        let path = self.path(there);
        create_dir(path.parent().unwrap_or(Path::new("/")), Access::Secret).unwrap();
        write_atomic(&path, text.as_bytes(), Access::Secret).unwrap();
    }

    /// Changes a document of the node.
    pub(crate) fn edit(&self, there: &str, change: impl FnOnce(&mut Value)) {
        let mut document: Value = serde_json::from_str(&fs_err::read_to_string(self.path(there)).unwrap()).unwrap();
        change(&mut document);
        self.write(there, &document.to_string());
    }
}
