//! Is what lies on disk exactly what the row says? If not, in what does it differ?
//!
//! It reads and compares; it makes nothing and mends nothing. It does not know who asks: the maker after its work,
//! the adoption of files whose record was lost, or `pki --show`.

use std::path::Path;

use time::OffsetDateTime;

use super::certificate::{Certificate, Extensions};
use super::key::Key;
use super::mismatch::{self, Mismatch};
use super::pem;
use super::row::{Kind, Row, SKEW, key_file, list, public_file};
use crate::sys::fs::Access;

/// The extensions of an authority and of a leaf: object identifier, critical, and what it is called.
const EXTENSIONS: [(&str, bool, &str); 6] = [
    (KEY_USAGE, true, "keyUsage"),
    (BASIC_CONSTRAINTS, true, "basicConstraints"),
    (SUBJECT_KEY, false, "subjectKeyIdentifier"),
    (AUTHORITY_KEY, false, "authorityKeyIdentifier"),
    (NAMES, false, "subjectAltName"),
    (USAGES, false, "extKeyUsage"),
];
const KEY_USAGE: &str = "2.5.29.15";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const SUBJECT_KEY: &str = "2.5.29.14";
const AUTHORITY_KEY: &str = "2.5.29.35";
const NAMES: &str = "2.5.29.17";
const USAGES: &str = "2.5.29.37";
/// How the key usage that makes an authority reads.
const CERT_SIGN: &str = "Key Cert Sign";

/// Whether the files of a row are what it says: the right key, names, uses and dates, signed by the authority that
/// lies beside it, and valid now.
pub fn holds(row: &Row, dir: &Path, now: OffsetDateTime) -> Result<(), Mismatch> {
    if row.kind == Kind::KeyPair {
        return public_key_holds(row, dir);
    }
    let (certificate, _) = pair(dir, &row.name)?;
    let other = row.issuer.map(|issuer| Certificate::read(dir, issuer)).transpose()?;
    let issuer = other.as_ref().unwrap_or(&certificate);
    let differences = differences(row, &certificate, issuer, now);
    if differences.is_empty() { Ok(()) } else { Err(Mismatch::Differs(differences.join("; "))) }
}

/// A certificate and its key, if they belong together.
pub(super) fn pair(dir: &Path, name: &str) -> Result<(Certificate, Key), Mismatch> {
    let (key, certificate) = (Key::read(dir, name)?, Certificate::read(dir, name)?);
    if certificate.public_key == key.public() {
        return Ok((certificate, key));
    }
    Err(Mismatch::differs(format!("`{}` is not the key of `{}`", key_file(name), public_file(name))))
}

/// Whether the files of an authority's row can do its work, although somebody else may have made them: a pair that
/// is valid now and may sign. Name, age and who signed it are their owner's affair.
pub fn serves(row: &Row, dir: &Path, now: OffsetDateTime) -> Result<(), Mismatch> {
    if row.kind != Kind::Authority {
        return Err(Mismatch::differs(format!("`{}` is no authority", row.name)));
    }
    let (key, certificate) = (Key::read(dir, &row.name)?, Certificate::read(dir, &row.name)?);
    let extensions = &certificate.extensions;
    let wrong = [
        (certificate.public_key != key.public(), "its key is that of another certificate"),
        (!certificate.modern, "it is not an X.509 v3 certificate with an ECDSA P-256 key, signed with SHA-256"),
        (!extensions.authority, "it is no authority"),
        (!extensions.key_usage.contains(CERT_SIGN), "its key may not sign certificates"),
        (extensions.subject_key.is_none(), "it has no subject key identifier"),
        (now < certificate.not_before || certificate.not_after <= now, "it is not valid now"),
    ];
    match wrong.iter().find(|(is_so, _)| *is_so) {
        Some((_, why)) => Err(Mismatch::differs(format!("`{}.pem`: {why}", row.name))),
        None => Ok(()),
    }
}

fn public_key_holds(row: &Row, dir: &Path) -> Result<(), Mismatch> {
    let key = Key::read(dir, &row.name)?;
    let file = public_file(&row.name);
    let text = mismatch::read(&dir.join(&file), Access::Public)?;
    match pem::decode(pem::PUBLIC_KEY, &text) {
        None => Err(Mismatch::differs(format!("`{file}` is not one intact public key in PEM"))),
        Some(public) if public != key.public() => {
            Err(Mismatch::differs(format!("`{file}` is not the public half of `{}`", key_file(&row.name))))
        }
        Some(_) => Ok(()),
    }
}

