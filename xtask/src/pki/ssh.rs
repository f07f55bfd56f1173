//! The key pair that opens the nodes over ssh.
//!
//! `ring` makes the key, `ssh-key` writes OpenSSH's format. It does not know any node.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{LineEnding, PrivateKey};

use super::key::random;
use super::mismatch::{self, Mismatch};
use crate::sys::fs::{Access, write_atomic};

/// The private key's file, where `ssh -i` is pointed at.
pub const PRIVATE: &str = "id_ed25519";
/// The public key's file: one line for `authorized_keys`.
pub const PUBLIC: &str = "id_ed25519.pub";

/// The two files, in the order in which they are written.
pub fn files() -> [(String, Access); 2] {
    [(PRIVATE.to_string(), Access::Secret), (PUBLIC.to_string(), Access::Public)]
}

/// Makes a new pair in `dir`; the comment tells a person which cluster it opens.
pub fn write(dir: &Path, comment: &str) -> Result<()> {
    let purpose = "making the ssh key of the nodes";
    let seed = random().context(purpose)?;
    let (private, public) = pair(seed, comment)
        .and_then(|key| Ok((key.to_openssh(LineEnding::LF)?, public_line(&key)?)))
        .map_err(|e| anyhow!("{e}"))
        .context(purpose)?;
    write_atomic(&dir.join(PRIVATE), private.as_bytes(), Access::Secret).context(purpose)?;
    write_atomic(&dir.join(PUBLIC), public.as_bytes(), Access::Public).context(purpose)?;
    holds(dir, comment).map_err(|why| anyhow!("what was just written is not an ssh key pair: {why}; run again"))
}

/// Whether both files are intact, belong together and carry the comment.
pub fn holds(dir: &Path, comment: &str) -> Result<(), Mismatch> {
    let text = mismatch::read(&dir.join(PRIVATE), Access::Secret)?;
    let broken = || Mismatch::differs(format!("`{PRIVATE}` is not one intact ed25519 key of OpenSSH"));
    let key = PrivateKey::from_openssh(&text).map_err(|_| broken())?;
    // The file carries the public half too: making it anew from the secret half finds an edit in either.
    let seed = key.key_data().ed25519().ok_or_else(broken)?.private.to_bytes();
    let again = pair(seed, key.comment()).and_then(|key| key.to_openssh(LineEnding::LF)).map_err(|_| broken())?;
    if again.as_bytes() != text {
        return Err(broken());
    }
    if key.comment() != comment {
        return Err(Mismatch::differs(format!("`{PRIVATE}` is marked `{}`, not `{comment}`", key.comment())));
    }
    let public = mismatch::read(&dir.join(PUBLIC), Access::Public)?;
    if public_line(&key).map_err(|_| broken())?.as_bytes() == public {
        return Ok(());
    }
    Err(Mismatch::differs(format!("`{PUBLIC}` is not the public half of `{PRIVATE}`")))
}

fn pair(seed: [u8; Ed25519PrivateKey::BYTE_SIZE], comment: &str) -> ssh_key::Result<PrivateKey> {
    let ring = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| ssh_key::Error::Crypto)?;
    let pair = Ed25519Keypair {
        public: Ed25519PublicKey::try_from(ring.public_key().as_ref())?,
        private: Ed25519PrivateKey::from_bytes(&seed),
    };
    PrivateKey::new(KeypairData::Ed25519(pair), comment)
}

fn public_line(key: &PrivateKey) -> ssh_key::Result<String> {
    Ok(format!("{}\n", key.public_key().to_openssh()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_pair_holds_until_something_about_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(holds(dir.path(), "demo"), Err(Mismatch::Missing(PRIVATE.to_string())));
        write(dir.path(), "demo").unwrap();
        holds(dir.path(), "demo").unwrap();
        assert!(holds(dir.path(), "other").unwrap_err().to_string().contains("marked `demo`"));

        let public = std::fs::read_to_string(dir.path().join(PUBLIC)).unwrap();
        assert!(public.starts_with("ssh-ed25519 ") && public.ends_with(" demo\n"), "{public}");
        write_atomic(&dir.path().join(PUBLIC), b"ssh-ed25519 AAAA demo\n", Access::Public).unwrap();
        assert!(holds(dir.path(), "demo").unwrap_err().to_string().contains("not the public half"));

        write(dir.path(), "demo").unwrap();
        let private = dir.path().join(PRIVATE);
        let text = std::fs::read_to_string(&private).unwrap();
        for edited in [text.replacen("AAAA", "AAAB", 1), text[..text.len() / 2].to_string(), format!("{text}\n")] {
            write_atomic(&private, edited.as_bytes(), Access::Secret).unwrap();
            assert!(holds(dir.path(), "demo").unwrap_err().to_string().contains("not one intact"));
        }
        write_atomic(&private, text.as_bytes(), Access::Secret).unwrap();
        std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(holds(dir.path(), "demo").unwrap_err().to_string().contains("mode 0640"));
    }
}
