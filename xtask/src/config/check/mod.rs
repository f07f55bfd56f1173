//! The rules between values: what each may be is settled, here they must go together.
//!
//! Every rule is a function that reads a draft of the cluster and adds to the report. A rule keeps silent about values
//! that are not what the user wrote (`Item::trusted`), so that one slip is one mistake in the report and not five.

mod image;
mod network;
mod ports;

use super::cluster::{Cluster, Role};
use super::nodes::{Named, list_key};
use super::settings::{Settings, blame};

/// Applies every rule.
pub(super) fn all(settings: &mut Settings, cluster: &Cluster, names: &[Named]) {
    roles(settings, cluster);
    network::all(settings, cluster, names);
    ports::all(settings, cluster, names);
    image::all(settings);
    machine(settings, cluster);
    lifetimes(settings, cluster);
}

fn roles(settings: &mut Settings, cluster: &Cluster) {
    let planes = cluster.control_planes().count();
    if planes > 0 && planes.is_multiple_of(2) {
        let found = blame(
            &[&settings.item(list_key(Role::ControlPlane))],
            format!("{planes} control planes survive no more failures than {}", planes - 1),
            "name an odd number of control planes",
        );
        let cause = "etcd works while more than half of its members do, so an even member adds load and no safety";
        settings.extend(found.map(|d| d.labelled("an even number").because(cause).warning()));
    }
    if cluster.workers().next().is_none() {
        let found = blame(
            &[&settings.item(list_key(Role::Worker))],
            "there are no workers",
            "name at least one worker if pods shall run",
        );
        let cause = "control planes run no pods, so nothing can be scheduled";
        settings.extend(found.map(|d| d.labelled("an empty list").because(cause).warning()));
    }
}

fn machine(settings: &mut Settings, cluster: &Cluster) {
    if cluster.machine.esp >= cluster.machine.disk {
        let found = blame(
            &[&settings.item("ESP_SIZE"), &settings.item("DISK_SIZE")],
            "the EFI system partition does not fit on the disk",
            "write a larger `DISK_SIZE` or a smaller `ESP_SIZE`",
        );
        settings.extend(found);
    }
}

fn lifetimes(settings: &mut Settings, cluster: &Cluster) {
    let (leaf, authority, renew) =
        (settings.item("CERT_DAYS"), settings.item("CA_DAYS"), settings.item("CERT_RENEW_DAYS"));
    let days = &cluster.lifetimes;
    if days.ca <= days.leaf {
        let found = blame(
            &[&authority, &leaf],
            "authorities do not outlive the certificates that they sign",
            format!("write a `CA_DAYS` above {}", days.leaf),
        );
        settings.extend(found.map(|d| d.because("a certificate is worth nothing once its authority has expired")));
    }
    if days.renew >= days.leaf {
        let found = blame(
            &[&renew, &leaf],
            "every certificate is due for renewal as soon as it is made",
            format!("write a `CERT_RENEW_DAYS` below {}", days.leaf),
        );
        settings.extend(found.map(|d| d.because("`CERT_RENEW_DAYS` is not below `CERT_DAYS`").warning()));
    }
}
