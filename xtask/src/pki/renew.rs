//! Which leaves end soon.
//!
//! It reads dates. Whether to warn or to reissue is decided by who asks.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::Certificate;
use super::row::{Kind, Row};

/// A leaf that has ended or ends soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renewal {
    /// Name of the row.
    pub name: String,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub not_after: OffsetDateTime,
    /// Whole days left; negative when it has ended.
    pub days_left: i64,
    /// The authority, where that ends at the same moment: signing anew would win nothing before it is replaced.
    pub ends_with: Option<&'static str>,
}

impl Renewal {
    /// Whether signing anew makes it last longer.
    pub fn helps(&self) -> bool {
        self.ends_with.is_none()
    }
}

/// The leaves among `rows` that have fewer than `within_days` days left, in the order of the table. What is missing or
/// unreadable is not among them: that is for [`super::holds`] to say.
pub fn renewable(rows: &[Row], dir: &Path, now: OffsetDateTime, within_days: u32) -> Vec<Renewal> {
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| row.kind == Kind::Leaf) {
        let Ok(certificate) = Certificate::read(dir, &row.name) else { continue };
        let left = certificate.not_after - now;
        if left >= time::Duration::days(within_days.into()) {
            continue;
        }
        let outlived = |issuer: &&str| {
            Certificate::read(dir, issuer).is_ok_and(|authority| authority.not_after <= certificate.not_after)
        };
        found.push(Renewal {
            name: row.name.clone(),
            not_after: certificate.not_after,
            days_left: days_left(certificate.not_after, now),
            ends_with: row.issuer.filter(outlived),
        });
    }
    found
}

/// Whole days until a moment, rounded down: what ended an hour ago has -1.
pub(super) fn days_left(end: OffsetDateTime, now: OffsetDateTime) -> i64 {
    (end - now).whole_seconds().div_euclid(24 * 60 * 60)
}
