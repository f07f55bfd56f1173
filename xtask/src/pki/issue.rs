//! Makes one row: a new key, and the certificate that the row describes.
//!
//! It knows how to sign, not what a cluster needs. What it wrote is read back and compared with the row before it is
//! called done.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, SanType, SerialNumber,
};
use time::OffsetDateTime;

use super::certificate::Certificate;
use super::holds::{holds, pair};
use super::key::Key;
use super::pem;
use super::row::{Kind, Row, SKEW, San, Usage};
use crate::sys::fs::write_atomic;
use crate::sys::random;

/// The longest common name that X.509 allows.
const LONGEST_NAME: usize = 64;

/// Makes the two files of a row in `dir`, which must exist and hold the issuer's files.
pub fn issue(row: &Row, dir: &Path, now: OffsetDateTime) -> Result<()> {
    let purpose = || format!("issuing `{}`", row.name);
    let key = Key::generate().with_context(purpose)?;
    let public = public_part(row, &key, dir, now).with_context(purpose)?;
    let [(key_file, secret), (public_file, open)] = row.files();
    // The key first: if we are killed in between, a new key beside an old certificate is noticed as no pair.
    write_atomic(&dir.join(key_file), key.to_pem().as_bytes(), secret).with_context(purpose)?;
    write_atomic(&dir.join(public_file), public.as_bytes(), open).with_context(purpose)?;
    holds(row, dir, now).map_err(|why| {
        anyhow!(
            "what was just written for `{}` is not what its row says: {why}; run again, and report it if it happens \
             twice",
            row.name
        )
    })
}

/// The text of `NAME.pem`.
fn public_part(row: &Row, key: &Key, dir: &Path, now: OffsetDateTime) -> Result<String> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let certificate = match (row.kind, row.issuer) {
        (Kind::KeyPair, _) => return Ok(pem::encode(pem::PUBLIC_KEY, &key.public())),
        (_, None) => parameters(row, now, None)?.self_signed(key.pair()),
        (_, Some(name)) => {
            let (authority, authority_key) = authority(name, dir, now)?;
            let issuer = Issuer::from_ca_cert_der(&authority.der().into(), authority_key.pair())
                .map_err(|e| anyhow!("cannot sign with `{name}`: {e}"))?;
            parameters(row, now, Some(authority.not_after))?.signed_by(key.pair(), &issuer)
        }
    };
    let certificate = certificate.map_err(|e| anyhow!("cannot sign the certificate: {e}"))?;
    Ok(pem::encode(pem::CERTIFICATE, certificate.der()))
}

/// The certificate and the key of who signs, if they can.
fn authority(name: &str, dir: &Path, now: OffsetDateTime) -> Result<(Certificate, Key)> {
    let mend = || format!("cannot sign with `{name}`; make it anew with `cargo xtask pki --force`");
    let (certificate, key) = pair(dir, name).with_context(mend)?;
    if certificate.not_after <= now {
        return Err(anyhow!("`{name}.pem` ended on {}", certificate.not_after.date())).with_context(mend);
    }
    Ok((certificate, key))
}

/// The row in the words of the signing library. A leaf that would outlive its authority ends with it instead.
fn parameters(row: &Row, now: OffsetDateTime, authority_ends: Option<OffsetDateTime>) -> Result<CertificateParams> {
    let mut parameters = CertificateParams::default();
    parameters.serial_number = Some(serial()?);
    parameters.not_before = now - SKEW;
    parameters.not_after = authority_ends.unwrap_or(now + row.lifetime()).min(now + row.lifetime());
    parameters.distinguished_name = distinguished_name(row)?;
    parameters.subject_alt_names = row.sans.iter().map(san).collect::<Result<_>>()?;
    parameters.use_authority_key_identifier_extension = true;
    if row.kind == Kind::Authority {
        // Path length 0: it signs leaves and no further authorities.
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    } else {
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = row.usages.iter().map(|&usage| purpose(usage)).collect();
    }
    Ok(parameters)
}

fn distinguished_name(row: &Row) -> Result<DistinguishedName> {
    let mut name = DistinguishedName::new();
    if let Some(organisation) = &row.subject.organisation {
        name.push(DnType::OrganizationName, organisation);
    }
    let common_name = &row.subject.common_name;
    if common_name.chars().count() > LONGEST_NAME {
        bail!(
            "the common name `{common_name}` is longer than the {LONGEST_NAME} characters of X.509; shorten the name of the node"
        );
    }
    name.push(DnType::CommonName, common_name);
    Ok(name)
}

fn san(san: &San) -> Result<SanType> {
    Ok(match san {
        San::Ip(address) => SanType::IpAddress(*address),
        San::Dns(name) => {
            let text = name.as_str().try_into();
            SanType::DnsName(text.map_err(|e| anyhow!("`{name}` cannot stand in a certificate: {e}"))?)
        }
    })
}

fn purpose(usage: Usage) -> ExtendedKeyUsagePurpose {
    match usage {
        Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
        Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }
}

/// 16 random bytes, positive and of constant length: the top bit is clear and the next one set.
fn serial() -> Result<SerialNumber> {
    let mut bytes: [u8; 16] = random::bytes()?;
    bytes[0] = bytes[0] & 0x7F | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}
