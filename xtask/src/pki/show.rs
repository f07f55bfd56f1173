//! The table beside what lies on disk, for people and for programs.
//!
//! It gathers; how that looks on a terminal is `ui`'s affair.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::Certificate;
use super::holds::holds;
use super::mismatch::Mismatch;
use super::renew::days_left;
use super::row::{Kind, Receiver, Row, Usage};
use super::table::table;
use crate::config::Cluster;

/// One row as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Name of the row and of its files.
    pub name: String,
    /// What the files hold.
    pub kind: Kind,
    /// Name of the row that signs it; nothing for an authority or a bare key pair.
    pub issuer: Option<&'static str>,
    /// `O=..., CN=...`; nothing for a bare key pair.
    pub subject: Option<String>,
    /// `DNS:...` and `IP:...`.
    pub sans: Vec<String>,
    /// Which end of a connection it may stand at.
    pub usages: Vec<Usage>,
    /// Hexadecimal, as logs show it; nothing when there is no certificate to read.
    pub serial: Option<String>,
    /// From when it is valid.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_after: Option<OffsetDateTime>,
    /// Whole days left; negative when it has ended.
    pub days_left: Option<i64>,
    /// Where copies go; the host that made it always keeps both files.
    pub receivers: Vec<Receiver>,
    /// One sentence on what it is there for.
    pub purpose: String,
    /// Whether it is what the table says.
    #[serde(flatten)]
    pub state: State,
}

/// Whether a row's files are what the table says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "why", rename_all = "lowercase")]
pub enum State {
    /// They are.
    Ok,
    /// A file is not there.
    Missing,
    /// They are there and differ: a sentence that says in what.
    Differs(String),
}

/// Every row of a cluster: names and uses from the table, dates and state from the files in `dir`.
pub fn show(cluster: &Cluster, dir: &Path, now: OffsetDateTime) -> Vec<Shown> {
    table(cluster).into_iter().map(|row| shown(row, dir, now)).collect()
}

fn shown(row: Row, dir: &Path, now: OffsetDateTime) -> Shown {
    let state = match holds(&row, dir, now) {
        Ok(()) => State::Ok,
        Err(Mismatch::Missing(_)) => State::Missing,
        Err(Mismatch::Differs(why)) => State::Differs(why),
    };
    let certificate = (row.kind != Kind::KeyPair).then(|| Certificate::read(dir, &row.name).ok()).flatten();
    let ends = certificate.as_ref().map(|certificate| certificate.not_after);
    Shown {
        subject: (row.kind != Kind::KeyPair).then(|| row.subject.to_string()),
        sans: row.sans.iter().map(ToString::to_string).collect(),
        serial: certificate.as_ref().map(|certificate| hex(&certificate.serial)),
        not_before: certificate.map(|certificate| certificate.not_before),
        not_after: ends,
        days_left: ends.map(|end| days_left(end, now)),
        name: row.name,
        kind: row.kind,
        issuer: row.issuer,
        usages: row.usages,
        receivers: row.receivers,
        purpose: row.purpose,
        state,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
