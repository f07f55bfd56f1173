//! `cluster.env` in, a checked [`Cluster`] out; every mistake in one report, with file, line and mend.
//!
//! The ground floor: it knows the names and rules of the configuration and nothing of what is built from it.
//!
//! ```text
//! source ─► lexer ─► settings ─► nodes ─► check ─► Cluster
//! (bytes)  (lines)   (values)  (machines) (rules)     or Report
//! ```

mod check;
mod cluster;
mod derive;
mod diagnostic;
mod keys;
mod layout;
mod lexer;
mod lines;
mod load;
mod nodes;
mod report;
mod settings;
mod source;
mod suggest;
mod types;
mod url;
mod value;

pub use cluster::{
    Api, Cluster, Cni, Image, ImageSource, Lifetimes, Machine, NetMode, Network, Node, Proxy, Role, Versions,
};
pub use derive::{Forward, POD_RANGE_OF_A_NODE};
pub use diagnostic::{Diagnostic, Place, Severity};
pub use keys::{KEYS, Key, Kind, Scope};
pub use layout::Layout;
pub use load::{Loaded, Origin, Request, Setting, load};
pub use report::Report;
pub use types::{Cidr, CidrError, Mac};
pub use url::mask_password;
