//! `cluster.env` in, a checked [`Cluster`] out; every mistake in one report, with file, line and mend.
//!
//! The ground floor: it knows the names and rules of the configuration and nothing of what is built from it.

mod cluster;
mod derive;
mod layout;
mod types;

pub use cluster::{
    Api, Cluster, Cni, Image, ImageSource, Lifetimes, Machine, NetMode, Network, Node, Proxy, Role, Versions,
};
pub use derive::Forward;
pub use layout::Layout;
pub use types::{Cidr, CidrError, Mac};