/// Every difference between a row and a certificate, each as half a sentence; none when they agree.
fn differences(row: &Row, certificate: &Certificate, issuer: &Certificate, now: OffsetDateTime) -> Vec<String> {
    let mut found = Vec::new();
    let extensions = &certificate.extensions;
    let subject = certificate.subject.as_ref().map_or_else(|| "something else".to_string(), ToString::to_string);
    let facts = [
        ("subject", row.subject.to_string(), subject),
        ("names", list(&row.sans), list(&extensions.sans)),
        ("usages", list(&row.usages), list(&extensions.usages)),
        ("key usage", key_usage(row.kind).to_string(), extensions.key_usage.clone()),
        ("authority", authority(row.kind == Kind::Authority, Some(0)), seen_authority(extensions)),
        ("extensions", wanted_extensions(row), seen_extensions(extensions)),
    ];
    for (what, wanted, seen) in facts {
        if wanted != seen {
            found.push(format!("{what}: {seen}, where the table says {wanted}"));
        }
    }
    if !certificate.modern {
        found.push("it is not an X.509 v3 certificate with an ECDSA P-256 key, signed with SHA-256".to_string());
    }
    found.extend(wrong_issuer(row, certificate, issuer));
    found.extend(wrong_dates(row, certificate, issuer, now));
    found
}

/// The authority's name, key identifier and signature; the signature alone would do for a machine, the others tell
/// a person what happened.
fn wrong_issuer(row: &Row, certificate: &Certificate, issuer: &Certificate) -> Option<String> {
    let name = row.issuer.unwrap_or(&row.name);
    let extensions = &certificate.extensions;
    if certificate.issuer_der != issuer.subject_der {
        Some(format!("it names another issuer than `{name}.pem`"))
    } else if extensions.authority_key.is_none() || extensions.authority_key != issuer.extensions.subject_key {
        Some(format!("it was issued by an earlier `{name}`, with another key"))
    } else if !certificate.is_signed_with(&issuer.public_key) {
        Some(format!("its signature is not by the key of `{name}.pem`"))
    } else {
        None
    }
}

fn wrong_dates(row: &Row, certificate: &Certificate, issuer: &Certificate, now: OffsetDateTime) -> Option<String> {
    let (from, to) = (certificate.not_before, certificate.not_after);
    let wanted = from + SKEW + row.lifetime();
    let ends_with_issuer = row.issuer.is_some() && to == issuer.not_after && to < wanted;
    if to <= now {
        Some(format!("it ended on {}", to.date()))
    } else if now < from {
        Some(format!("it begins only on {from}"))
    } else if to != wanted && !ends_with_issuer {
        let lived = (to - from - SKEW).whole_days();
        Some(format!("days: {lived}, where the table says {}", row.days))
    } else {
        None
    }
}

fn key_usage(kind: Kind) -> &'static str {
    if kind == Kind::Authority { "Key Cert Sign, CRL Sign" } else { "Digital Signature" }
}

fn authority(may_sign: bool, path_length: Option<u32>) -> String {
    match (may_sign, path_length) {
        (false, _) => "no".to_string(),
        (true, Some(length)) => format!("yes, over {length} further authorities"),
        (true, None) => "yes, over any number of further authorities".to_string(),
    }
}

fn seen_authority(extensions: &Extensions) -> String {
    authority(extensions.authority, extensions.path_length)
}

fn wanted_extensions(row: &Row) -> String {
    let wanted = EXTENSIONS.iter().filter(|(id, ..)| match *id {
        NAMES => !row.sans.is_empty(),
        USAGES => !row.usages.is_empty(),
        _ => true,
    });
    marked(wanted.map(|&(_, critical, name)| (name, critical)))
}

/// The extensions by name, in the order of the table; one that the table does not have shows as its identifier.
fn seen_extensions(extensions: &Extensions) -> String {
    let place = |id: &str| EXTENSIONS.iter().position(|(known, ..)| *known == id).unwrap_or(EXTENSIONS.len());
    let mut marks: Vec<_> = extensions.marks.iter().map(|(id, critical)| (place(id), id.as_str(), *critical)).collect();
    marks.sort_unstable();
    let names =
        marks.iter().map(|&(place, id, critical)| (EXTENSIONS.get(place).map_or(id, |known| known.2), critical));
    let seen = marked(names);
    if extensions.foreign { format!("{seen} with values of another kind") } else { seen }
}

fn marked<'a>(names: impl Iterator<Item = (&'a str, bool)>) -> String {
    let words: Vec<_> =
        names.map(|(name, critical)| if critical { format!("{name} (critical)") } else { name.to_string() }).collect();
    list(&words)
}
