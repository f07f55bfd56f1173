//! A certificate read back from what was written: the same facts as a row, taken from the bytes.
//!
//! It does not know what the certificate should say. The parser is another implementation than the writer, so that a
//! mistake of the one is not repeated by the other.

use std::net::IpAddr;
use std::path::Path;

use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, ParsedExtension};
use x509_parser::oid_registry::{OID_EC_P256, OID_SIG_ECDSA_WITH_SHA256};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name, X509Version};

use super::mismatch::{self, Mismatch};
use super::pem;
use super::row::{San, Subject, Usage, public_file};
use crate::sys::fs::Access;

/// The algorithm identifier of an ECDSA signature over SHA-256, in DER.
const ECDSA_SHA256: &[u8] = &[0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
/// DER tags.
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// What a certificate says.
pub(super) struct Certificate {
    der: Vec<u8>,
    /// Whether version, key and signature are of the only kind that we make.
    pub(super) modern: bool,
    pub(super) subject: Option<Subject>,
    /// The subject's bytes: what the `issuer` of a signed certificate must repeat.
    pub(super) subject_der: Vec<u8>,
    pub(super) issuer_der: Vec<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    /// The public key, as a SubjectPublicKeyInfo.
    pub(super) public_key: Vec<u8>,
    pub(super) extensions: Extensions,
}

/// What the extensions of a certificate say.
#[derive(Default)]
pub(super) struct Extensions {
    /// Object identifier and `critical` of each, in order.
    pub(super) marks: Vec<(String, bool)>,
    pub(super) authority: bool,
    pub(super) path_length: Option<u32>,
    pub(super) key_usage: String,
    pub(super) usages: Vec<Usage>,
    pub(super) sans: Vec<San>,
    pub(super) subject_key: Option<Vec<u8>>,
    pub(super) authority_key: Option<Vec<u8>>,
    /// Something in them that no row can ask for.
    pub(super) foreign: bool,
}

impl Certificate {
    /// Reads `NAME.pem`.
    pub(super) fn read(dir: &Path, name: &str) -> Result<Certificate, Mismatch> {
        let file = public_file(name);
        let text = mismatch::read(&dir.join(&file), Access::Public)?;
        let der = pem::decode(pem::CERTIFICATE, &text);
        der.and_then(Certificate::parse)
            .ok_or_else(|| Mismatch::differs(format!("`{file}` is not one intact X.509 certificate in PEM")))
    }

    fn parse(der: Vec<u8>) -> Option<Certificate> {
        let (_, x509) = X509Certificate::from_der(&der).ok()?;
        // The signature covers what is inside; the parser is lenient about the envelope around it. So we make the
        // envelope anew and compare: no bit of the file may differ.
        let signature = [&[0], x509.signature_value.data.as_ref()].concat();
        let envelope = [x509.tbs_certificate.as_ref(), ECDSA_SHA256, &element(BIT_STRING, &signature)].concat();
        if element(SEQUENCE, &envelope) != der {
            return None;
        }
        let curve = x509.public_key().algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
        Some(Certificate {
            modern: x509.version() == X509Version::V3
                && x509.tbs_certificate.signature.algorithm == OID_SIG_ECDSA_WITH_SHA256
                && curve == Some(OID_EC_P256),
            subject: subject(x509.subject()),
            subject_der: x509.subject().as_raw().to_vec(),
            issuer_der: x509.issuer().as_raw().to_vec(),
            serial: x509.raw_serial().to_vec(),
            not_before: x509.validity().not_before.to_datetime(),
            not_after: x509.validity().not_after.to_datetime(),
            public_key: x509.public_key().raw.to_vec(),
            extensions: extensions(&x509),
            der,
        })
    }

    /// The bytes of the certificate.
    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// The file's text.
    pub(super) fn to_pem(&self) -> String {
        pem::encode(pem::CERTIFICATE, &self.der)
    }

    /// Whether the holder of that public key signed this certificate.
    pub(super) fn is_signed_with(&self, public_key: &[u8]) -> bool {
        let parsed = X509Certificate::from_der(&self.der).ok().zip(SubjectPublicKeyInfo::from_der(public_key).ok());
        parsed.is_some_and(|((_, x509), (_, key))| x509.verify_signature(Some(&key)).is_ok())
    }
}

/// One element of DER: tag, length, content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let bytes = content.len().to_be_bytes();
    let length: Vec<u8> = bytes.into_iter().skip_while(|&byte| byte == 0).collect();
    let mut der = vec![tag];
    match length.as_slice() {
        [] => der.push(0),
        [short @ 0..0x80] => der.push(*short),
        long => {
            let count = u8::try_from(long.len()).expect("BUG: a length has at most eight bytes");
            der.push(0x80 | count);
            der.extend(long);
        }
    }
    der.extend(content);
    der
}

/// CN and O; nothing when there is anything else, or one of them twice.
fn subject(name: &X509Name<'_>) -> Option<Subject> {
    let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| value.as_str().ok().map(str::to_string);
    let mut names = name.iter_common_name();
    let mut organisations = name.iter_organization();
    let (common_name, organisation) = (text(names.next()?)?, organisations.next());
    let others = name.iter_attributes().count() - 1 - usize::from(organisation.is_some());
    let organisation = match organisation {
        Some(value) => Some(text(value)?),
        None => None,
    };
    (others == 0).then_some(Subject { common_name, organisation })
}

fn extensions(x509: &X509Certificate<'_>) -> Extensions {
    let mut seen = Extensions::default();
    for extension in x509.extensions() {
        seen.marks.push((extension.oid.to_id_string(), extension.critical));
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(basic) => {
                seen.authority = basic.ca;
                seen.path_length = basic.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => seen.key_usage = usage.to_string(),
            ParsedExtension::ExtendedKeyUsage(usage) => {
                seen.foreign |= has_foreign_usage(usage);
                seen.usages.extend(usage.server_auth.then_some(Usage::Server));
                seen.usages.extend(usage.client_auth.then_some(Usage::Client));
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                let sans: Vec<San> = names.general_names.iter().filter_map(san).collect();
                seen.foreign |= sans.len() != names.general_names.len();
                seen.sans = sans;
            }
            ParsedExtension::SubjectKeyIdentifier(id) => seen.subject_key = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                seen.authority_key = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            _ => seen.foreign = true,
        }
    }
    seen
}

fn has_foreign_usage(usage: &ExtendedKeyUsage<'_>) -> bool {
    let known = [usage.any, usage.code_signing, usage.email_protection, usage.time_stamping, usage.ocsp_signing];
    known.contains(&true) || !usage.other.is_empty()
}

fn san(name: &GeneralName<'_>) -> Option<San> {
    match name {
        GeneralName::DNSName(name) => Some(San::Dns((*name).to_string())),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(San::Ip)
        }
        _ => None,
    }
}
