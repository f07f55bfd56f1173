//! The key under which the API server encrypts Secrets before they go to etcd.
//!
//! It knows one document of one provider (secretbox). It does not know whether a cluster has used a key, and so never
//! throws one away: what it cannot read it refuses to replace, or sets aside when told to make everything anew.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::mismatch::{self, Mismatch};
use crate::sys::fs::{Access, write_atomic};
use crate::sys::random;

/// Name of the file, as the API server is told it.
pub const FILE: &str = "encryption-config.yaml";

/// Bytes of a secretbox key.
const KEY_BYTES: usize = 32;
/// Keys are numbered, because the API server writes a key's name in front of what it encrypted: a name must never be
/// given to a second key.
const NAME: &str = "key";

/// Everything that makes the document wrong when it changes; the keys themselves are made once and kept.
pub fn fields() -> Vec<(&'static str, String)> {
    vec![("provider", "secretbox".to_string()), ("resources", "secrets".to_string())]
}

/// Makes the file at `path`, with one fresh key. A file that is there keeps its keys; with `rotate` a fresh key goes
/// before them: it encrypts from now on, and they stay behind it to read what etcd still holds.
pub fn write(path: &Path, rotate: bool) -> Result<()> {
    let keys = match read(path) {
        Ok(keys) if !rotate => return write_keys(path, &keys),
        Ok(keys) => keys,
        Err(Mismatch::Missing(_)) => Vec::new(),
        Err(Mismatch::Differs(_)) if rotate => {
            fs_err::rename(path, aside(path))?;
            Vec::new()
        }
        Err(Mismatch::Differs(why)) => {
            return Err(anyhow!("{why}")).with_context(|| {
                format!(
                    "will not replace `{}`: it may hold the only key to the Secrets in etcd; put it right, or, if \
                     no cluster was started with it, run again with --force, which sets it aside as `{}`",
                    path.display(),
                    aside(path).display()
                )
            });
        }
    };
    let number = keys.iter().map(|key| key.number).max().unwrap_or(0) + 1;
    let fresh = Key { number, secret: random::bytes()? };
    write_keys(path, &[vec![fresh], keys].concat())
}

/// Where a file goes that cannot be read and is to be replaced all the same.
fn aside(path: &Path) -> PathBuf {
    path.with_extension("yaml.aside")
}

/// Whether the file is one that [`write()`] made, and secret.
pub fn holds(path: &Path) -> Result<(), Mismatch> {
    mismatch::read(path, Access::Secret)?;
    read(path).map(drop)
}

/// A key; it has no `Debug`.
#[derive(Clone)]
struct Key {
    number: u32,
    secret: [u8; KEY_BYTES],
}

fn write_keys(path: &Path, keys: &[Key]) -> Result<()> {
    write_atomic(path, render(keys).as_bytes(), Access::Secret).context("writing the encryption configuration")
}

/// The keys of a file that is byte for byte what [`render`] makes of them. Its mode does not matter here, because
/// a file whose mode was wrong still holds keys that must not be lost.
fn read(path: &Path) -> Result<Vec<Key>, Mismatch> {
    let bytes = mismatch::read(path, Access::Public)?;
    let keys = std::str::from_utf8(&bytes).ok().and_then(parse);
    keys.ok_or_else(|| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Mismatch::differs(format!("`{name}` is not an encryption configuration that was written here"))
    })
}

fn parse(text: &str) -> Option<Vec<Key>> {
    let values = |name: &str| {
        let prefix = format!("{name}: ");
        text.lines().filter_map(move |line| line.trim_start_matches([' ', '-']).strip_prefix(&prefix).map(String::from))
    };
    let numbers = values("name").map(|name| name.strip_prefix(NAME)?.parse().ok());
    let secrets = values("secret").map(|secret| STANDARD.decode(secret).ok()?.try_into().ok());
    let keys: Vec<Key> =
        numbers.zip(secrets).map(|(n, s)| Some(Key { number: n?, secret: s? })).collect::<Option<_>>()?;
    (!keys.is_empty() && render(&keys) == text).then_some(keys)
}

fn render(keys: &[Key]) -> String {
    let keys =
        keys.iter().map(|key| Named { name: format!("{NAME}{}", key.number), secret: STANDARD.encode(key.secret) });
    super::yaml(&Document {
        api_version: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [Resources {
            resources: ["secrets"],
            // The first provider encrypts; `identity` behind it reads what was stored before there was a key.
            providers: (Secretbox { secretbox: Keys { keys: keys.collect() } }, Identity { identity: Empty {} }),
        }],
    })
}

#[derive(Serialize)]
struct Document {
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    kind: &'static str,
    resources: [Resources; 1],
}

#[derive(Serialize)]
struct Resources {
    resources: [&'static str; 1],
    providers: (Secretbox, Identity),
}

#[derive(Serialize)]
struct Secretbox {
    secretbox: Keys,
}

#[derive(Serialize)]
struct Keys {
    keys: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    name: String,
    secret: String,
}

#[derive(Serialize)]
struct Identity {
    identity: Empty,
}

#[derive(Serialize)]
struct Empty {}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn numbers(path: &Path) -> Vec<u32> {
        read(path).unwrap().iter().map(|key| key.number).collect()
    }

    #[test]
    fn the_document_is_what_the_api_server_reads() {
        let key = |number, byte| Key { number, secret: [byte; KEY_BYTES] };
        insta::assert_snapshot!(render(&[key(2, 0xFF), key(1, 0)]), @"
        apiVersion: apiserver.config.k8s.io/v1
        kind: EncryptionConfiguration
        resources:
        - resources:
          - secrets
          providers:
          - secretbox:
              keys:
              - name: key2
                secret: //////////////////////////////////////////8=
              - name: key1
                secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
          - identity: {}
        ");
    }

    #[test]
    fn a_key_is_kept_and_rotation_puts_a_fresh_one_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        assert_eq!(holds(&path), Err(Mismatch::Missing(FILE.to_string())));
        write(&path, false).unwrap();
        let first = std::fs::read_to_string(&path).unwrap();
        write(&path, false).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first, "a second run changed the key");
        write(&path, true).unwrap();
        write(&path, true).unwrap();
        assert_eq!(numbers(&path), [3, 2, 1]);
        assert!(read(&path).unwrap()[2].secret == parse(&first).unwrap()[0].secret, "the old key is gone");
        holds(&path).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_read_is_never_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        write(&path, false).unwrap();
        let good = std::fs::read_to_string(&path).unwrap();
        let bad = [
            good.replace("secretbox", "aescbc"),
            good[..good.len() - 20].to_string(),
            good.replace("key1", "k"),
            String::new(),
        ];
        for text in bad {
            write_atomic(&path, text.as_bytes(), Access::Secret).unwrap();
            assert!(holds(&path).is_err(), "{text}");
            let error = format!("{:#}", write(&path, false).unwrap_err());
            assert!(error.contains("will not replace") && error.contains("--force"), "{error}");
            assert!(!error.contains("secret:"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            write(&path, true).unwrap();
            holds(&path).unwrap();
            assert_eq!(std::fs::read_to_string(aside(&path)).unwrap(), text);
        }
    }

    #[test]
    fn a_wrong_mode_is_noticed_and_mended_with_the_keys_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        write(&path, false).unwrap();
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(holds(&path).unwrap_err().to_string().contains("0644"));
        write(&path, false).unwrap();
        holds(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    }
}
