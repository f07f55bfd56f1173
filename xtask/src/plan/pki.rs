//! The credentials as tasks: one for each certificate, each kubeconfig, the encryption key and the ssh key.
//!
//! A task's slice of the configuration is what its row says, so a change of `cluster.env` moves exactly the rows that
//! say something else afterwards.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Basis, relative};
use crate::config::Node;
use crate::graph::Task;
use crate::pki::{self, encryption, kubeconfig, ssh};
use crate::sys::fs::Access;

/// Raise it when the same row should give other files.
const CERTIFICATES: &str = "1";
const KUBECONFIGS: &str = "1";
const ENCRYPTION: &str = "1";
const SSH_KEY: &str = "1";

/// The name of the task that makes a certificate.
pub fn certificate_task(row: &str) -> String {
    format!("pki/{row}")
}

/// The name of the task that makes a node's ssh host key.
pub(super) fn host_key_task(node: &str) -> String {
    format!("ssh-host-key/{node}")
}

/// Every task of this chapter.
pub(super) fn tasks(basis: &Basis) -> Vec<Task<'static>> {
    let rows = pki::table(&basis.cluster);
    let configs = kubeconfig::table(&basis.cluster);
    let mut certs = Task::group("certs").doc("every certificate and key of the table");
    let mut kubeconfigs = Task::group("kubeconfigs").doc("every kubeconfig");
    let mut tasks = Vec::new();
    for row in rows {
        certs = certs.after(certificate_task(&row.name));
        tasks.push(certificate(basis, row));
    }
    for config in configs {
        let name = format!("kubeconfig/{}", config.name);
        kubeconfigs = kubeconfigs.after(name.clone());
        tasks.push(kubeconfig(basis, name, config));
    }
    tasks.extend([certs, kubeconfigs, encryption(basis), ssh_key(basis)]);
    tasks.extend(basis.cluster.nodes.iter().map(|node| host_key(basis, node)));
    let all = ["certs", "kubeconfigs", "encryption", "ssh-key"];
    let pki = Task::group("pki").doc("every credential of the cluster");
    tasks.push(all.into_iter().fold(pki, Task::after));
    tasks
}

fn certificate(basis: &Basis, row: pki::Row) -> Task<'static> {
    let dir = basis.layout.pki();
    let at = |file: &str| relative(&basis.layout, &dir.join(file));
    let mut task = Task::build(certificate_task(&row.name)).doc(row.purpose.clone()).version(CERTIFICATES);
    for (key, value) in row.fields() {
        task = task.config(key, value);
    }
    for file in row.issuer_files() {
        task = task.input(at(&file));
    }
    for (file, access) in row.files() {
        task = writes(task, at(&file), access);
    }
    let (row, now) = (Arc::new(row), basis.now);
    let (adopted, there) = (Arc::clone(&row), dir.clone());
    // An authority that somebody put there is as good as ours, if it can sign: everything below it is then reissued.
    let good = move || {
        pki::holds(&adopted, &there, now).or_else(|why| match adopted.kind {
            pki::Kind::Authority => pki::serves(&adopted, &there, now),
            _ => Err(why),
        })
    };
    task.adopt(move || good().map_err(|why| why.to_string())).action(move |run| {
        // --force is for keys that have leaked, too: then no copy may stay.
        if !run.is_forced() {
            pki::set_aside(&row, &dir)?;
        }
        pki::issue(&row, &dir, now)
    })
}

fn kubeconfig(basis: &Basis, name: String, config: kubeconfig::Kubeconfig) -> Task<'static> {
    let (pki, dir) = (basis.layout.pki(), basis.layout.kubeconfig());
    let doc = format!("how `{}` finds and opens the API server", config.name);
    let mut task = Task::build(name).doc(doc).version(KUBECONFIGS);
    for (key, value) in config.fields() {
        task = task.config(key, value);
    }
    for file in config.inputs() {
        task = task.input(relative(&basis.layout, &pki.join(file)));
    }
    task = task.output_secret(relative(&basis.layout, &dir.join(config.file())));
    let config = Arc::new(config);
    let (adopted, (certificates, there)) = (Arc::clone(&config), (pki.clone(), dir.clone()));
    task.adopt(move || adopted.holds(&certificates, &there).map_err(|why| why.to_string()))
        .action(move |_| config.write(&pki, &dir))
}

fn encryption(basis: &Basis) -> Task<'static> {
    let path = basis.layout.pki().join("encryption-config.yaml");
    let mut task = Task::build("encryption").doc("the key that secrets are encrypted with in etcd").version(ENCRYPTION);
    for (key, value) in encryption::fields() {
        task = task.config(key, value);
    }
    task = task.output_secret(relative(&basis.layout, &path));
    let there = path.clone();
    task.adopt(move || encryption::holds(&there).map_err(|why| why.to_string()))
        .action(move |run| encryption::write(&path, run.is_forced()))
}

fn ssh_key(basis: &Basis) -> Task<'static> {
    let task = Task::build("ssh-key").doc("the key pair that opens the nodes");
    ssh_pair(basis, task, basis.layout.ssh(), ssh::USER_KEY, basis.cluster.name.clone())
}

/// The key pair by which a node proves who it is: made here, so that nobody has to believe it at the first meeting.
fn host_key(basis: &Basis, node: &Node) -> Task<'static> {
    let task = Task::build(host_key_task(&node.name)).doc(format!("how `{}` proves over ssh who it is", node.name));
    let comment = format!("{} of {}", node.name, basis.cluster.name);
    ssh_pair(basis, task, basis.layout.host_keys(&node.name), ssh::HOST_KEY, comment)
}

fn ssh_pair(basis: &Basis, task: Task<'static>, dir: PathBuf, name: &'static str, comment: String) -> Task<'static> {
    let mut task = task.version(SSH_KEY).config("comment", comment.clone());
    for (file, access) in ssh::files(name) {
        task = writes(task, relative(&basis.layout, &dir.join(file)), access);
    }
    let (there, wanted) = (dir.clone(), comment.clone());
    task.adopt(move || ssh::holds(&there, name, &wanted).map_err(|why| why.to_string()))
        .action(move |_| ssh::write(&dir, name, &comment))
}

fn writes(task: Task<'static>, path: String, access: Access) -> Task<'static> {
    match access {
        Access::Secret => task.output_secret(path),
        Access::Public => task.output(path),
    }
}
