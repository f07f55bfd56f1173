//! Private keys: made, written as PKCS#8, read back.
//!
//! It knows files and key formats, nothing of certificates. A key never shows itself: no `Debug`, no error that
//! quotes what a file holds.

use std::path::Path;

use anyhow::{Result, anyhow};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};

use super::mismatch::{self, Mismatch};
use super::pem;
use super::row::key_file;
use crate::sys::fs::Access;

/// An ECDSA key on the curve P-256.
pub(super) struct Key(KeyPair);

impl Key {
    /// A new key.
    pub(super) fn generate() -> Result<Key> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256);
        pair.map(Key).map_err(|e| anyhow!("cannot make a key: {e}"))
    }

    /// Reads `NAME-key.pem`. Both halves are in it and are compared, so an edited key does not pass.
    pub(super) fn read(dir: &Path, name: &str) -> Result<Key, Mismatch> {
        let file = key_file(name);
        let text = mismatch::read(&dir.join(&file), Access::Secret)?;
        let der = pem::decode(pem::PRIVATE_KEY, &text);
        let pair = der.and_then(|der| KeyPair::try_from(der.as_slice()).ok());
        match pair.filter(|pair| pair.algorithm() == &PKCS_ECDSA_P256_SHA256) {
            Some(pair) => Ok(Key(pair)),
            None => Err(Mismatch::differs(format!("`{file}` is not one intact P-256 private key in PKCS#8"))),
        }
    }

    /// The file's text.
    pub(super) fn to_pem(&self) -> String {
        pem::encode(pem::PRIVATE_KEY, self.0.serialized_der())
    }

    /// The public half, as a SubjectPublicKeyInfo.
    pub(super) fn public(&self) -> Vec<u8> {
        self.0.subject_public_key_info()
    }

    /// What signs.
    pub(super) fn pair(&self) -> &KeyPair {
        &self.0
    }
}
