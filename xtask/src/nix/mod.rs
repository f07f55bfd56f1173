//! The configuration of a node as files and as a value: laid out for the installer, evaluated by the host's Nix, read
//! by a person, compared with what was.
//!
//! It knows files, Nix and units. Which node gets which file, and why, is not known here.

mod bundle;
mod compare;
mod evaluate;
mod render;

pub use bundle::{Entry, lay_out, pack};
pub use compare::{Difference, compare};
pub use evaluate::Nix;
pub use render::{Page, node, pages};
